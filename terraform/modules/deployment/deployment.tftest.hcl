mock_provider "google" {
  override_during = plan

  mock_resource "google_cloudfunctions2_function" {
    defaults = { service_config = { uri = "https://some-function-abc.a.run.app" } }
  }
  mock_resource "google_pubsub_topic" {
    defaults = { id = "projects/tallystick-test-eu/topics/some" }
  }
}

variables {
  project                      = "tallystick-test-eu"
  project_number               = "100000000001"
  environment                  = "test"
  residency                    = "eu"
  endpoints                    = { eu = "https://eu.billing.tallystick.example", us = "https://us.billing.tallystick.example" }
  ledger_origin                = "ledger.tallystick.example/eu"
  invoice_prefix               = "TS-EU"
  spanner_processing_units_max = 2000
  spanner_leader               = "europe-west1"
  settings                     = { seal_interval_seconds = 10, hot_window_days = 100, log_level = "info", otlp_endpoint = "" }
  names                        = { spanner_instance = "tallystick", spanner_database = "tallystick", firestore_database = "(default)", vault_bucket = "tallystick-test-eu-vault", packages_bucket = "tallystick-test-eu-packages", repository = "functions", topic_prefix = "tallystick-", secrets = { CURSOR_KEY = "cursor-key" } }
  key_ring                     = "projects/tallystick-test-eu/locations/europe/keyRings/tallystick-signing"
  wrapping_key                 = "projects/tallystick-test-eu/locations/europe/keyRings/tallystick-data/cryptoKeys/personal"
  topics_key                   = "projects/tallystick-test-eu/locations/europe/keyRings/tallystick-data/cryptoKeys/topics"
  audience                     = "https://%s-tallystick-test-eu.cloudfunctions.net/%s"
  repository                   = "tallystick/tallystick"
  packages_folder              = "../../../dist/functions"
  labels                       = { system = "tallystick" }
  secret_versions              = { CURSOR_KEY = "3" }
  other_emails                 = { push = "pubsub-push@tallystick-test-eu.iam.gserviceaccount.com", scheduler = "scheduler-jobs@tallystick-test-eu.iam.gserviceaccount.com", builder = "builder@tallystick-test-eu.iam.gserviceaccount.com" }

  locations = {
    europe-west1 = { role = "primary", scheduler = "europe-west1" }
    europe-west4 = { role = "active", scheduler = "europe-west3" }
    europe-west3 = { role = "standby", scheduler = "europe-west3" }
  }

  # One that answers the internet, one that is rung and called by the scheduler.
  functions = {
    ingest      = { timeout_seconds = 60, public = true, secrets = ["CURSOR_KEY"] }
    seal-ledger = { timeout_seconds = 240, public = false, secrets = [] }
  }
  function_emails = {
    ingest      = "fn-ingest@tallystick-test-eu.iam.gserviceaccount.com"
    seal-ledger = "fn-seal-ledger@tallystick-test-eu.iam.gserviceaccount.com"
  }
  callers = {
    ingest      = []
    seal-ledger = ["pubsub-push@tallystick-test-eu.iam.gserviceaccount.com", "scheduler-jobs@tallystick-test-eu.iam.gserviceaccount.com"]
  }
  subscriptions = {
    seal-ledger = { topic = "receipts-appended", function = "seal-ledger", ack_deadline_seconds = 300 }
  }
  jobs = {
    seal = { function = "seal-ledger", path = "/run", schedule = "* * * * *", handler_seconds = 60, attempt_deadline_seconds = 300, retries = 0, everywhere = true }
    deep = { function = "seal-ledger", path = "/run", schedule = "7 * * * *", handler_seconds = 60, attempt_deadline_seconds = 300, retries = 0, everywhere = false }
  }
  sizes = {
    ingest      = { instances_min = 3, instances_max = 5, concurrency = 16, transactions_max = 16, cpu = "1", memory = "1Gi" }
    seal-ledger = { instances_min = 3, instances_max = 5, concurrency = 4, transactions_max = 4, cpu = "1", memory = "1Gi" }
  }
}

run "every_function_is_deployed_everywhere_and_a_standby_keeps_no_instance" {
  command = plan

  assert {
    condition     = length(output.functions) == 2 * 3
    error_message = "Two functions in three locations."
  }
  assert {
    condition     = output.functions["europe-west3/ingest"].size.instances_min == 0 && output.functions["europe-west3/ingest"].size.instances_max == 5
    error_message = "A standby is ready for the load and keeps no instance."
  }
  assert {
    condition     = output.functions["europe-west1/ingest"].size.instances_min == 3 && output.functions["europe-west4/ingest"].size.instances_min == 3
    error_message = "Serving locations keep their instances warm."
  }
  assert {
    condition     = output.serving == ["europe-west1", "europe-west4"]
    error_message = "Primary and active serve, the standby does not."
  }
}

