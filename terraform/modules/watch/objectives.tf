# What we promise, as objectives over 28 days, and how fast their budget may burn before somebody hears of it.

locals {
  objectives = {
    availability = {
      title = "Usage is accepted: 99.99 % of answers are no 5xx", goal = 0.9999
      total = "metric.type=\"loadbalancing.googleapis.com/https/request_count\" resource.type=\"https_lb_rule\" resource.label.backend_target_name=\"${var.backend_services.ingest}\""
      bad   = "metric.type=\"loadbalancing.googleapis.com/https/request_count\" resource.type=\"https_lb_rule\" resource.label.backend_target_name=\"${var.backend_services.ingest}\" metric.label.response_code_class=500"
    }
    api-availability = {
      title = "Questions are answered: 99.9 % of answers are no 5xx", goal = 0.999
      total = "metric.type=\"loadbalancing.googleapis.com/https/request_count\" resource.type=\"https_lb_rule\" resource.label.backend_target_name=\"${var.backend_services.api}\""
      bad   = "metric.type=\"loadbalancing.googleapis.com/https/request_count\" resource.type=\"https_lb_rule\" resource.label.backend_target_name=\"${var.backend_services.api}\" metric.label.response_code_class=500"
    }
    latency = {
      title = "Usage is accepted quickly: 99 % within 100 ms", goal = 0.99
      cut   = "metric.type=\"loadbalancing.googleapis.com/https/backend_latencies\" resource.type=\"https_lb_rule\" resource.label.backend_target_name=\"${var.backend_services.ingest}\""
      max   = 100
    }
    freshness = {
      title = "Usage is rated quickly: 99 % of minutes with nothing waiting longer than 30 s", goal = 0.99
      mean  = "metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" resource.type=\"pubsub_subscription\" resource.label.subscription_id=\"${var.subscriptions["sign-receipts"]}\""
      max   = 30, window = 60
    }
    sealing = {
      title = "Receipts are sealed quickly: 99 % of minutes with no doorbell waiting longer than 60 s", goal = 0.99
      mean  = "metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" resource.type=\"pubsub_subscription\" resource.label.subscription_id=\"${var.subscriptions["seal-ledger"]}\""
      max   = 60, window = 60
    }
    evidence = {
      title = "Evidence is archived: 99 % of five minutes with no invoice waiting longer than an hour", goal = 0.99
      mean  = "metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" resource.type=\"pubsub_subscription\" resource.label.subscription_id=\"${var.subscriptions["archive-period-invoiced"]}\""
      max   = 3600, window = 300
    }
    # There is no budget for this one: the alert ledger-fault pages at the first. The objective is the record of it.
    soundness = {
      title = "The ledger holds: no five minutes with a fault", goal = 0.9999
      sum   = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.sentence["ledger_fault"].name}\" resource.type=\"cloud_run_revision\""
      max   = 0, window = 300
    }
  }

  # How many times faster than sustainable, seen over a long window (it matters) and a short one (it still goes on).
  burns = {
    fast = { rate = 14.4, long = "3600s", short = "300s", severity = "sev2", says = "two per cent of the month's budget in an hour" }
    slow = { rate = 6, long = "21600s", short = "1800s", severity = "sev2", says = "five per cent of the month's budget in six hours" }
    leak = { rate = 1, long = "259200s", short = "21600s", severity = "sev3", says = "the budget will be gone by the end of the month" }
  }

  burning = merge([
    for objective in keys(local.objectives) : { for burn, settings in local.burns : "${objective}-${burn}" => merge(settings, { objective = objective }) }
    if objective != "soundness"
  ]...)
}

resource "google_monitoring_custom_service" "main" {
  project      = var.project
  service_id   = "tallystick-${var.residency}"
  display_name = "Tallystick ${var.residency}"
  user_labels  = var.labels
}

resource "google_monitoring_slo" "objective" {
  for_each = local.objectives

  project             = var.project
  service             = google_monitoring_custom_service.main.service_id
  slo_id              = each.key
  display_name        = each.value.title
  goal                = each.value.goal
  rolling_period_days = 28
  user_labels         = var.labels

  dynamic "request_based_sli" {
    for_each = can(each.value.total) || can(each.value.cut) ? [each.value] : []

    content {
      dynamic "good_total_ratio" {
        for_each = can(each.value.total) ? [each.value] : []

        content {
          total_service_filter = good_total_ratio.value.total
          bad_service_filter   = good_total_ratio.value.bad
        }
      }

      dynamic "distribution_cut" {
        for_each = can(each.value.cut) ? [each.value] : []

        content {
          distribution_filter = distribution_cut.value.cut

          range {
            max = distribution_cut.value.max
          }
        }
      }
    }
  }

  dynamic "windows_based_sli" {
    for_each = can(each.value.window) ? [each.value] : []

    content {
      window_period = "${windows_based_sli.value.window}s"

      dynamic "metric_mean_in_range" {
        for_each = can(each.value.mean) ? [each.value] : []

        content {
          time_series = metric_mean_in_range.value.mean

          range {
            max = metric_mean_in_range.value.max
          }
        }
      }

      dynamic "metric_sum_in_range" {
        for_each = can(each.value.sum) ? [each.value] : []

        content {
          time_series = metric_sum_in_range.value.sum

          range {
            max = metric_sum_in_range.value.max
          }
        }
      }
    }
  }
}

resource "google_monitoring_alert_policy" "burn" {
  for_each = local.burning

  project               = var.project
  display_name          = "${each.value.severity} ${each.value.objective} burns its budget (${each.value.rate}x)"
  combiner              = "AND"
  severity              = local.severities[each.value.severity]
  notification_channels = [google_monitoring_notification_channel.severity[each.value.severity].id]
  user_labels           = merge(var.labels, { severity = each.value.severity })

  conditions {
    display_name = "over ${each.value.long}"

    condition_threshold {
      filter          = "select_slo_burn_rate(\"${google_monitoring_slo.objective[each.value.objective].id}\", \"${each.value.long}\")"
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.rate
      duration        = "0s"
    }
  }

  conditions {
    display_name = "and still over ${each.value.short}"

    condition_threshold {
      filter          = "select_slo_burn_rate(\"${google_monitoring_slo.objective[each.value.objective].id}\", \"${each.value.short}\")"
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.rate
      duration        = "0s"
    }
  }

  documentation {
    mime_type = "text/markdown"
    subject   = "${var.environment} ${var.residency}: ${each.value.objective} burns its budget"
    content   = "${local.objectives[each.value.objective].title}. At this rate, ${each.value.says}. The alerts on causes say why; if none of them speaks, begin with the dashboard. While a fast burn lasts, nothing is released."
  }

  alert_strategy {
    auto_close = "86400s"
  }
}
