mock_provider "google" {
  override_during = plan
}

variables {
  project         = "tallystick-test-eu"
  bucket          = "tallystick-test-eu-packages"
  location        = "EU"
  repository      = "functions"
  image_locations = ["europe-west1", "europe-west4"]
  builder_email   = "builder@tallystick-test-eu.iam.gserviceaccount.com"
  deployer_email  = "deployer@tallystick-test-eu.iam.gserviceaccount.com"
  labels          = { system = "tallystick" }
}

run "what_runs_cannot_be_exchanged_behind_our_back" {
  command = plan

  assert {
    condition     = google_storage_bucket.packages.public_access_prevention == "enforced" && google_storage_bucket.packages.uniform_bucket_level_access && google_storage_bucket.packages.versioning[0].enabled
    error_message = "Packages are public, or a deleted one is gone."
  }
  assert {
    condition     = toset(values(google_storage_bucket_iam_member.deployer)[*].role) == toset(["roles/storage.objectCreator", "roles/storage.objectViewer"])
    error_message = "The deployer could replace or delete a package."
  }
  assert {
    condition     = google_storage_bucket_iam_member.builder.role == "roles/storage.objectViewer"
    error_message = "The builder could change what it builds."
  }
}

run "images_lie_where_functions_run" {
  command = plan

  assert {
    condition     = toset(keys(google_artifact_registry_repository.functions)) == toset(["europe-west1", "europe-west4"])
    error_message = "A location has no repository, or one too many."
  }
}
