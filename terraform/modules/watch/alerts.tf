# Alerts as data: what is looked at, from when on it is too much, and what to do about it. Thresholds are exceeded by more
# than, not by as much as.

locals {
  sentence_filter = { for name in keys(local.sentences) : name => "metric.type = \"logging.googleapis.com/user/${google_logging_metric.sentence[name].name}\" AND resource.type = \"cloud_run_revision\"" }

  # aligner, reducer, over: how points become one number per group. for_seconds: how long it must last.
  counted = { aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", over = 300, for_seconds = 0, groups = [] }

  thresholds = {
    ledger-fault = merge(local.counted, {
      severity = "sev1", title = "The ledger does not hold", above = 0
      filter   = local.sentence_filter.ledger_fault
      runbook  = "Reconciliation found an entry, head, sum or copy that is not what the rest of the ledger proves. Billing of that organization is frozen; nobody else's. 1. Read the log line ledger_fault: tenant, kind, seq. 2. Read the signed report it belongs to in the vault under reconciliations/. 3. Compare the entry in database, mirror and vault: which copy differs says where it was changed. 4. Preserve: take a Spanner backup now, note the time for point-in-time recovery (7 days). 5. Money is put right with entries, never by editing. 6. When a full pass is clean: npm run thaw -- ORGANIZATION."
    })
    faulty-verdict = merge(local.counted, {
      severity = "sev1", title = "A pass found faults", above = 0
      filter   = "metric.type = \"logging.googleapis.com/user/${google_logging_metric.faulty_verdict.name}\" AND resource.type = \"cloud_run_revision\""
      runbook  = "The report names every fault; tenant * is a seal's and concerns everybody: stop issuing invoices (pause the invoices jobs) until it is understood. Otherwise as for ledger-fault."
    })
    oldest-unacked = {
      severity = "sev2", title = "Doorbells are not answered", above = 300
      filter   = "metric.type = \"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" AND ${local.subscription_filter}"
      aligner  = "ALIGN_MAX", reducer = "REDUCE_MAX", over = 60, for_seconds = 120, groups = ["resource.label.subscription_id"]
      runbook  = "The oldest message of a subscription waits for more than five minutes. Nothing is lost: rows are the truth and the sweep rings again. 1. Which subscription? Its function is behind. 2. 5xx or timeouts of that function: read request_failed. 3. At its instance ceiling: raise instances_max together with processing_units_max. 4. One key only: a poison message, it is set aside after ten attempts."
    }
    dead-letter = {
      severity = "sev2", title = "Messages were set aside", above = 0
      filter   = "metric.type = \"pubsub.googleapis.com/subscription/num_undelivered_messages\" AND ${local.dead_letter_filter}"
      aligner  = "ALIGN_MAX", reducer = "REDUCE_MAX", over = 60, for_seconds = 0, groups = ["resource.label.subscription_id"]
      runbook  = "A message could not be delivered in ten attempts. 1. Pull it from the subscription named <name>-dead-letter without acknowledging: attributes say which organization. 2. Read request_failed of the function at that time. 3. Mend the cause; the sweep has rung again for the rows behind it. 4. Acknowledge the dead letter."
    }
    set-aside = merge(local.counted, {
      severity = "sev2", title = "A push was set aside by its function", above = 0
      filter   = local.sentence_filter.push_set_aside
      runbook  = "A message that no retry can mend was kept in the table of what was set aside and acknowledged. npm run set-aside lists them. Somebody published what is no doorbell, or code and message disagree after a release."
    })
    server-errors = {
      severity    = "sev2", title = "Customers get errors", above = 0.01
      filter      = "metric.type = \"loadbalancing.googleapis.com/https/request_count\" AND ${local.edge_filter} AND metric.label.response_code_class = 500"
      denominator = "metric.type = \"loadbalancing.googleapis.com/https/request_count\" AND ${local.edge_filter}"
      aligner     = "ALIGN_RATE", reducer = "REDUCE_SUM", over = 60, for_seconds = 180, groups = ["resource.label.backend_target_name"]
      runbook     = "More than one answer in a hundred is a 5xx. 1. One location or all? 2. 503 temporarily_unavailable is backpressure: Spanner's CPU and the functions' ceilings. 3. 500: request_failed in the log, with request_id. 4. After a release: deploy the package before it, its zip is still in the bucket. 5. One location only: give it the role standby and apply functions and edge."
    }
    spanner-cpu = {
      severity = "sev2", title = "Spanner is short of CPU", above = var.spanner_is_multi_region ? 0.45 : 0.65
      filter   = "metric.type = \"spanner.googleapis.com/instance/cpu/utilization_by_priority\" AND ${local.spanner_filter} AND metric.label.priority = \"high\""
      aligner  = "ALIGN_MAX", reducer = "REDUCE_SUM", over = 60, for_seconds = 600, groups = ["resource.label.location"]
      runbook  = "High-priority CPU stays above what leaves room for losing a zone or a region, so the autoscaler has met its ceiling or load grows faster than it. 1. Raise processing_units_max in the stack and apply data. 2. Key Visualizer: a hot key? 3. Lock waits: one organization's head row is the only row that appends share."
    }
    spanner-storage = {
      severity = "sev3", title = "Spanner is short of storage", above = 0.75
      filter   = "metric.type = \"spanner.googleapis.com/instance/storage/utilization\" AND ${local.spanner_filter}"
      aligner  = "ALIGN_MAX", reducer = "REDUCE_MAX", over = 300, for_seconds = 900, groups = []
      runbook  = "The autoscaler adds nodes for storage, too: this is its ceiling. Look whether pages older than the hot window are being moved out (HOT_WINDOW_DAYS), then raise processing_units_max."
    }
    spanner-latency = {
      severity = "sev3", title = "Spanner answers slowly", above = 0.2
      filter   = "metric.type = \"spanner.googleapis.com/api/request_latencies\" AND resource.type = \"spanner_instance\" AND resource.label.instance_id = \"${var.spanner_instance}\" AND metric.label.method = \"Commit\""
      aligner  = "ALIGN_PERCENTILE_99", reducer = "REDUCE_MAX", over = 60, for_seconds = 600, groups = []
      runbook  = "One commit in a hundred takes more than 0.2 s. 1. CPU. 2. Lock statistics: who waits for whom. 3. Is the leader region the primary location? After a failover it may not be: move the leader or the primary."
    }
    key-errors = {
      severity = "sev2", title = "The key service refuses", above = 0
      filter   = "metric.type = \"serviceruntime.googleapis.com/api/request_count\" AND resource.type = \"consumed_api\" AND resource.label.service = \"cloudkms.googleapis.com\" AND metric.label.response_code_class = monitoring.regex.full_match(\"4xx|5xx\")"
      aligner  = "ALIGN_DELTA", reducer = "REDUCE_SUM", over = 300, for_seconds = 300, groups = ["resource.label.method"]
      runbook  = "Signing, a store's encryption, or the opening of data keys fails. Seals queue and receipts go on; after an outage they are signed and published in order, by themselves. While it does not answer, instances use the data keys that they remember for up to an hour; what needs another is answered 503. 403: a grant or a key version was changed, see the alerts on acts. 429: quota. FAILED_PRECONDITION: a version was disabled that is still in force."
    }
    latency = {
      severity = "sev3", title = "Usage is accepted slowly", above = 100
      filter   = "metric.type = \"loadbalancing.googleapis.com/https/backend_latencies\" AND resource.type = \"https_lb_rule\" AND resource.label.backend_target_name = \"${var.backend_services.ingest}\""
      aligner  = "ALIGN_PERCENTILE_99", reducer = "REDUCE_MAX", over = 60, for_seconds = 600, groups = []
      runbook  = "One request in a hundred takes more than 100 ms. 1. Cold starts: instances_min. 2. Spanner's commit latency. 3. Very large batches: 1,000 events are allowed."
    }
    instances = {
      severity = "sev3", title = "A function nears its ceiling", above = 80
      filter   = "metric.type = \"run.googleapis.com/container/instance_count\" AND ${local.run_filter}"
      aligner  = "ALIGN_MAX", reducer = "REDUCE_SUM", over = 60, for_seconds = 600, groups = ["resource.label.service_name", "resource.label.location"]
      runbook  = "More than 80 instances for ten minutes. Ceilings and Spanner are sized together: raise both in the stack, or the plan is refused."
    }
    frozen = merge(local.counted, {
      severity = "sev3", title = "An organization's billing stands still", above = 0
      filter   = local.sentence_filter.billing_frozen
      runbook  = "Its usage is accepted and waits; nothing is lost. It was frozen by a fault (see sev1) or by usage that cannot be rated. Somebody has to look, then npm run thaw."
    })
    unratable = merge(local.counted, {
      severity = "sev3", title = "Usage cannot be rated", above = 0
      filter   = local.sentence_filter.usage_unratable
      runbook  = "A meter or price that accepted usage needs has vanished from the organization's document. Put it back (npm run setup), then npm run thaw."
    })
    mirror-differs = merge(local.counted, {
      severity = "sev2", title = "The mirror holds another page", above = 0
      filter   = local.sentence_filter.mirror_differs
      runbook  = "Pages are created once and never changed, so somebody wrote to Firestore. Tenants may have read it. Compare with database and vault, find the writer in the audit log (datastore, DATA_WRITE)."
    })
    projection-ahead = merge(local.counted, {
      severity = "sev2", title = "A read model knows more than the ledger", above = 0
      filter   = local.sentence_filter.projection_ahead
      runbook  = "It was made from a longer log than there is: the database was restored to an earlier moment, or a process wrote for another ledger. Do not let billing go on before it is known which."
    })
    retire-refused = merge(local.counted, {
      severity = "sev2", title = "The vault does not give back what it was given", above = 0, over = 3600
      filter   = local.sentence_filter.retire_refused
      runbook  = "Pages were to leave the database and stay in the vault, and the vault does not give them back byte for byte. Nothing was let go: the database has them. 1. The log line retire_refused names tenant and entry. 2. Run a full pass (gcloud scheduler jobs run deep-all-<primary>): it makes good what is merely lost and names the rest as ledger_fault. 3. An object that differs: who wrote to the archive? Audit log of storage, DATA_WRITE."
    })
    registry-damaged = merge(local.counted, {
      severity = "sev2", title = "The vault's copy of documents was changed", above = 0, over = 3600
      filter   = local.sentence_filter.registry_damaged
      runbook  = "Accounts, prices and key hashes are put by in the vault for the day on which the database is lost, signed. The newest such copy is not what was written, or its key is not known. The next pass writes a whole one, so nothing is lost; but find out who was at the archive (audit log of storage, DATA_WRITE) before anything is rebuilt from it."
    })
    audit-log-changed = merge(local.counted, {
      severity = "sev2", title = "The audit log was changed", above = 0, over = 3600
      filter   = local.sentence_filter.audit_log_changed
      runbook  = "What somebody did, or was refused, is not any more what the vault's signed digest says. Ledger and invoices are not concerned; who is to answer for what is. 1. The log line audit_log_changed names day, log and kind. rows_changed: rows of the database were changed, taken out or put in. digest_damaged: audit/<day>.jws in the vault is not what was written there. digests_apart: one day does not begin where the one before ended. 2. Preserve: take a Spanner backup now, read the rows as they were up to seven days ago. 3. Who wrote? Audit log of spanner, or of storage, DATA_WRITE: no function changes a row that is there. 4. How far does it go? gcloud scheduler jobs run audit-<primary> looks at the last two days, with ?full=true in its address at all."
    })
    archive-failed = merge(local.counted, {
      severity = "sev3", title = "Evidence is not archived", above = 0, over = 3600
      filter   = local.sentence_filter.archive_failed
      runbook  = "The invoice stays marked and the sweep asks again. 'holds other evidence' is worse than it sounds: the ledger under an archived invoice has changed; treat it as sev1."
    })
    invoices-failed = merge(local.counted, {
      severity = "sev3", title = "An organization was passed over by the invoice run", above = 0, over = 3600
      filter   = local.sentence_filter.invoice_run_failed
      runbook  = "Every run tries again, period by period; nothing is skipped and nothing is invoiced twice. Read the error of that tenant in the log line; the others have their invoices."
    })
    requests-failed = merge(local.counted, {
      severity = "sev3", title = "A function met a fault in its code", above = 5, groups = ["metric.label.function"]
      filter   = local.sentence_filter.request_failed
      runbook  = "An error that is neither a refusal nor transient: a bug, with its stack in the log. In seal-ledger: 'the vault holds another seal' means that somebody forked the log; treat it as sev1."
    })
    copies-failed = merge(local.counted, {
      severity = "sev4", title = "Pages are copied late", above = 50, over = 3600
      filter   = local.sentence_filter.mirror_failed
      runbook  = "The sweep copies them within seconds, and until then tenants read their last pages from the API. So many of them: look at Firestore's errors and quotas."
    })
    # A failure now and then is healed within seconds. One in every five minutes of half an hour is not.
    copies-failing = merge(local.counted, {
      severity = "sev3", title = "Pages cannot be copied", above = 0, for_seconds = 1800
      filter   = local.sentence_filter.mirror_failed
      runbook  = "For half an hour copies have failed, and the sweep's with them. Receipts are safe; tenants who read Firestore do not see the newest. 1. Read the error of mirror_failed: PERMISSION_DENIED is a grant or its condition, RESOURCE_EXHAUSTED a quota. 2. One tenant only? A page that was written there by somebody else. 3. Firestore's status. The sweep catches up by itself."
    })
    views-failing = merge(local.counted, {
      severity = "sev3", title = "Read models cannot be written", above = 0, for_seconds = 1800
      filter   = local.sentence_filter.projection_failed
      runbook  = "For half an hour invoices and summaries that tenants see in Firestore have not been brought up to date; the API and the ledger are not concerned. Read the error of projection_failed: a grant, a quota, or a document that grew too large for one tenant. The sweep makes them again by itself once the cause is gone."
    })
    copies-healed = merge(local.counted, {
      severity = "sev4", title = "The sweep heals many copies", above = 100, over = 3600
      filter   = local.sentence_filter.mirror_healed
      runbook  = "Healing is what it is for; often means that sign-receipts loses instances between commit and copy (memory, drain_incomplete)."
    })
    announcements-failed = merge(local.counted, {
      severity = "sev4", title = "Doorbells cannot be rung", above = 50, over = 3600
      filter   = local.sentence_filter.announcement_failed
      runbook  = "Batches are safe and the sweep rings for them, up to ten seconds later. Pub/Sub's errors, or a grant that is missing."
    })
    drains-incomplete = merge(local.counted, {
      severity = "sev4", title = "Instances stop with requests under way", above = 10, over = 3600, groups = ["metric.label.function"]
      filter   = local.sentence_filter.drain_incomplete
      runbook  = "Requests took longer than DRAIN_SECONDS when an instance was stopped. Their callers repeat them and no event is billed twice. Often: shorten what one request does."
    })
    downloads = merge(local.counted, {
      severity = "sev4", title = "Unusually many evidence downloads", above = 500, over = 3600
      filter   = local.sentence_filter.evidence_downloaded
      runbook  = "An audit, or somebody who drains the archive with a stolen key. The log line names tenant and key_id; ask the tenant, revoke the key."
    })
  }

  # Silence. duration_seconds is at most 23.5 hours.
  absences = {
    no-verdict = {
      severity = "sev1", title = "No reconciliation for three hours", duration_seconds = 10800
      filter   = local.sentence_filter.reconciled
      runbook  = "Corruption would not be found. 1. Does the scheduler call? (job deep-<location>) 2. Does reconcile-chain fail or take longer than its 30 minutes? 3. Call it by hand: gcloud scheduler jobs run deep-<primary>."
    }
    no-tail-verdict = {
      severity = "sev2", title = "The last hours were not gone over for five minutes", duration_seconds = 300, over = 60
      filter   = local.sentence_filter.tail_verified
      runbook  = "Corruption of what was just written would be found by the hourly pass only. 1. Does the scheduler call? (job tail-<primary>) 2. Does reconcile-chain fail or take longer than a minute for it? The log line tail_verified says how many entries it went over. 3. Call it by hand: gcloud scheduler jobs run tail-<primary>."
    }
    no-sweep = {
      severity = "sev2", title = "No sweep for ten minutes", duration_seconds = 600
      filter   = "metric.type = \"logging.googleapis.com/user/${google_logging_metric.job.name}\" AND resource.type = \"cloud_scheduler_job\" AND metric.label.job = starts_with(\"sweep-\")"
      runbook  = "Lost doorbells are not rung again, lost copies not healed. 1. Are the jobs paused in every location? 2. Scheduler's region: give another location the role primary. 3. The function's errors."
    }
    no-invoice-run = {
      severity = "sev2", title = "No invoice run for thirty minutes", duration_seconds = 1800
      filter   = "metric.type = \"logging.googleapis.com/user/${google_logging_metric.job.name}\" AND resource.type = \"cloud_scheduler_job\" AND metric.label.job = starts_with(\"invoices-\")"
      runbook  = "Periods close late, never wrongly: the next run catches up, period by period. Look as for no-sweep: paused jobs, the scheduler's region, the function's errors."
    }
  }
}

resource "google_monitoring_alert_policy" "threshold" {
  for_each = local.thresholds

  project               = var.project
  display_name          = "${each.value.severity} ${each.value.title}"
  combiner              = "OR"
  severity              = local.severities[each.value.severity]
  notification_channels = [google_monitoring_notification_channel.severity[each.value.severity].id]
  user_labels           = merge(var.labels, { severity = each.value.severity })

  conditions {
    display_name = each.key

    condition_threshold {
      filter             = each.value.filter
      comparison         = "COMPARISON_GT"
      threshold_value    = each.value.above
      duration           = "${each.value.for_seconds}s"
      denominator_filter = try(each.value.denominator, null)

      aggregations {
        alignment_period     = "${each.value.over}s"
        per_series_aligner   = each.value.aligner
        cross_series_reducer = each.value.reducer
        group_by_fields      = each.value.groups
      }

      dynamic "denominator_aggregations" {
        for_each = can(each.value.denominator) ? [true] : []

        content {
          alignment_period     = "${each.value.over}s"
          per_series_aligner   = each.value.aligner
          cross_series_reducer = each.value.reducer
          group_by_fields      = each.value.groups
        }
      }

      trigger {
        count = 1
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
  }
}

resource "google_monitoring_alert_policy" "absence" {
  for_each = local.absences

  project               = var.project
  display_name          = "${each.value.severity} ${each.value.title}"
  combiner              = "OR"
  severity              = local.severities[each.value.severity]
  notification_channels = [google_monitoring_notification_channel.severity[each.value.severity].id]
  user_labels           = merge(var.labels, { severity = each.value.severity })

  conditions {
    display_name = each.key

    condition_absent {
      filter   = each.value.filter
      duration = "${each.value.duration_seconds}s"

      aggregations {
        alignment_period     = "${try(each.value.over, 300)}s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }

      trigger {
        count = 1
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
  }
}

# A seal is due within ten seconds of new receipts, and an idle ledger makes none: so silence counts only beside receipts.
resource "google_monitoring_alert_policy" "seal_age" {
  project               = var.project
  display_name          = "sev2 Receipts are not sealed"
  combiner              = "AND"
  severity              = local.severities.sev2
  notification_channels = [google_monitoring_notification_channel.severity["sev2"].id]
  user_labels           = merge(var.labels, { severity = "sev2" })

  conditions {
    display_name = "doorbells for the sealer arrive"

    condition_threshold {
      filter          = "metric.type = \"pubsub.googleapis.com/topic/send_request_count\" AND resource.type = \"pubsub_topic\" AND resource.label.topic_id = \"${var.receipts_topic}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "600s"

      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  conditions {
    display_name = "no seal for ten minutes"

    condition_absent {
      filter   = local.sentence_filter.ledger_sealed
      duration = "600s"

      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    subject   = "${var.environment} ${var.residency}: Receipts are not sealed"
    content   = "Receipts exist that no signature covers yet. They are safe and in order; proofs and invoices' evidence wait. 1. Errors of the key service (key-errors). 2. request_failed in seal-ledger: 'the vault holds another seal' is a fork, treat it as sev1. 3. The subscription's oldest message."
  }

  alert_strategy {
    auto_close = "86400s"
  }
}