run "a_package_is_named_by_its_content" {
  command = plan

  assert {
    condition     = google_storage_bucket_object.package["ingest"].name == "ingest/${filesha256("../../../dist/functions/ingest.zip")}.zip"
    error_message = "A new package would not be noticed."
  }
  assert {
    condition     = google_storage_bucket_object.package["ingest"].deletion_policy == "ABANDON"
    error_message = "The version to go back to would be deleted."
  }
}

# shared/edge/config.ts is read for the names, so that a setting is never spelt in two ways.
run "functions_are_told_what_the_code_reads" {
  command = plan

  assert {
    condition = alltrue([
      for name in keys(output.functions["europe-west1/ingest"].environment_variables) :
      strcontains(file("${path.module}/../../../shared/edge/config.ts"), "name: '${name}',")
    ])
    error_message = "A function is told something that nobody reads."
  }
  assert {
    # What lacks a fallback in the cloud: GOOGLE_CLOUD_PROJECT, SPANNER_INSTANCE, VAULT_BUCKET ...
    condition = alltrue([
      for match in regexall("name: '([A-Z_]+)',(?:[^}]*?)needed: true", file("${path.module}/../../../shared/edge/config.ts")) :
      try(output.functions["europe-west1/ingest"].environment_variables[match[0]], "") != ""
    ])
    error_message = "A function would stop at its start: a setting that the cloud needs is missing."
  }
  assert {
    condition     = length(regexall("needed: true", file("${path.module}/../../../shared/edge/config.ts"))) >= 6 && length(regexall("needed: true", file("${path.module}/../../../shared/edge/config.ts"))) == length(regexall("name: '([A-Z_]+)',(?:[^}]*?)needed: true", file("${path.module}/../../../shared/edge/config.ts")))
    error_message = "shared/edge/config.ts marks needed settings otherwise than this test reads them."
  }
  assert {
    condition = (
      output.functions["europe-west4/seal-ledger"].environment_variables["PLATFORM"] == "cloud"
      && output.functions["europe-west4/seal-ledger"].environment_variables["REGION"] == "eu"
      && output.functions["europe-west4/seal-ledger"].environment_variables["LEDGER_ORIGIN"] == "ledger.tallystick.example/eu"
      && output.functions["europe-west4/seal-ledger"].environment_variables["REGION_ENDPOINTS"] == "eu=https://eu.billing.tallystick.example,us=https://us.billing.tallystick.example"
    )
    error_message = "A function does not know where it is, or where the others are."
  }
}

run "a_secret_is_given_in_the_pinned_version_to_whom_the_table_names" {
  command = plan

  assert {
    condition = alltrue([
      for key, function in output.functions :
      jsonencode(function.secrets) == (endswith(key, "/ingest") ? jsonencode({ CURSOR_KEY = { secret = "cursor-key", version = "3" } }) : "{}")
    ])
    error_message = "A secret is given to somebody else, or in another version."
  }
  assert {
    condition     = alltrue([for variable in keys(output.functions["europe-west1/ingest"].secrets) : strcontains(file("${path.module}/../../../shared/edge/config.ts"), "name: '${variable}',")])
    error_message = "A function is given a secret that nobody reads."
  }
}

run "a_function_believes_its_own_callers_only" {
  command = plan

  assert {
    condition     = output.functions["europe-west4/seal-ledger"].environment_variables["CALLER_AUDIENCE"] == "https://europe-west4-tallystick-test-eu.cloudfunctions.net/seal-ledger"
    error_message = "A token made for another function, or another location, would be believed."
  }
  assert {
    condition     = output.functions["europe-west4/seal-ledger"].environment_variables["CALLERS"] == "pubsub-push@tallystick-test-eu.iam.gserviceaccount.com,scheduler-jobs@tallystick-test-eu.iam.gserviceaccount.com"
    error_message = "Somebody else is believed."
  }
}

run "telemetry_goes_nowhere_unasked" {
  command = plan

  assert {
    condition     = !contains(keys(output.functions["europe-west1/ingest"].environment_variables), "OTEL_EXPORTER_OTLP_ENDPOINT")
    error_message = "There is no collector."
  }
}

run "jobs_run_where_they_serve_and_the_deep_pass_in_one_place" {
  command = plan

  assert {
    condition     = toset(keys(output.jobs)) == toset(["europe-west1", "europe-west3", "europe-west4"])
    error_message = "The standby has its jobs, too: they wait."
  }
  assert {
    condition = output.paused_jobs == {
      europe-west1 = []
      europe-west4 = ["deep-europe-west4"]
      europe-west3 = ["deep-europe-west3", "seal-europe-west3"]
    }
    error_message = "A job is paused that should run, or runs that should be paused."
  }
}

