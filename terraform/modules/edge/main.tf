# The one door to the internet: a global address, TLS, Cloud Armor, then the nearest serving location. The functions refuse
# whatever does not come through it.

locals {
  # Everything under a name of its own; what is not ingest's is the API's.
  ingest_path = "/api/v1/billing/usage"
  backends    = toset(["ingest", "api"])

  doors = merge([
    for location in var.locations : { for name in local.backends : "${location}/${name}" => { location = location, name = name } }
  ]...)
}

resource "google_compute_region_network_endpoint_group" "function" {
  for_each = local.doors

  project               = var.project
  region                = each.value.location
  name                  = "tallystick-${each.value.name}"
  network_endpoint_type = "SERVERLESS"

  cloud_run {
    service = each.value.name
  }

  lifecycle {
    # A backend service lets go of the old group only when it has the new one.
    create_before_destroy = true
  }
}

resource "google_compute_backend_service" "function" {
  for_each = local.backends

  project               = var.project
  name                  = "tallystick-${each.key}"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  protocol              = "HTTPS"
  security_policy       = google_compute_security_policy.edge.id
  enable_cdn            = false

  dynamic "backend" {
    for_each = var.locations

    content {
      group = google_compute_region_network_endpoint_group.function["${backend.value}/${each.key}"].id
    }
  }

  # Functions have no health checks. A location that answers with errors is left out for a while instead: the other takes
  # over within seconds, and nobody has to be awake.
  outlier_detection {
    consecutive_errors           = 5
    enforcing_consecutive_errors = 100
    max_ejection_percent         = 50

    interval {
      seconds = 5
    }
    base_ejection_time {
      seconds = 30
    }
  }

  log_config {
    enable      = true
    sample_rate = 1.0
  }
}

resource "google_compute_url_map" "edge" {
  project         = var.project
  name            = "tallystick"
  default_service = google_compute_backend_service.function["api"].id

  host_rule {
    hosts        = [var.host]
    path_matcher = "billing"
  }

  path_matcher {
    name            = "billing"
    default_service = google_compute_backend_service.function["api"].id

    path_rule {
      paths   = [local.ingest_path]
      service = google_compute_backend_service.function["ingest"].id
    }
  }

  # Google tries these before it takes the map.
  test {
    description = "usage goes to ingest"
    host        = var.host
    path        = local.ingest_path
    service     = google_compute_backend_service.function["ingest"].id
  }
  test {
    description = "what lies below it is the API's"
    host        = var.host
    path        = "${local.ingest_path}/summary"
    service     = google_compute_backend_service.function["api"].id
  }
}

# --- TLS and addresses -----------------------------------------------------------------------------------------------------

resource "google_compute_managed_ssl_certificate" "edge" {
  project = var.project
  name    = "tallystick-${replace(var.host, ".", "-")}"

  managed {
    domains = [var.host]
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_compute_ssl_policy" "edge" {
  project         = var.project
  name            = "tallystick"
  profile         = "RESTRICTED"
  min_tls_version = "TLS_1_2"
}

resource "google_compute_target_https_proxy" "edge" {
  project          = var.project
  name             = "tallystick"
  url_map          = google_compute_url_map.edge.id
  ssl_certificates = [google_compute_managed_ssl_certificate.edge.id]
  ssl_policy       = google_compute_ssl_policy.edge.id
}

resource "google_compute_global_address" "edge" {
  for_each = toset(["IPV4", "IPV6"])

  project    = var.project
  name       = "tallystick-${lower(each.key)}"
  ip_version = each.key
  labels     = var.labels

  lifecycle {
    # Customers' firewalls know it.
    prevent_destroy = true
  }
}

resource "google_compute_global_forwarding_rule" "https" {
  for_each = google_compute_global_address.edge

  project               = var.project
  name                  = "tallystick-https-${lower(each.key)}"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = each.value.id
  port_range            = "443"
  target                = google_compute_target_https_proxy.edge.id
  labels                = var.labels
}

# Plain HTTP is told where to go, and nothing else. A key sent over it has been sent in the open all the same.
resource "google_compute_url_map" "to_https" {
  project = var.project
  name    = "tallystick-to-https"

  default_url_redirect {
    https_redirect         = true
    redirect_response_code = "MOVED_PERMANENTLY_DEFAULT"
    strip_query            = false
  }
}

resource "google_compute_target_http_proxy" "to_https" {
  project = var.project
  name    = "tallystick-to-https"
  url_map = google_compute_url_map.to_https.id
}

resource "google_compute_global_forwarding_rule" "http" {
  for_each = google_compute_global_address.edge

  project               = var.project
  name                  = "tallystick-http-${lower(each.key)}"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = each.value.id
  port_range            = "80"
  target                = google_compute_target_http_proxy.to_https.id
  labels                = var.labels
}
