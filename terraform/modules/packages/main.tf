# Where what runs is kept: the zips that `npm run build:functions` made, and the images that are built from them.

resource "google_storage_bucket" "packages" {
  project       = var.project
  name          = var.bucket
  location      = var.location
  storage_class = "STANDARD"
  labels        = var.labels

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false

  # Objects are named by the hash of their content, so no version ever replaces another; versioning only undoes a deletion.
  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = 604800 # 7 days
  }

  # Long enough to go back to any release that could still be gone back to.
  lifecycle_rule {
    condition {
      age        = 365
      with_state = "ARCHIVED"
    }
    action {
      type = "Delete"
    }
  }
}

resource "google_artifact_registry_repository" "functions" {
  for_each = var.image_locations

  project       = var.project
  location      = each.key
  repository_id = var.repository
  format        = "DOCKER"
  description   = "Images of the functions that run in ${each.key}."
  labels        = var.labels
}

# The builder reads zips and writes images and its log. It runs while a function is built, and never serves a request.
resource "google_storage_bucket_iam_member" "builder" {
  bucket = google_storage_bucket.packages.name
  role   = "roles/storage.objectViewer"
  member = "serviceAccount:${var.builder_email}"
}

resource "google_artifact_registry_repository_iam_member" "builder" {
  for_each = google_artifact_registry_repository.functions

  project    = var.project
  location   = each.value.location
  repository = each.value.name
  role       = "roles/artifactregistry.writer"
  member     = "serviceAccount:${var.builder_email}"
}

resource "google_project_iam_member" "builder_log" {
  project = var.project
  role    = "roles/logging.logWriter"
  member  = "serviceAccount:${var.builder_email}"
}

# The deployer adds zips. It cannot replace or delete one.
resource "google_storage_bucket_iam_member" "deployer" {
  for_each = toset(["roles/storage.objectCreator", "roles/storage.objectViewer"])

  bucket = google_storage_bucket.packages.name
  role   = each.key
  member = "serviceAccount:${var.deployer_email}"
}
