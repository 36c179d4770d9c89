# Seen from outside: the address, its certificate, the load balancer, the function, a read of the store. Not /healthz:
# Cloud Run keeps paths that end in z to itself (known issues, "Reserved URL paths").
resource "google_monitoring_uptime_check_config" "health" {
  project      = var.project
  display_name = "Tallystick ${var.residency} answers"
  timeout      = "10s"
  period       = "60s"
  user_labels  = var.labels

  http_check {
    path         = "/.well-known/jwks.json"
    port         = 443
    use_ssl      = true
    validate_ssl = true

    accepted_response_status_codes {
      status_class = "STATUS_CLASS_2XX"
    }
  }

  content_matchers {
    content = "\"keys\""
    matcher = "CONTAINS_STRING"
  }

  monitored_resource {
    type = "uptime_url"
    labels = {
      project_id = var.project
      host       = var.host
    }
  }
}

resource "google_monitoring_alert_policy" "uptime" {
  project               = var.project
  display_name          = "sev2 Tallystick ${var.residency} does not answer"
  combiner              = "OR"
  severity              = local.severities.sev2
  notification_channels = [google_monitoring_notification_channel.severity["sev2"].id]
  user_labels           = merge(var.labels, { severity = "sev2" })

  conditions {
    display_name = "from two places or more"

    condition_threshold {
      filter          = "metric.type = \"monitoring.googleapis.com/uptime_check/check_passed\" AND resource.type = \"uptime_url\" AND metric.label.check_id = \"${google_monitoring_uptime_check_config.health.uptime_check_id}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 1
      duration        = "60s"

      aggregations {
        alignment_period     = "120s"
        per_series_aligner   = "ALIGN_NEXT_OLDER"
        cross_series_reducer = "REDUCE_COUNT_FALSE"
      }

      trigger {
        count = 1
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    subject   = "${var.environment} ${var.residency}: does not answer"
    content   = "1. All residency regions or this one? Each has its own project: if all, think of DNS and Google. 2. Certificate. 3. Load balancer's log: is there a healthy backend? 4. Both serving locations: give the standby the role primary and apply functions, then edge. Callers keep their events and send them again with the same keys."
  }

  alert_strategy {
    auto_close = "86400s"
  }
}