# ingest: 5 instances x 16 requests in each of 2 serving locations are 160; seal-ledger: 5 x 4 x 2 are 40: 200 in all.
# 2,000 processing units are 2 nodes of 100 transactions: 200.
run "what_runs_and_what_it_stands_on_are_sized_together" {
  command = plan

  assert {
    condition     = output.capacity.requests_max == 200 && output.capacity.transactions_carried == 200
    error_message = "5 x 16 x 2 + 5 x 4 x 2 requests stand on 2 x 100 transactions."
  }
}

run "more_than_spanner_carries_is_refused" {
  command = plan

  variables {
    sizes = merge(var.sizes, { ingest = merge(var.sizes["ingest"], { instances_max = 6 }) })
  }

  expect_failures = [output.capacity]
}

run "a_function_without_a_size_is_refused" {
  command = plan

  variables {
    sizes = { ingest = var.sizes["ingest"] }
  }

  expect_failures = [var.sizes]
}

run "a_failover_is_allowed_and_remarked_on" {
  command = plan

  variables {
    locations = {
      europe-west1 = { role = "standby", scheduler = "europe-west1" }
      europe-west4 = { role = "primary", scheduler = "europe-west3" }
      europe-west3 = { role = "active", scheduler = "europe-west3" }
    }
  }

  expect_failures = [check.primary_is_where_spanner_leads]
}

run "two_primaries_are_refused" {
  command = plan

  variables {
    locations = merge(var.locations, { europe-west4 = { role = "primary", scheduler = "europe-west3" } })
  }

  expect_failures = [var.locations]
}

run "an_unknown_role_is_refused" {
  command = plan

  variables {
    locations = merge(var.locations, { europe-west3 = { role = "passive", scheduler = "europe-west3" } })
  }

  expect_failures = [var.locations]
}

run "a_shared_account_is_refused" {
  command = plan

  variables {
    function_emails = { ingest = "fn-ingest@tallystick-test-eu.iam.gserviceaccount.com", seal-ledger = "fn-ingest@tallystick-test-eu.iam.gserviceaccount.com" }
  }

  expect_failures = [var.function_emails]
}

run "two_regions_at_one_address_are_refused" {
  command = plan

  variables {
    endpoints = { eu = "https://billing.tallystick.example", us = "https://billing.tallystick.example" }
  }

  expect_failures = [var.endpoints]
}

run "an_origin_that_the_code_would_refuse_is_refused" {
  command = plan

  variables {
    ledger_origin = "https://Ledger.tallystick.example"
  }

  expect_failures = [var.ledger_origin]
}

run "a_prefix_that_the_code_would_refuse_is_refused" {
  command = plan

  variables {
    invoice_prefix = "TALLYSTICK-EU"
  }

  expect_failures = [var.invoice_prefix]
}

run "an_environment_says_what_is_left_to_it" {
  command = plan

  variables {
    settings = { seal_interval_seconds = 10, hot_window_days = 100, log_level = "info", otlp_endpoint = "", variables = { APPROVAL_LIMIT = "50000", VIES_URL = "https://ec.europa.eu/taxation_customs/vies/rest-api" } }
  }

  assert {
    condition     = alltrue([for function in values(output.functions) : function.environment_variables["APPROVAL_LIMIT"] == "50000"])
    error_message = "A function is not told what its environment has chosen."
  }
}

# shared/edge/config.ts is read for its defaults, so that none is decided in two ways.
run "what_an_environment_does_not_say_is_as_the_code_has_it" {
  command = plan

  assert {
    condition = alltrue([
      for match in regexall("name: '([A-Z_]+)',(?:[^}]*?)fallback: '([^']*)'", file("${path.module}/../../../shared/edge/config.ts")) :
      lookup(output.functions["europe-west1/ingest"].environment_variables, match[0], "") == match[1]
      if can(regex("^(JWT_|RATE_|USAGE_|GUESSES_|APPROVAL_LIMIT$|SELLER$|TAX_ENGINE_URL$|VIES_URL$)", match[0]))
    ])
    error_message = "A default is another than shared/edge/config.ts has."
  }
  assert {
    condition     = output.functions["europe-west1/ingest"].environment_variables["APPROVAL_LIMIT"] == "100000" && output.functions["europe-west1/ingest"].environment_variables["USAGE_RATE_BURST"] == "2000"
    error_message = "A plan does not show what is in force."
  }
  assert {
    condition     = !contains(keys(output.functions["europe-west1/ingest"].environment_variables), "JWT_ISSUER") && !contains(keys(output.functions["europe-west1/ingest"].environment_variables), "SELLER")
    error_message = "Nobody's tokens are taken, and nobody issues invoices, until somebody is named."
  }
}

