# One page, read from top to bottom: does it answer, is it on time, does it hold, what does it stand on.

locals {
  panels = [
    { title = "Requests per second, by function", filters = ["metric.type=\"loadbalancing.googleapis.com/https/request_count\" resource.type=\"https_lb_rule\""], aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", groups = ["resource.label.backend_target_name"] },
    { title = "Answers by class", filters = ["metric.type=\"loadbalancing.googleapis.com/https/request_count\" resource.type=\"https_lb_rule\""], aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", groups = ["metric.label.response_code_class"] },
    { title = "Latency at the edge, 99th percentile, ms", filters = ["metric.type=\"loadbalancing.googleapis.com/https/backend_latencies\" resource.type=\"https_lb_rule\""], aligner = "ALIGN_PERCENTILE_99", reducer = "REDUCE_MAX", groups = ["resource.label.backend_target_name"] },
    { title = "Oldest doorbell, s", filters = ["metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" resource.type=\"pubsub_subscription\""], aligner = "ALIGN_MAX", reducer = "REDUCE_MAX", groups = ["resource.label.subscription_id"] },
    { title = "Undelivered messages", filters = ["metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\" resource.type=\"pubsub_subscription\""], aligner = "ALIGN_MAX", reducer = "REDUCE_MAX", groups = ["resource.label.subscription_id"] },
    { title = "Seals, verdicts, invoices, evidence", filters = [for sentence in ["ledger_sealed", "reconciled", "invoice_issued", "evidence_archived"] : "metric.type=\"logging.googleapis.com/user/tallystick/${sentence}\" resource.type=\"cloud_run_revision\""], aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", groups = [] },
    { title = "Faults and freezes", filters = [for sentence in ["ledger_fault", "faulty_verdict", "billing_frozen", "usage_unratable", "mirror_differs", "push_set_aside"] : "metric.type=\"logging.googleapis.com/user/tallystick/${sentence}\" resource.type=\"cloud_run_revision\""], aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", groups = [] },
    { title = "Healed copies", filters = [for sentence in ["mirror_healed", "projection_healed"] : "metric.type=\"logging.googleapis.com/user/tallystick/${sentence}\" resource.type=\"cloud_run_revision\""], aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", groups = [] },
    { title = "Spanner CPU by priority", filters = ["metric.type=\"spanner.googleapis.com/instance/cpu/utilization_by_priority\" resource.type=\"spanner_instance\""], aligner = "ALIGN_MAX", reducer = "REDUCE_SUM", groups = ["metric.label.priority"] },
    { title = "Spanner processing units", filters = ["metric.type=\"spanner.googleapis.com/instance/processing_units\" resource.type=\"spanner_instance\""], aligner = "ALIGN_MAX", reducer = "REDUCE_MAX", groups = [] },
    { title = "Spanner latency, 99th percentile, s", filters = ["metric.type=\"spanner.googleapis.com/api/request_latencies\" resource.type=\"spanner_instance\""], aligner = "ALIGN_PERCENTILE_99", reducer = "REDUCE_MAX", groups = ["metric.label.method"] },
    { title = "Instances", filters = ["metric.type=\"run.googleapis.com/container/instance_count\" resource.type=\"cloud_run_revision\""], aligner = "ALIGN_MAX", reducer = "REDUCE_SUM", groups = ["resource.label.service_name"] },
    { title = "Memory of an instance, 99th percentile", filters = ["metric.type=\"run.googleapis.com/container/memory/utilizations\" resource.type=\"cloud_run_revision\""], aligner = "ALIGN_PERCENTILE_99", reducer = "REDUCE_MAX", groups = ["resource.label.service_name"] },
    { title = "Calls to the key service, by answer", filters = ["metric.type=\"serviceruntime.googleapis.com/api/request_count\" resource.type=\"consumed_api\" resource.label.service=\"cloudkms.googleapis.com\""], aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", groups = ["metric.label.response_code_class"] },
    { title = "Archive, bytes", filters = ["metric.type=\"storage.googleapis.com/storage/v2/total_bytes\" resource.type=\"gcs_bucket\" resource.label.bucket_name=\"${var.vault_bucket}\""], aligner = "ALIGN_MAX", reducer = "REDUCE_SUM", groups = ["metric.label.storage_class"] },
    { title = "Refused at the edge", filters = ["metric.type=\"networksecurity.googleapis.com/https/request_count\" resource.type=\"network_security_policy\" metric.label.blocked=\"true\""], aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", groups = ["resource.label.policy_name"] },
  ]
}

resource "google_monitoring_dashboard" "main" {
  project = var.project

  dashboard_json = jsonencode({
    displayName = "Tallystick ${var.environment} ${var.residency}"
    labels      = { for value in values(var.labels) : value => "" }
    mosaicLayout = {
      columns = 12
      tiles = [
        for i, panel in local.panels : {
          xPos   = (i % 2) * 6
          yPos   = floor(i / 2) * 4
          width  = 6
          height = 4
          widget = {
            title = panel.title
            xyChart = {
              dataSets = [for filter in panel.filters : {
                plotType = "LINE"
                timeSeriesQuery = {
                  timeSeriesFilter = {
                    filter = filter
                    aggregation = {
                      alignmentPeriod    = "60s"
                      perSeriesAligner   = panel.aligner
                      crossSeriesReducer = panel.reducer
                      groupByFields      = panel.groups
                    }
                  }
                }
              }]
            }
          }
        }
      ]
    }
  })
}
