# What must never happen quietly, as the audit log tells it: told at the first, with who did it.

locals {
  acts = {
    key-destroyed = {
      severity = "sev1", title = "A key version was scheduled for destruction"
      filter   = "protoPayload.serviceName=\"cloudkms.googleapis.com\" AND protoPayload.methodName=\"DestroyCryptoKeyVersion\""
      runbook  = "Nobody has a reason to: signatures must stay verifiable and data readable for seven years. gcloud kms keys versions restore within 90 days. Then find out who and why."
    }
    key-disabled = {
      severity = "sev2", title = "A key version was changed"
      filter   = "protoPayload.serviceName=\"cloudkms.googleapis.com\" AND protoPayload.methodName=\"UpdateCryptoKeyVersion\""
      runbook  = "Expected after a rotation, when the old version is retired. Otherwise enable it again: signing, or reading a store, stops without it."
    }
    archive-changed = {
      severity = "sev1", title = "The archive's settings were changed"
      filter   = "protoPayload.serviceName=\"storage.googleapis.com\" AND protoPayload.resourceName:\"${var.vault_bucket}\" AND protoPayload.methodName=(\"storage.buckets.update\" OR \"storage.buckets.patch\" OR \"storage.buckets.delete\" OR \"storage.setIamPermissions\")"
      runbook  = "Retention, encryption or grants of the vault. Expected from the steward only, in a reviewed run. Compare with terraform plan of data and identity."
    }
    archive-deletion = {
      severity = "sev2", title = "Somebody tried to delete from the archive"
      filter   = "protoPayload.serviceName=\"storage.googleapis.com\" AND protoPayload.resourceName:\"${var.vault_bucket}\" AND protoPayload.methodName=\"storage.objects.delete\""
      runbook  = "Under retention it was refused. No function and no person has that right: terraform plan of identity shows who was given it, the audit log shows who tried."
    }
    grant-changed = {
      severity = "sev2", title = "Grants were changed past Terraform"
      filter   = "protoPayload.methodName=(\"SetIamPolicy\" OR \"google.iam.v1.IAMPolicy.SetIamPolicy\" OR \"SetIAMPolicy\") AND NOT protoPayload.authenticationInfo.principalEmail=\"${var.steward_email}\" AND NOT (protoPayload.authenticationInfo.principalEmail=\"${var.deployer_email}\" AND protoPayload.serviceName=(\"run.googleapis.com\" OR \"pubsub.googleapis.com\"))"
      runbook  = "By somebody else than steward and deployer. terraform plan of identity shows what; applying it undoes it."
    }
    account-key-made = {
      severity = "sev1", title = "A service account key was made"
      filter   = "protoPayload.methodName=\"google.iam.admin.v1.CreateServiceAccountKey\""
      runbook  = "Nothing here uses one, and the guard rail against them is off or was taken off. Delete it, find out who has it, and read in the audit log what that account did since."
    }
    database-dropped = {
      severity = "sev1", title = "Somebody tried to drop the database"
      filter   = "protoPayload.serviceName=\"spanner.googleapis.com\" AND protoPayload.methodName:(\"DropDatabase\" OR \"DeleteInstance\")"
      runbook  = "Drop protection refused it. Find out who, by the audit log's principalEmail, and take their role away before asking why. Check that the backups are still there."
    }
    audit-trail-change = {
      severity = "sev1", title = "The audit trail was changed"
      filter   = "protoPayload.serviceName=\"logging.googleapis.com\" AND protoPayload.methodName:(\"UpdateSink\" OR \"DeleteSink\" OR \"UpdateBucket\" OR \"DeleteBucket\")"
      runbook  = "Sink or bucket. The bucket lies in another project and is locked, what was kept is safe; what comes next may not be."
    }
  }
}

resource "google_monitoring_alert_policy" "act" {
  for_each = local.acts

  project               = var.project
  display_name          = "${each.value.severity} ${each.value.title}"
  combiner              = "OR"
  severity              = local.severities[each.value.severity]
  notification_channels = [google_monitoring_notification_channel.severity[each.value.severity].id]
  user_labels           = merge(var.labels, { severity = each.value.severity })

  conditions {
    display_name = each.key

    condition_matched_log {
      filter = "(log_id(\"cloudaudit.googleapis.com/activity\") OR log_id(\"cloudaudit.googleapis.com/data_access\")) AND ${each.value.filter}"

      label_extractors = {
        who = "EXTRACT(protoPayload.authenticationInfo.principalEmail)"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    subject   = "${var.environment} ${var.residency}: ${each.value.title}"
    content   = each.value.runbook
  }

  alert_strategy {
    auto_close = "86400s"

    notification_rate_limit {
      period = "300s"
    }
  }
}
