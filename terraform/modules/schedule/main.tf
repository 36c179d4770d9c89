# What the scheduler calls in one location. It is at-least-once: every job finds its work in rows, so a second call finds
# nothing to do.

resource "google_cloud_scheduler_job" "job" {
  for_each = var.jobs

  project     = var.project
  region      = var.scheduler_region
  name        = "${each.key}-${var.location}"
  description = "POST ${each.value.path} of ${each.value.function} in ${var.location}"
  schedule    = each.value.schedule
  time_zone   = "Etc/UTC" # periods close by UTC, and an hour is never skipped or doubled
  paused      = each.value.paused

  attempt_deadline = "${each.value.attempt_deadline_seconds}s"

  http_target {
    http_method = "POST"
    uri         = "${each.value.address}${each.value.path}"

    oidc_token {
      service_account_email = var.scheduler_email
      audience              = each.value.audience
    }
  }

  retry_config {
    retry_count          = each.value.retries
    min_backoff_duration = "10s"
    max_backoff_duration = "300s"
    max_doublings        = 4
  }
}
