mock_provider "google" {
  override_during = plan
}

variables {
  project        = "tallystick-test-eu"
  bucket         = "tallystick-test-eu-vault"
  location       = "EU"
  data_locations = ["EUROPE-WEST1", "EUROPE-WEST4"]
  kms_key        = "projects/tallystick-test-eu/locations/europe/keyRings/tallystick-data/cryptoKeys/vault"
  labels         = { system = "tallystick" }
}

# Seven years: 7 x 365 days are 2,555; two leap days make 2,557; times 86,400 s are 220,924,800 s.
run "records_are_kept_for_seven_years" {
  command = plan

  assert {
    condition     = google_storage_bucket.vault.retention_policy[0].retention_period == 220924800
    error_message = "Seven years with two leap days are 220,924,800 seconds."
  }
  assert {
    condition     = google_storage_bucket.vault.force_destroy == false
    error_message = "Terraform would empty the archive."
  }
  assert {
    condition     = length(google_storage_bucket.vault.versioning) == 0
    error_message = "Versioning and retention exclude each other."
  }
}

run "the_code_and_the_bucket_mean_the_same_seven_years" {
  command = plan

  assert {
    condition     = output.retention_days == 2557 && strcontains(replace(file("${path.module}/../../../shared/edge/config.ts"), "/\\s+/", " "), "name: 'RETENTION_DAYS', meaning: 'during which the vault deletes nothing', unit: 'days', readBy: 'embedded', fallback: '2557'")
    error_message = "The embedded vault retains for another time than the bucket."
  }
}

run "it_is_locked_when_asked" {
  command = plan

  variables {
    locked = true
  }

  assert {
    condition     = google_storage_bucket.vault.retention_policy[0].is_locked
    error_message = "The lock was asked for."
  }
}

run "it_is_not_locked_unasked" {
  command = plan

  assert {
    condition     = google_storage_bucket.vault.retention_policy[0].is_locked == false
    error_message = "An irreversible lock is never a default."
  }
}

run "nobody_reads_it_from_the_internet_and_two_regions_hold_it" {
  command = plan

  assert {
    condition     = google_storage_bucket.vault.public_access_prevention == "enforced" && google_storage_bucket.vault.uniform_bucket_level_access
    error_message = "Public access is not prevented, or objects may have grants of their own."
  }
  assert {
    condition     = google_storage_bucket.vault.rpo == "ASYNC_TURBO" && length(google_storage_bucket.vault.custom_placement_config[0].data_locations) == 2
    error_message = "An object is not in two regions within 15 minutes."
  }
  assert {
    condition     = google_storage_bucket.vault.encryption[0].default_kms_key_name == var.kms_key
    error_message = "The archive is not under our key."
  }
}

run "a_shorter_retention_is_refused" {
  command = plan

  variables {
    retention_seconds = 220924799
  }

  expect_failures = [var.retention_seconds]
}

run "a_single_region_is_refused" {
  command = plan

  variables {
    data_locations = ["EUROPE-WEST1"]
  }

  expect_failures = [var.data_locations]
}

run "another_continent_is_refused" {
  command = plan

  variables {
    location = "europe-west1"
  }

  expect_failures = [var.location]
}
