# The trail: who read and changed what, and what the suite itself said about money. It is kept in a bucket of another
# project, so that nobody who runs the ledger can shorten its memory.

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
  description    = "Audit trail of ${var.project}, ${var.audit_retention_days} days."
  retention_days = var.audit_retention_days
  locked         = var.audit_locked

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_logging_project_sink" "audit" {
  project                = var.project
  name                   = "audit"
  description            = "Audit logs, and every sentence by which the suite says what it did with money or evidence."
  destination            = "logging.googleapis.com/${google_logging_project_bucket_config.audit.id}"
  unique_writer_identity = true

  filter = join(" OR ", concat(
    ["log_id(\"cloudaudit.googleapis.com/activity\")", "log_id(\"cloudaudit.googleapis.com/data_access\")", "log_id(\"cloudaudit.googleapis.com/system_event\")", "log_id(\"cloudaudit.googleapis.com/policy\")"],
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
  description = "Data access of Spanner and Firestore: in the audit bucket alone."
  filter      = "log_id(\"cloudaudit.googleapis.com/data_access\") AND protoPayload.serviceName=(\"spanner.googleapis.com\" OR \"firestore.googleapis.com\" OR \"datastore.googleapis.com\")"
}
