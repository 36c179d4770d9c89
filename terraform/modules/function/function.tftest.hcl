mock_provider "google" {
  override_during = plan
}

variables {
  project               = "tallystick-test-eu"
  location              = "europe-west1"
  name                  = "sign-receipts"
  repository            = "tallystick/tallystick"
  labels                = { system = "tallystick" }
  package               = { bucket = "tallystick-test-eu-packages", object = "sign-receipts/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.zip" }
  build_service_account = "projects/tallystick-test-eu/serviceAccounts/builder@tallystick-test-eu.iam.gserviceaccount.com"
  docker_repository     = "projects/tallystick-test-eu/locations/europe-west1/repositories/functions"
  service_account       = "fn-sign-receipts@tallystick-test-eu.iam.gserviceaccount.com"
  public                = false
  invokers              = ["pubsub-push@tallystick-test-eu.iam.gserviceaccount.com"]
  size                  = { instances_min = 3, instances_max = 100, concurrency = 10, transactions_max = 10, cpu = "2", memory = "1Gi" }
  timeout_seconds       = 240
  environment_variables = { PLATFORM = "cloud" }
  secrets               = {}
}

run "what_pubsub_calls_is_reached_from_inside_by_pubsub_alone" {
  command = plan

  assert {
    condition     = google_cloudfunctions2_function.this.service_config[0].ingress_settings == "ALLOW_INTERNAL_ONLY"
    error_message = "The internet reaches an internal function."
  }
  assert {
    condition     = length(google_cloud_run_v2_service_iam_member.public) == 0
    error_message = "Everybody may call an internal function."
  }
  assert {
    condition     = values(google_cloud_run_v2_service_iam_member.invoker)[*].member == ["serviceAccount:pubsub-push@tallystick-test-eu.iam.gserviceaccount.com"]
    error_message = "Somebody else may call it, or Pub/Sub may not."
  }
}

run "the_public_edge_is_reached_through_the_load_balancer_only" {
  command = plan

  variables {
    name     = "ingest"
    public   = true
    invokers = []
  }

  assert {
    condition     = google_cloudfunctions2_function.this.service_config[0].ingress_settings == "ALLOW_INTERNAL_AND_GCLB"
    error_message = "The public edge can be reached past the load balancer, or not at all."
  }
  assert {
    condition     = google_cloud_run_v2_service_iam_member.public[0].member == "allUsers" && google_cloud_run_v2_service_iam_member.public[0].role == "roles/run.invoker"
    error_message = "The public edge checks its callers in code, so Cloud Run must let them through."
  }
}

run "it_runs_as_itself_on_the_runtime_it_was_built_for" {
  command = plan

  assert {
    condition     = google_cloudfunctions2_function.this.build_config[0].runtime == "nodejs24" && google_cloudfunctions2_function.this.build_config[0].entry_point == var.name
    error_message = "The registered target is the folder's name, on Node 24."
  }
  assert {
    condition     = google_cloudfunctions2_function.this.service_config[0].service_account_email == var.service_account && google_cloudfunctions2_function.this.build_config[0].service_account != var.service_account
    error_message = "It runs as another account, or is built by its own."
  }
  assert {
    condition     = google_cloudfunctions2_function.this.service_config[0].max_instance_request_concurrency == 10 && google_cloudfunctions2_function.this.service_config[0].timeout_seconds == 240
    error_message = "Concurrency and timeout are 1 and 60 unless said."
  }
  assert {
    condition     = google_cloudfunctions2_function.this.service_config[0].environment_variables["TRANSACTIONS_MAX"] == "10" && google_cloudfunctions2_function.this.service_config[0].environment_variables["DRAIN_SECONDS"] == "8"
    error_message = "The process does not know its size."
  }
}

run "more_requests_than_transactions_are_refused" {
  command = plan

  variables {
    size = { instances_min = 3, instances_max = 100, concurrency = 11, transactions_max = 10, cpu = "2", memory = "1Gi" }
  }

  expect_failures = [var.size]
}

run "more_than_a_hundred_instances_are_refused" {
  command = plan

  variables {
    size = { instances_min = 3, instances_max = 101, concurrency = 10, transactions_max = 10, cpu = "2", memory = "1Gi" }
  }

  expect_failures = [var.size]
}

run "a_floor_above_the_ceiling_is_refused" {
  command = plan

  variables {
    size = { instances_min = 5, instances_max = 4, concurrency = 10, transactions_max = 10, cpu = "2", memory = "1Gi" }
  }

  expect_failures = [var.size]
}

run "a_part_of_a_cpu_is_refused" {
  command = plan

  variables {
    size = { instances_min = 3, instances_max = 100, concurrency = 10, transactions_max = 10, cpu = "0.5", memory = "1Gi" }
  }

  expect_failures = [var.size]
}

run "a_public_function_beyond_the_edge_is_refused" {
  command = plan

  variables {
    public   = true
    invokers = []
  }

  expect_failures = [var.public]
}

run "a_function_that_nobody_may_call_is_refused" {
  command = plan

  variables {
    invokers = []
  }

  expect_failures = [google_cloudfunctions2_function.this]
}

run "everybody_as_an_invoker_is_refused" {
  command = plan

  variables {
    invokers = ["allUsers"]
  }

  expect_failures = [var.invokers]
}

run "a_default_account_is_refused" {
  command = plan

  variables {
    service_account = "100000000001-compute@developer.gserviceaccount.com"
  }

  expect_failures = [var.service_account]
}

run "a_package_that_is_not_named_by_its_content_is_refused" {
  command = plan

  variables {
    package = { bucket = "tallystick-test-eu-packages", object = "sign-receipts/latest.zip" }
  }

  expect_failures = [var.package]
}

run "a_drain_longer_than_cloud_run_waits_is_refused" {
  command = plan

  variables {
    drain_seconds = 10
  }

  expect_failures = [var.drain_seconds]
}

run "an_emulator_in_the_cloud_is_refused" {
  command = plan

  variables {
    environment_variables = { PLATFORM = "cloud", SPANNER_EMULATOR_HOST = "127.0.0.1:9010" }
  }

  expect_failures = [var.environment_variables]
}

run "a_size_told_twice_is_refused" {
  command = plan

  variables {
    environment_variables = { PLATFORM = "cloud", TRANSACTIONS_MAX = "80" }
  }

  expect_failures = [var.environment_variables]
}

run "a_secret_is_given_by_its_number" {
  command = plan

  variables {
    secrets = { CURSOR_KEY = { project = "100000000001", secret = "cursor-key", version = "2" } }
  }

  assert {
    condition     = output.secrets == { CURSOR_KEY = { secret = "cursor-key", version = "2" } }
    error_message = "Another secret is given, or another version."
  }
  assert {
    condition     = !contains(keys(output.environment_variables), "CURSOR_KEY")
    error_message = "A secret stands where everybody who sees the function reads it."
  }
}

run "the_latest_version_is_refused" {
  command = plan

  variables {
    secrets = { CURSOR_KEY = { project = "100000000001", secret = "cursor-key", version = "latest" } }
  }

  expect_failures = [var.secrets]
}

run "a_secret_told_openly_is_refused" {
  command = plan

  variables {
    secrets               = { CURSOR_KEY = { project = "100000000001", secret = "cursor-key", version = "1" } }
    environment_variables = { PLATFORM = "cloud", CURSOR_KEY = "for-everybody-to-read" }
  }

  expect_failures = [google_cloudfunctions2_function.this]
}
