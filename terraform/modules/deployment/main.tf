# The functions of one stack in all its locations, with what rings them. The primary location takes the doorbells and the
# deep pass; active ones serve beside it; a standby is deployed and waits.

locals {
  packages = { for name in keys(var.functions) : name => "${var.packages_folder}/${name}.zip" }
  serving  = { for location, settings in var.locations : location => settings if settings.role != "standby" }
  primary  = one([for location, settings in var.locations : location if settings.role == "primary"])

  # One function in one location.
  deployed = merge([
    for location, settings in var.locations : {
      for name, function in var.functions : "${location}/${name}" => {
        name     = name
        location = location
        function = function
        # A standby keeps no instance; it is made serving by its role.
        size     = merge(var.sizes[name], settings.role == "standby" ? { instances_min = 0 } : {})
        audience = format(var.audience, location, name)
      }
    }
  ]...)

  # What every function is told. Names: shared/edge/config.ts.
  environment = {
    PLATFORM              = "cloud"
    ENVIRONMENT           = var.environment
    REGION                = var.residency
    REGION_ENDPOINTS      = join(",", [for residency, endpoint in var.endpoints : "${residency}=${endpoint}"])
    LEDGER_ORIGIN         = var.ledger_origin
    PUBLIC_URL            = var.endpoints[var.residency]
    INVOICE_PREFIX        = var.invoice_prefix
    SEAL_INTERVAL_SECONDS = tostring(var.settings.seal_interval_seconds)
    HOT_WINDOW_DAYS       = tostring(var.settings.hot_window_days)
    LOG_LEVEL             = var.settings.log_level
    FORWARDED_HOPS        = "2" # the load balancer appends the caller's address and its own
    GOOGLE_CLOUD_PROJECT  = var.project
    SPANNER_INSTANCE      = var.names.spanner_instance
    SPANNER_DATABASE      = var.names.spanner_database
    FIRESTORE_DATABASE    = var.names.firestore_database
    TOPIC_PREFIX          = var.names.topic_prefix
    VAULT_BUCKET          = var.names.vault_bucket
    KMS_KEY_RING          = var.key_ring
    WRAPPING_KEY          = var.wrapping_key
  }
  telemetry = var.settings.otlp_endpoint == "" ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT = var.settings.otlp_endpoint }

  # Capacity: read-write transactions that may be under way at once, were every instance of every serving location at its
  # ceiling, against what Spanner at its ceiling carries. Push goes to the primary alone.
  subscribed = toset(values(var.subscriptions)[*].function)
  requests_max = sum([
    for name, size in var.sizes :
    size.instances_max * size.concurrency * (contains(local.subscribed, name) && !contains(values(var.jobs)[*].function, name) ? 1 : length(local.serving))
  ])
  transactions_carried = floor(var.spanner_processing_units_max / 1000) * var.transactions_per_node
}

# A warning and no refusal: after a failover it is so for a while.
check "primary_is_where_spanner_leads" {
  assert {
    condition     = local.primary == var.spanner_leader
    error_message = "Doorbells are answered in ${coalesce(local.primary, "no location")}, commits are decided in ${var.spanner_leader}: each of them crosses between regions. Move Spanner's leader, or the primary back."
  }
}

# --- what runs ---------------------------------------------------------------------------------------------------------------

resource "google_storage_bucket_object" "package" {
  for_each = local.packages

  bucket       = var.names.packages_bucket
  name         = "${each.key}/${filesha256(each.value)}.zip"
  source       = each.value
  content_type = "application/zip"

  # The version before stays: going back is deploying it again.
  deletion_policy = "ABANDON"
}

module "function" {
  source   = "../function"
  for_each = local.deployed

  project               = var.project
  location              = each.value.location
  name                  = each.value.name
  repository            = var.repository
  labels                = merge(var.labels, { function = each.value.name })
  package               = { bucket = var.names.packages_bucket, object = google_storage_bucket_object.package[each.value.name].name }
  build_service_account = "projects/${var.project}/serviceAccounts/${var.other_emails.builder}"
  docker_repository     = "projects/${var.project}/locations/${each.value.location}/repositories/${var.names.repository}"
  service_account       = var.function_emails[each.value.name]
  public                = each.value.function.public
  invokers              = var.callers[each.value.name]
  size                  = each.value.size
  timeout_seconds       = each.value.function.timeout_seconds

  environment_variables = merge(local.chosen, local.environment, local.telemetry, {
    CALLER_AUDIENCE = each.value.audience
    # The public edge has no internal routes; the setting may not be empty, so it names who calls the others.
    CALLERS = join(",", each.value.function.public ? [var.other_emails.push, var.other_emails.scheduler] : var.callers[each.value.name])
  })

  secrets = {
    for variable in each.value.function.secrets : variable => {
      project = var.project_number
      secret  = var.names.secrets[variable]
      version = var.secret_versions[variable]
    }
  }
}

# --- who rings -----------------------------------------------------------------------------------------------------------------

module "doorbell" {
  source   = "../doorbell"
  for_each = var.subscriptions

  project                  = var.project
  project_number           = var.project_number
  name                     = "${var.names.topic_prefix}${each.key}"
  topic                    = "${var.names.topic_prefix}${each.value.topic}"
  endpoint                 = "${module.function["${local.primary}/${each.value.function}"].uri}/"
  audience                 = local.deployed["${local.primary}/${each.value.function}"].audience
  push_email               = var.other_emails.push
  ack_deadline_seconds     = each.value.ack_deadline_seconds
  function_timeout_seconds = var.functions[each.value.function].timeout_seconds
  regions                  = toset(keys(var.locations))
  kms_key                  = var.topics_key
  labels                   = var.labels
}

module "schedule" {
  source   = "../schedule"
  for_each = var.locations

  project          = var.project
  location         = each.key
  scheduler_region = each.value.scheduler
  scheduler_email  = var.other_emails.scheduler

  jobs = {
    for name, job in var.jobs : name => {
      function                 = job.function
      address                  = module.function["${each.key}/${job.function}"].uri
      audience                 = local.deployed["${each.key}/${job.function}"].audience
      path                     = job.path
      schedule                 = job.schedule
      handler_seconds          = job.handler_seconds
      attempt_deadline_seconds = job.attempt_deadline_seconds
      retries                  = job.retries
      paused                   = each.value.role == "standby" || (!job.everywhere && each.value.role != "primary")
    }
  }
}
