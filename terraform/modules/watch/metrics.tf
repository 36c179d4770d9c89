# Metrics counted from log lines. Each names a sentence that the code says; the module's test looks it up there.

locals {
  sentences = {
    ledger_fault        = "an entry, head or sum is not what the rest of the ledger proves"
    reconciled          = "a deep pass ended and its report is signed"
    tail_verified       = "what was written in the last hours was gone over"
    ledger_sealed       = "a seal is signed and published"
    billing_frozen      = "a doorbell rang for an organization whose billing stands still"
    usage_unratable     = "usage that no price list covers stopped an organization's billing"
    mirror_differs      = "the mirror holds another page than the database"
    mirror_failed       = "a page could not be copied right away"
    mirror_healed       = "the sweep copied a page that the mirror lacked"
    projection_ahead    = "a read model was made from a longer log than there is"
    projection_failed   = "a read model could not be written"
    projection_healed   = "a read model was made again"
    invoice_issued      = "an invoice was issued"
    invoice_run_failed  = "an organization was passed over by the invoice run"
    evidence_archived   = "an evidence bundle is in the vault"
    evidence_downloaded = "somebody downloaded an evidence bundle"
    archive_failed      = "an evidence bundle could not be made"
    announcement_failed = "a doorbell could not be rung; the sweep rings it"
    audit_log_changed   = "the audit log, or a digest of it, is not what was written there"
    registry_damaged    = "the copy of documents in the vault is not what was written there"
    retire_refused      = "the vault does not give back what was to leave the database"
    push_set_aside      = "a message can never be answered and was set aside"
    request_failed      = "a request met a fault in the code"
    drain_incomplete    = "an instance stopped before its requests were answered"
  }
}

resource "google_logging_metric" "sentence" {
  for_each = local.sentences

  project     = var.project
  name        = "tallystick/${each.key}"
  description = each.value
  filter      = "${local.said}\"${each.key}\""

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"

    labels {
      key         = "function"
      value_type  = "STRING"
      description = "who said it"
    }
  }

  label_extractors = {
    function = "EXTRACT(resource.labels.service_name)"
  }
}

# A pass that ended with faults, whatever they were: seals' faults concern everybody and are no organization's ledger_fault.
resource "google_logging_metric" "faulty_verdict" {
  project     = var.project
  name        = "tallystick/faulty_verdict"
  description = "a deep pass or the tail check found faults"
  filter      = "resource.type=\"cloud_run_revision\" AND jsonPayload.message=(\"reconciled\" OR \"tail_verified\") AND jsonPayload.faults>0"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }
}

# Cloud Scheduler has no metric of its own for calls that were made.
resource "google_logging_metric" "job" {
  project     = var.project
  name        = "tallystick/job"
  description = "The scheduler called a function and it answered."
  filter      = "resource.type=\"cloud_scheduler_job\" AND jsonPayload.\"@type\"=\"type.googleapis.com/google.cloud.scheduler.logging.AttemptFinished\" AND httpRequest.status=200"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"

    labels {
      key         = "job"
      value_type  = "STRING"
      description = "which"
    }
  }

  label_extractors = {
    job = "EXTRACT(resource.labels.job_id)"
  }
}
