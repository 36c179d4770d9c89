mock_provider "google" {
  override_during = plan

  mock_data "google_project" {
    defaults = { number = "100000000001" }
  }
  mock_resource "google_cloudfunctions2_function" {
    defaults = { service_config = { uri = "https://some-function-abc.a.run.app" } }
  }
  mock_resource "google_pubsub_topic" {
    defaults = { id = "projects/tallystick-production-eu/topics/some" }
  }
}

variables {
  residency = "eu"
}

run "every_folder_under_functions_runs_in_every_location" {
  command = plan

  assert {
    condition     = toset([for key in keys(output.functions) : split("/", key)[1]]) == toset([for file in fileset("${path.module}/../../../../functions", "*/index.ts") : dirname(file)])
    error_message = "What is deployed is not what lies under functions/."
  }
  assert {
    condition     = length(output.functions) == 7 * 3
    error_message = "Seven functions in three locations."
  }
  assert {
    condition     = alltrue([for key, function in output.functions : function.size.instances_min == (startswith(key, "europe-west3/") ? 0 : contains(["ingest", "api", "sign-receipts"], split("/", key)[1]) ? 2 : contains(["seal-ledger", "reconcile-chain"], split("/", key)[1]) ? 1 : 0)])
    error_message = "Serving locations keep two instances of what somebody waits for and one of what each minute needs, the standby none."
  }
}

run "functions_and_database_are_sized_together" {
  command = plan

  assert {
    condition     = output.capacity.requests_max <= output.capacity.transactions_carried
    error_message = "At their ceilings the functions ask for more than Spanner carries."
  }
}

run "each_function_believes_tokens_for_itself_alone" {
  command = plan

  assert {
    condition     = length(distinct([for function in values(output.functions) : function.environment_variables["CALLER_AUDIENCE"]])) == length(output.functions)
    error_message = "Two functions share an audience."
  }
  assert {
    condition     = alltrue([for function in values(output.functions) : function.environment_variables["REGION"] == "eu" && function.environment_variables["KMS_KEY_RING"] == "projects/tallystick-production-eu/locations/europe/keyRings/tallystick-signing"])
    error_message = "A function is told of another region's stack."
  }
}

run "the_api_alone_is_given_the_cursor_key_in_a_pinned_version" {
  command = plan

  assert {
    condition     = alltrue([for key, function in output.functions : jsonencode(function.secrets) == (endswith(key, "/api") ? jsonencode({ CURSOR_KEY = { secret = "cursor-key", version = "1" } }) : "{}")])
    error_message = "Another function is given the secret, or instances of one release could differ."
  }
}

run "every_doorbell_has_its_dead_letters" {
  command = plan

  assert {
    condition     = toset(keys(output.dead_letters)) == toset(["sign-receipts", "seal-ledger", "archive-period", "archive-period-invoiced", "run-invoices"])
    error_message = "A subscription has no place for what cannot be delivered."
  }
}

run "the_standby_waits_and_the_deep_pass_runs_in_one_place" {
  command = plan

  assert {
    condition     = length(output.jobs["europe-west3"]) == 8 && length(output.paused_jobs["europe-west3"]) == 8
    error_message = "The standby's jobs are there, and all of them wait."
  }
  assert {
    condition     = length(output.paused_jobs["europe-west1"]) == 0 && toset(output.paused_jobs["europe-west4"]) == toset(["tail-europe-west4", "deep-europe-west4", "deep-all-europe-west4", "retire-europe-west4", "audit-europe-west4"])
    error_message = "A job is paused that should run, or runs that should be paused."
  }
}

run "us_can_be_made" {
  command = plan

  variables {
    residency = "us"
  }

  assert {
    condition     = alltrue([for function in values(output.functions) : function.environment_variables["LEDGER_ORIGIN"] == "ledger.tallystick.example/us"])
    error_message = "The US would write into another ledger."
  }
}

run "apac_can_be_made" {
  command = plan

  variables {
    residency = "apac"
  }

  assert {
    condition     = alltrue([for function in values(output.functions) : function.environment_variables["LEDGER_ORIGIN"] == "ledger.tallystick.example/apac"])
    error_message = "Asia would write into another ledger."
  }
}