run "an_environment_says_whose_tokens_are_taken_and_how_many_requests" {
  command = plan

  variables {
    settings = {
      seal_interval_seconds = 10, hot_window_days = 100, log_level = "info", otlp_endpoint = ""
      variables = {
        JWT_ISSUER          = "https://login.tallystick.example"
        JWT_AUDIENCE        = "https://billing.tallystick.example"
        JWT_JWKS_URL        = "https://login.tallystick.example/jwks.json"
        JWT_MAX_AGE_SECONDS = 900
        RATE_PER_SECOND     = 20
      }
    }
  }

  assert {
    condition = alltrue([
      for function in values(output.functions) :
      function.environment_variables["JWT_ISSUER"] == "https://login.tallystick.example"
      && function.environment_variables["JWT_AUDIENCE"] == "https://billing.tallystick.example"
      && function.environment_variables["JWT_JWKS_URL"] == "https://login.tallystick.example/jwks.json"
      && function.environment_variables["JWT_MAX_AGE_SECONDS"] == "900"
      && function.environment_variables["RATE_PER_SECOND"] == "20"
    ])
    error_message = "A function is not told what its environment has chosen."
  }
  assert {
    condition     = output.functions["europe-west1/ingest"].environment_variables["JWT_ROLE_CLAIM"] == "role" && output.functions["europe-west1/ingest"].environment_variables["RATE_BURST"] == "200"
    error_message = "What was not chosen changed, too."
  }
}

run "an_issuer_without_an_audience_is_refused" {
  command = plan

  variables {
    settings = { seal_interval_seconds = 10, hot_window_days = 100, log_level = "info", otlp_endpoint = "", variables = { JWT_ISSUER = "https://login.tallystick.example", JWT_JWKS_URL = "https://login.tallystick.example/jwks.json" } }
  }

  expect_failures = [var.settings]
}

run "a_seller_with_an_apostrophe_reaches_the_errands_whole" {
  command = plan

  variables {
    settings = { seal_interval_seconds = 10, hot_window_days = 100, log_level = "info", otlp_endpoint = "", variables = { SELLER = "{\"legal_name\":\"O'Hara Ltd\"}" } }
  }

  assert {
    condition     = strcontains(output.errands, "export SELLER='{\"legal_name\":\"O'\\''Hara Ltd\"}'")
    error_message = "A shell would end the seller at the apostrophe, or never hear of it."
  }
}

run "documents_link_to_where_the_stack_answers" {
  command = plan

  variables {
    residency = "us"
  }

  assert {
    condition     = alltrue([for function in values(output.functions) : function.environment_variables["PUBLIC_URL"] == "https://us.billing.tallystick.example"])
    error_message = "A document would send its reader to another region, or to nobody's desk."
  }
}

run "every_function_is_told_which_key_wraps" {
  command = plan

  assert {
    condition     = alltrue([for function in values(output.functions) : function.environment_variables["WRAPPING_KEY"] == "projects/tallystick-test-eu/locations/europe/keyRings/tallystick-data/cryptoKeys/personal"])
    error_message = "A function that reads its configuration would stop, or wrap with another key. Who may use it is said in modules/identity."
  }
}

run "a_ring_is_no_key_to_wrap_with" {
  command = plan

  variables {
    wrapping_key = "projects/tallystick-test-eu/locations/europe/keyRings/tallystick-data"
  }

  expect_failures = [var.wrapping_key]
}

run "what_is_secret_is_not_left_to_an_environment" {
  command = plan

  variables {
    settings = { seal_interval_seconds = 10, hot_window_days = 100, log_level = "info", otlp_endpoint = "", variables = { TAX_ENGINE_TOKEN = "plain" } }
  }

  expect_failures = [var.settings]
}

run "what_is_ours_is_not_left_to_an_environment" {
  command = plan

  variables {
    settings = { seal_interval_seconds = 10, hot_window_days = 100, log_level = "info", otlp_endpoint = "", variables = { KMS_KEY_RING = "projects/p/locations/l/keyRings/r" } }
  }

  expect_failures = [var.settings]
}

run "a_hot_window_shorter_than_lateness_is_refused" {
  command = plan

  variables {
    settings = { seal_interval_seconds = 10, hot_window_days = 39, log_level = "info", otlp_endpoint = "" }
  }

  expect_failures = [var.settings]
}

run "silent_functions_are_refused" {
  command = plan

  variables {
    settings = { seal_interval_seconds = 10, hot_window_days = 100, log_level = "silent", otlp_endpoint = "" }
  }

  expect_failures = [var.settings]
}

run "a_secret_without_a_version_is_refused" {
  command = plan

  variables {
    secret_versions = {}
  }

  expect_failures = [var.secret_versions]
}
