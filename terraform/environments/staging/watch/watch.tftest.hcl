mock_provider "google" {
  override_during = plan

  mock_resource "google_monitoring_slo" {
    defaults = { id = "projects/1/services/tallystick-eu/serviceLevelObjectives/some" }
  }
  mock_resource "google_monitoring_uptime_check_config" {
    defaults = { uptime_check_id = "health" }
  }
}

variables {
  residency = "eu"
}

run "all_severities_are_in_use" {
  command = plan

  assert {
    condition     = alltrue([for severity in ["sev1", "sev2", "sev3", "sev4"] : output.severities[severity] > 0])
    error_message = "A severity without an alert."
  }
}

run "what_is_promised" {
  command = plan

  assert {
    condition     = output.objectives["availability"].goal == 0.9999 && output.objectives["freshness"].goal == 0.99
    error_message = "The objectives are others than were promised."
  }
}

run "staging_rehearses_production" {
  command = plan

  assert {
    condition     = alltrue([for file in ["main.tf", "outputs.tf", "variables.tf", "versions.tf", "backend.tf"] : file("${path.module}/${file}") == file("${path.module}/../../production/watch/${file}")])
    error_message = "Staging is put together otherwise than production."
  }
}
