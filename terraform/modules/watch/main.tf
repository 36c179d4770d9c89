# Who is told of what, and how soon. Four severities:
#   sev1  trust or money is at stake: wake somebody, stop billing of whoever it concerns
#   sev2  customers notice, or will within the hour: wake somebody
#   sev3  works, but not as it should: today
#   sev4  worth a look: this week

locals {
  severities = {
    sev1 = "CRITICAL"
    sev2 = "ERROR"
    sev3 = "WARNING"
    sev4 = null # Cloud Monitoring knows three names; the label severity carries ours
  }

  # A function's log lines: the sentence is in jsonPayload.message (shared/edge/log.ts).
  said = "resource.type=\"cloud_run_revision\" AND jsonPayload.message="

  subscription_filter = "resource.type = \"pubsub_subscription\" AND resource.label.subscription_id = monitoring.regex.full_match(\"${join("|", values(var.subscriptions))}\")"
  dead_letter_filter  = "resource.type = \"pubsub_subscription\" AND resource.label.subscription_id = monitoring.regex.full_match(\"${join("|", var.dead_letters)}\")"
  spanner_filter      = "resource.type = \"spanner_instance\" AND resource.label.instance_id = \"${var.spanner_instance}\""
  run_filter          = "resource.type = \"cloud_run_revision\" AND resource.label.service_name = monitoring.regex.full_match(\"${join("|", var.functions)}\")"
  edge_filter         = "resource.type = \"https_lb_rule\" AND resource.label.backend_target_name = monitoring.regex.full_match(\"${join("|", values(var.backend_services))}\")"
}

resource "google_monitoring_notification_channel" "severity" {
  for_each = var.notify

  project      = var.project
  display_name = "${var.residency} ${each.key}"
  type         = "email"
  labels       = { email_address = each.value }
  user_labels  = merge(var.labels, { severity = each.key })
}
