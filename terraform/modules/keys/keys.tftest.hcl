mock_provider "google" {
  override_during = plan

  mock_resource "google_kms_key_ring" {
    defaults = { id = "projects/tallystick-test-eu/locations/europe/keyRings/ring" }
  }
  mock_resource "google_kms_crypto_key" {
    defaults = { id = "projects/tallystick-test-eu/locations/europe/keyRings/ring/cryptoKeys/key" }
  }
}

variables {
  project          = "tallystick-test-eu"
  project_number   = "100000000001"
  signing_ring     = "tallystick-signing"
  signing_location = "europe"
  signing_versions = { checkpoint = ["1", "2"], evidence = ["1"] }
  data_ring        = "tallystick-data"
  labels           = { system = "tallystick" }

  data_keys = {
    spanner   = { location = "eur3" }
    firestore = { location = "europe" }
    vault     = { location = "europe" }
    topics    = { location = "europe" }
    personal  = { location = "europe" }
  }
  secret_locations = ["europe-west1", "europe-west4"]
}

run "receipts_are_signed_in_hardware_with_rs256" {
  command = plan

  assert {
    condition = alltrue([
      for key in google_kms_crypto_key.signing :
      key.purpose == "ASYMMETRIC_SIGN" && key.version_template[0].algorithm == "RSA_SIGN_PKCS1_3072_SHA256" && key.version_template[0].protection_level == "HSM"
    ])
    error_message = "A signing key is not RSA 3072 with SHA-256 in an HSM."
  }
  assert {
    condition     = alltrue([for key in google_kms_crypto_key.signing : key.rotation_period == null && key.skip_initial_version_creation])
    error_message = "Asymmetric keys are not rotated by themselves; their versions are made by name."
  }
  assert {
    condition     = toset(keys(google_kms_crypto_key_version.signing)) == toset(["checkpoint/1", "checkpoint/2", "evidence/1"])
    error_message = "A version is missing or was made unasked."
  }
}

run "data_at_rest_has_keys_of_ours_where_it_lies" {
  command = plan

  assert {
    condition     = toset(keys(google_kms_key_ring.data)) == toset(["eur3", "europe", "europe-west1", "europe-west4"])
    error_message = "One ring per location, and no other."
  }
  assert {
    condition     = alltrue([for key in google_kms_crypto_key.data : key.rotation_period == "7776000s" && key.version_template[0].protection_level == "HSM"])
    error_message = "A data key is not rotated every 90 days, or not held by an HSM."
  }
  assert {
    condition     = alltrue([for key in merge(google_kms_crypto_key.data, google_kms_crypto_key.signing) : tonumber(trimsuffix(key.destroy_scheduled_duration, "s")) >= 30 * 86400])
    error_message = "A destroyed version must be recoverable for at least 30 days."
  }
}

run "each_service_uses_its_own_key_and_no_other" {
  command = plan

  assert {
    condition     = contains(keys(google_kms_crypto_key.data), "personal") && !contains(keys(google_kms_crypto_key_iam_member.agent), "personal")
    error_message = "An agent opens organizations' data keys, or they have no key."
  }
  assert {
    condition     = alltrue([for grant in google_kms_crypto_key_iam_member.agent : grant.role == "roles/cloudkms.cryptoKeyEncrypterDecrypter"])
    error_message = "An agent has another role than encrypting."
  }
  assert {
    condition     = length(distinct(values(google_kms_crypto_key_iam_member.agent)[*].member)) == 5
    error_message = "Two stores share an agent."
  }
  assert {
    condition     = google_kms_crypto_key_iam_member.agent["vault"].member == "serviceAccount:service-100000000001@gs-project-accounts.iam.gserviceaccount.com"
    error_message = "Cloud Storage's agent has another address."
  }
  assert {
    condition = { for name, key in google_kms_crypto_key.data : name => key.name if key.name == "secrets" } == {
      "secrets/europe-west1" = "secrets"
      "secrets/europe-west4" = "secrets"
    }
    error_message = "A copy of a secret has no key where it lies."
  }
}

run "one_copy_of_a_secret_is_refused" {
  command = plan

  variables {
    secret_locations = ["europe-west1"]
  }

  expect_failures = [var.secret_locations]
}

run "a_third_signing_key_is_refused" {
  command = plan

  variables {
    signing_versions = { checkpoint = ["1"], evidence = ["1"], reports = ["1"] }
  }

  expect_failures = [var.signing_versions]
}

run "a_signing_key_without_a_version_is_refused" {
  command = plan

  variables {
    signing_versions = { checkpoint = ["1"], evidence = [] }
  }

  expect_failures = [var.signing_versions]
}

run "a_store_without_a_key_is_refused" {
  command = plan

  variables {
    data_keys = { spanner = { location = "eur3" } }
  }

  expect_failures = [var.data_keys]
}
