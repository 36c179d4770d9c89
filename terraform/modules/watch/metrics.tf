# Metrics counted from log lines. Each names a sentence that the code says; the module's test looks it up there.

locals {
  sentences = {
    ledger_fault        = "an entry, head or sum is not what the rest of the ledger proves"
    reconciled          = "a deep pass ended and its report is signed"
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
    push_set_aside      = "a message can never be answered and was set aside"
    request_failed      = "a request met a fault in the code"
    drain_incomplete    = "an instance stopped before its requests were answered"
  }

  # What must never happen quietly, as the audit log tells it.
  acts = {
    key_destroyed      = "protoPayload.serviceName=\"cloudkms.googleapis.com\" AND protoPayload.methodName=\"DestroyCryptoKeyVersion\""
    key_disabled       = "protoPayload.serviceName=\"cloudkms.googleapis.com\" AND protoPayload.methodName=\"UpdateCryptoKeyVersion\""
    archive_changed    = "protoPayload.serviceName=\"storage.googleapis.com\" AND protoPayload.resourceName:\"${var.vault_bucket}\" AND protoPayload.methodName=(\"storage.buckets.update\" OR \"storage.buckets.patch\" OR \"storage.buckets.delete\" OR \"storage.setIamPermissions\")"
    archive_deletion   = "protoPayload.serviceName=\"storage.googleapis.com\" AND protoPayload.resourceName:\"${var.vault_bucket}\" AND protoPayload.methodName=\"storage.objects.delete\""
    grant_changed      = "protoPayload.methodName=(\"SetIamPolicy\" OR \"google.iam.v1.IAMPolicy.SetIamPolicy\" OR \"SetIAMPolicy\") AND NOT protoPayload.authenticationInfo.principalEmail=\"${var.steward_email}\" AND NOT (protoPayload.authenticationInfo.principalEmail=\"${var.deployer_email}\" AND protoPayload.serviceName=(\"run.googleapis.com\" OR \"pubsub.googleapis.com\"))"
    account_key_made   = "protoPayload.methodName=\"google.iam.admin.v1.CreateServiceAccountKey\""
    database_dropped   = "protoPayload.serviceName=\"spanner.googleapis.com\" AND protoPayload.methodName:(\"DropDatabase\" OR \"DeleteInstance\")"
    audit_trail_change = "protoPayload.serviceName=\"logging.googleapis.com\" AND protoPayload.methodName:(\"UpdateSink\" OR \"DeleteSink\" OR \"UpdateBucket\" OR \"DeleteBucket\")"
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
  description = "a deep pass found faults"
  filter      = "${local.said}\"reconciled\" AND jsonPayload.faults>0"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }
}

resource "google_logging_metric" "act" {
  for_each = local.acts

  project     = var.project
  name        = "tallystick/act_${each.key}"
  description = "Somebody did this, see the audit log."
  filter      = "log_id(\"cloudaudit.googleapis.com/activity\") AND ${each.value}"

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
  filter      = "resource.type=\"cloud_scheduler_job\" AND jsonPayload.@type=\"type.googleapis.com/google.cloud.scheduler.logging.AttemptFinished\" AND httpRequest.status=200"

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
