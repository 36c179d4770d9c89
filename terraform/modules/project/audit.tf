# The trail: who read and changed what, and what the suite itself said about money. It is kept in two buckets of another
# project, so that nobody who runs the ledger can shorten its memory: logs that are searched, and files of what is not.

locals {
  # Data access is not logged unless asked for. These hold tenants' records or sign for them.
  audited = toset([
    "cloudkms.googleapis.com",
    "datastore.googleapis.com",
    "iam.googleapis.com",
    "secretmanager.googleapis.com",
    "spanner.googleapis.com",
    "storage.googleapis.com",
  ])
}

resource "google_project_iam_audit_config" "data_access" {
  for_each = local.audited

  project = var.project
  service = each.key

  audit_log_config {
    log_type = "ADMIN_READ"
  }
  audit_log_config {
    log_type = "DATA_READ"
  }
  audit_log_config {
    log_type = "DATA_WRITE"
  }
}

resource "google_logging_project_bucket_config" "audit" {
  project        = var.audit_project
  location       = var.log_location
  bucket_id      = "${var.project}-audit"
  description    = "What was done to ${var.project} and what the suite said of it, ${var.audit_retention_days} days."
  retention_days = var.audit_retention_days
  locked         = var.audit_locked

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_logging_project_sink" "audit" {
  project                = var.project
  name                   = "audit"
  description            = "Who changed what, and every sentence by which the suite says what it did with money or evidence."
  destination            = "logging.googleapis.com/${google_logging_project_bucket_config.audit.id}"
  unique_writer_identity = true

  filter = join(" OR ", concat(
    ["log_id(\"cloudaudit.googleapis.com/activity\")", "log_id(\"cloudaudit.googleapis.com/system_event\")", "log_id(\"cloudaudit.googleapis.com/policy\")"],
    ["(resource.type=\"cloud_run_revision\" AND jsonPayload.message=(${join(" OR ", [for sentence in var.kept_sentences : "\"${sentence}\""])}))"],
  ))
}

resource "google_project_iam_member" "audit_writer" {
  project = var.audit_project
  role    = "roles/logging.bucketWriter"
  member  = google_logging_project_sink.audit.writer_identity

  condition {
    title      = "only its own bucket"
    expression = "resource.name.endsWith(\"/buckets/${google_logging_project_bucket_config.audit.bucket_id}\")"
  }
}

# --- who read and wrote data ---------------------------------------------------------------------------------------------

# A line for each call: nearly all of the trail. Nobody searches it from day to day, so it is kept as files, an hour each, and is
# not paid for as logs. Nothing else differs: another project, seven years, a lock. It lies under a key of the audit project's
# own, which nobody who runs the ledger can destroy.

resource "google_kms_key_ring" "audit" {
  project  = var.audit_project
  name     = "${var.project}-audit"
  location = var.audit_files.kms_location

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_kms_crypto_key" "audit" {
  key_ring                   = google_kms_key_ring.audit.id
  name                       = "audit"
  purpose                    = "ENCRYPT_DECRYPT"
  rotation_period            = "7776000s" # 90 days
  destroy_scheduled_duration = "7776000s"

  version_template {
    algorithm        = "GOOGLE_SYMMETRIC_ENCRYPTION"
    protection_level = "HSM"
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_kms_crypto_key_iam_member" "audit_files" {
  crypto_key_id = google_kms_crypto_key.audit.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:service-${var.audit_project_number}@gs-project-accounts.iam.gserviceaccount.com"
}

resource "google_storage_bucket" "audit_files" {
  project       = var.audit_project
  name          = "${var.project}-audit"
  location      = var.audit_files.location
  storage_class = "STANDARD"

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false

  retention_policy {
    retention_period = var.audit_retention_days * 86400
    is_locked        = var.audit_locked # cannot be taken off again
  }

  soft_delete_policy {
    retention_duration_seconds = 2592000 # 30 days
  }

  encryption {
    default_kms_key_name = google_kms_crypto_key.audit.id
  }

  # Hardly anybody ever reads it.
  autoclass {
    enabled                = true
    terminal_storage_class = "ARCHIVE"
  }

  # It names people: no longer than it must be.
  lifecycle_rule {
    condition {
      age = var.audit_retention_days
    }
    action {
      type = "Delete"
    }
  }

  lifecycle {
    prevent_destroy = true
  }

  depends_on = [google_kms_crypto_key_iam_member.audit_files]
}

resource "google_logging_project_sink" "data_access" {
  project                = var.project
  name                   = "data-access"
  description            = "Who read and wrote data, each call."
  destination            = "storage.googleapis.com/${google_storage_bucket.audit_files.name}"
  unique_writer_identity = true
  filter                 = "log_id(\"cloudaudit.googleapis.com/data_access\")"
}

# It adds files, and can neither read nor replace nor delete one.
resource "google_storage_bucket_iam_member" "audit_files_writer" {
  bucket = google_storage_bucket.audit_files.name
  role   = "roles/storage.objectCreator"
  member = google_logging_project_sink.data_access.writer_identity
}

resource "google_storage_bucket_iam_member" "audit_files_reader" {
  bucket = google_storage_bucket.audit_files.name
  role   = "roles/storage.objectViewer"
  member = "group:${var.auditors}"
}

# Everything else is for working with, not for keeping.
resource "google_logging_project_bucket_config" "everyday" {
  project        = var.project
  location       = "global"
  bucket_id      = "_Default"
  retention_days = 30
}

# Each read and commit of the two databases is a line of the trail. Kept there for years, it need not be paid for a second time
# here, for a month. Alerts read what changes keys, archive, grants and the trail itself: these lines stay in both.
resource "google_logging_project_exclusion" "kept_in_the_trail" {
  project     = var.project
  name        = "kept-in-the-trail"
  description = "Data access of Spanner and Firestore: in the audit files alone."
  filter      = "log_id(\"cloudaudit.googleapis.com/data_access\") AND protoPayload.serviceName=(\"spanner.googleapis.com\" OR \"firestore.googleapis.com\" OR \"datastore.googleapis.com\")"
}
