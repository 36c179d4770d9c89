mock_provider "google" {
  override_during = plan

  mock_resource "google_compute_backend_service" {
    defaults = { id = "projects/tallystick-test-eu/global/backendServices/some" }
  }
  mock_resource "google_compute_security_policy" {
    defaults = { id = "projects/tallystick-test-eu/global/securityPolicies/tallystick" }
  }
  mock_resource "google_compute_ssl_policy" {
    defaults = { id = "projects/tallystick-test-eu/global/sslPolicies/tallystick" }
  }

  override_resource {
    target = google_compute_backend_service.function["ingest"]
    values = { id = "projects/tallystick-test-eu/global/backendServices/tallystick-ingest" }
  }
  override_resource {
    target = google_compute_backend_service.function["api"]
    values = { id = "projects/tallystick-test-eu/global/backendServices/tallystick-api" }
  }
  override_resource {
    target = google_compute_region_network_endpoint_group.function["europe-west1/api"]
    values = { id = "projects/tallystick-test-eu/regions/europe-west1/networkEndpointGroups/tallystick-api" }
  }
  override_resource {
    target = google_compute_region_network_endpoint_group.function["europe-west1/ingest"]
    values = { id = "projects/tallystick-test-eu/regions/europe-west1/networkEndpointGroups/tallystick-ingest" }
  }
  override_resource {
    target = google_compute_region_network_endpoint_group.function["europe-west4/api"]
    values = { id = "projects/tallystick-test-eu/regions/europe-west4/networkEndpointGroups/tallystick-api" }
  }
  override_resource {
    target = google_compute_region_network_endpoint_group.function["europe-west4/ingest"]
    values = { id = "projects/tallystick-test-eu/regions/europe-west4/networkEndpointGroups/tallystick-ingest" }
  }
}

variables {
  project   = "tallystick-test-eu"
  host      = "eu.billing.tallystick.example"
  locations = ["europe-west1", "europe-west4"]
  labels    = { system = "tallystick" }
}

run "usage_goes_to_ingest_and_everything_else_to_the_api" {
  command = plan

  assert {
    condition     = one(google_compute_url_map.edge.path_matcher[0].path_rule).paths == toset(["/api/v1/billing/usage"]) && endswith(one(google_compute_url_map.edge.path_matcher[0].path_rule).service, "/tallystick-ingest")
    error_message = "POST /api/v1/billing/usage is ingest's, and nothing below it."
  }
  assert {
    condition     = endswith(google_compute_url_map.edge.path_matcher[0].default_service, "/tallystick-api") && endswith(google_compute_url_map.edge.default_service, "/tallystick-api")
    error_message = "What is not ingest's is the API's."
  }
  assert {
    condition     = strcontains(file("${path.module}/../../../functions/ingest/operation.ts"), "path: '/api/v1/billing/usage'")
    error_message = "ingest answers on another path."
  }
}

run "every_serving_location_answers_and_no_other" {
  command = plan

  assert {
    condition     = toset(keys(google_compute_region_network_endpoint_group.function)) == toset(["europe-west1/api", "europe-west1/ingest", "europe-west4/api", "europe-west4/ingest"])
    error_message = "A location is missing, or an internal function has a door."
  }
  assert {
    condition     = alltrue([for key, door in google_compute_region_network_endpoint_group.function : contains(["ingest", "api"], door.cloud_run[0].service) && door.network_endpoint_type == "SERVERLESS"])
    error_message = "A door leads elsewhere."
  }
  assert {
    condition     = alltrue([for service in google_compute_backend_service.function : length(service.backend) == 2 && length(service.outlier_detection) == 1])
    error_message = "Both locations stand behind each service, and a failing one is left out."
  }
}

run "nothing_comes_past_cloud_armor" {
  command = plan

  assert {
    condition     = alltrue([for service in google_compute_backend_service.function : service.security_policy == google_compute_security_policy.edge.id])
    error_message = "A backend has no policy."
  }
  assert {
    condition     = length([for rule in google_compute_security_policy.edge.rule : rule if rule.action == "throttle"]) == 2
    error_message = "Keys and addresses are throttled."
  }
  assert {
    condition     = alltrue([for rule in google_compute_security_policy.edge.rule : strcontains(rule.match[0].expr[0].expression, "evaluatePreconfiguredWaf(") && rule.action == "deny(403)" if rule.priority < 2000])
    error_message = "A preconfigured rule is off."
  }
  assert {
    condition     = google_compute_security_policy.edge.adaptive_protection_config[0].layer_7_ddos_defense_config[0].enable
    error_message = "Adaptive protection is off."
  }
}

run "nothing_is_answered_in_the_open" {
  command = plan

  assert {
    condition     = google_compute_ssl_policy.edge.min_tls_version == "TLS_1_2" && google_compute_ssl_policy.edge.profile == "RESTRICTED"
    error_message = "Old TLS is accepted."
  }
  assert {
    condition     = google_compute_url_map.to_https.default_url_redirect[0].https_redirect
    error_message = "Plain HTTP is answered."
  }
  assert {
    condition     = alltrue([for rule in google_compute_global_forwarding_rule.https : rule.port_range == "443"])
    error_message = "HTTPS is on port 443."
  }
}

run "a_url_as_a_host_is_refused" {
  command = plan

  variables {
    host = "https://eu.billing.tallystick.example/"
  }

  expect_failures = [var.host]
}

run "no_location_at_all_is_refused" {
  command = plan

  variables {
    locations = []
  }

  expect_failures = [var.locations]
}
