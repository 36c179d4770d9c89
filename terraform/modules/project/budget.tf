resource "google_monitoring_notification_channel" "budget" {
  project      = var.project
  display_name = "budget"
  type         = "email"
  labels       = { email_address = var.budget_email }
}

resource "google_billing_budget" "project" {
  billing_account = var.billing_account
  display_name    = var.project

  budget_filter {
    projects        = ["projects/${var.project_number}"]
    calendar_period = "MONTH"
  }

  amount {
    specified_amount {
      units = tostring(var.budget_units)
    }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.8, 1.0]

    content {
      threshold_percent = threshold_rules.value
      spend_basis       = "CURRENT_SPEND"
    }
  }

  # Says so while there is still time to do something about it.
  dynamic "threshold_rules" {
    for_each = [1.0, 1.2]

    content {
      threshold_percent = threshold_rules.value
      spend_basis       = "FORECASTED_SPEND"
    }
  }

  all_updates_rule {
    monitoring_notification_channels = [google_monitoring_notification_channel.budget.id]
    disable_default_iam_recipients   = false
  }
}
