mock_provider "google" {
  override_during = plan
}

variables {
  project = "tallystick-test-eu"
  names   = { CURSOR_KEY = "cursor-key" }
  labels  = { system = "tallystick" }
  kms_keys = {
    europe-west1 = "projects/tallystick-test-eu/locations/europe-west1/keyRings/tallystick-data/cryptoKeys/secrets"
    europe-west4 = "projects/tallystick-test-eu/locations/europe-west4/keyRings/tallystick-data/cryptoKeys/secrets"
  }
}

run "copies_lie_where_they_may_under_a_key_from_there" {
  command = plan

  assert {
    condition     = length(google_secret_manager_secret.given["CURSOR_KEY"].replication[0].auto) == 0
    error_message = "Google chooses where the secret lies."
  }
  assert {
    condition = { for replica in google_secret_manager_secret.given["CURSOR_KEY"].replication[0].user_managed[0].replicas : replica.location => replica.customer_managed_encryption[0].kms_key_name } == {
      europe-west1 = "projects/tallystick-test-eu/locations/europe-west1/keyRings/tallystick-data/cryptoKeys/secrets"
      europe-west4 = "projects/tallystick-test-eu/locations/europe-west4/keyRings/tallystick-data/cryptoKeys/secrets"
    }
    error_message = "A copy lies elsewhere, or under another key."
  }
}

run "what_is_deleted_by_mistake_comes_back" {
  command = plan

  assert {
    condition     = google_secret_manager_secret.given["CURSOR_KEY"].version_destroy_ttl == "2592000s" && google_secret_manager_secret.given["CURSOR_KEY"].deletion_protection
    error_message = "30 days to change one's mind."
  }
}

run "no_value_is_in_terraform" {
  command = plan

  assert {
    condition = alltrue([
      for file in fileset("${path.module}/../..", "**/*.tf") : length(regexall("google_secret_manager_secret_version|secret_data", file("${path.module}/../../${file}"))) == 0
    ])
    error_message = "A value would lie in a plan or in the state."
  }
}

run "one_copy_is_refused" {
  command = plan

  variables {
    kms_keys = { europe-west1 = "projects/tallystick-test-eu/locations/europe-west1/keyRings/tallystick-data/cryptoKeys/secrets" }
  }

  expect_failures = [var.kms_keys]
}

run "a_key_from_elsewhere_is_refused" {
  command = plan

  variables {
    kms_keys = {
      europe-west1 = "projects/tallystick-test-eu/locations/europe-west1/keyRings/tallystick-data/cryptoKeys/secrets"
      europe-west4 = "projects/tallystick-test-eu/locations/europe-west1/keyRings/tallystick-data/cryptoKeys/secrets"
    }
  }

  expect_failures = [var.kms_keys]
}

run "a_shared_secret_is_refused" {
  command = plan

  variables {
    names = { CURSOR_KEY = "cursor-key", OTHER_KEY = "cursor-key" }
  }

  expect_failures = [var.names]
}
