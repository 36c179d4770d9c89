# The archive: seals, evidence, verified segments of every log, reports. Objects are made once and cannot be changed or
# deleted for seven years by anybody, Google's own support included, once the policy is locked.

locals {
  # Seven years of 365 days and the two leap days that seven years can hold: 7 * 365 + 2 = 2,557 days of 86,400 seconds.
  seven_years_seconds = (7 * 365 + 2) * 86400 # 220,924,800
}

resource "google_storage_bucket" "vault" {
  project       = var.project
  name          = var.bucket
  location      = var.location
  storage_class = "STANDARD"
  labels        = var.labels

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false

  # Two named regions, and an object is in both within 15 minutes (turbo). No versioning: Cloud Storage does not allow it
  # beside a retention policy, and create-only objects have no versions.
  rpo = "ASYNC_TURBO"

  custom_placement_config {
    data_locations = var.data_locations
  }

  retention_policy {
    retention_period = var.retention_seconds
    is_locked        = var.locked # cannot be taken off again
  }

  # What is deleted when its time is over can still be brought back for a while.
  soft_delete_policy {
    retention_duration_seconds = 2592000 # 30 days
  }

  encryption {
    default_kms_key_name = var.kms_key
  }

  # Evidence is read in its first weeks and then hardly ever; what the full pass reads stays where reading is free.
  autoclass {
    enabled                = true
    terminal_storage_class = "ARCHIVE"
  }

  # Parts of an upload that never ended.
  lifecycle_rule {
    condition {
      age = 7
    }
    action {
      type = "AbortIncompleteMultipartUpload"
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}
