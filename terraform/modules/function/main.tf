# One function in one location. What it is called, what it runs as and what it is told come from outside; what no function
# may do without (ingress, own account, bounded size) is settled here.

resource "google_cloudfunctions2_function" "this" {
  project     = var.project
  location    = var.location
  name        = var.name
  description = "https://github.com/${var.repository}/tree/main/functions/${var.name}"
  labels      = var.labels

  build_config {
    runtime           = "nodejs24"
    entry_point       = var.name
    service_account   = var.build_service_account
    docker_repository = var.docker_repository

    # Security patches of the runtime's base image, without a deployment.
    automatic_update_policy {}

    source {
      storage_source {
        bucket = var.package.bucket
        # Named by its content: another content is another name, and that is how Terraform sees it.
        object = var.package.object
      }
    }
  }

  service_config {
    service_account_email            = var.service_account
    ingress_settings                 = var.public ? "ALLOW_INTERNAL_AND_GCLB" : "ALLOW_INTERNAL_ONLY"
    all_traffic_on_latest_revision   = true
    min_instance_count               = var.size.instances_min
    max_instance_count               = var.size.instances_max
    max_instance_request_concurrency = var.size.concurrency
    available_cpu                    = var.size.cpu
    available_memory                 = var.size.memory
    timeout_seconds                  = var.timeout_seconds

    environment_variables = merge(var.environment_variables, {
      TRANSACTIONS_MAX = tostring(var.size.transactions_max)
      DRAIN_SECONDS    = tostring(var.drain_seconds)
    })

    dynamic "secret_environment_variables" {
      for_each = var.secrets

      content {
        key        = secret_environment_variables.key
        project_id = secret_environment_variables.value.project
        secret     = secret_environment_variables.value.secret
        version    = secret_environment_variables.value.version
      }
    }
  }

  lifecycle {
    precondition {
      condition     = var.public != (length(var.invokers) > 0)
      error_message = "${var.name} is either public or called by somebody named, not both and not neither."
    }
    precondition {
      condition     = length(setintersection(keys(var.secrets), keys(var.environment_variables))) == 0
      error_message = "A secret is not told a second time for all to read."
    }
  }
}

# A second generation function is a Cloud Run service, and that is where the right to call it lies. The public edge checks
# its callers in code (API keys, JWT) and is reached through the load balancer only.
resource "google_cloud_run_v2_service_iam_member" "public" {
  count = var.public ? 1 : 0

  project  = var.project
  location = var.location
  name     = google_cloudfunctions2_function.this.name
  role     = "roles/run.invoker"
  member   = "allUsers"
}

resource "google_cloud_run_v2_service_iam_member" "invoker" {
  for_each = toset(var.public ? [] : var.invokers)

  project  = var.project
  location = var.location
  name     = google_cloudfunctions2_function.this.name
  role     = "roles/run.invoker"
  member   = "serviceAccount:${each.key}"
}
