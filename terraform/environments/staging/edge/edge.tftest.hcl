mock_provider "google" {
  override_during = plan

  mock_resource "google_compute_global_address" {
    defaults = { address = "203.0.113.1" }
  }
}

variables {
  residency = "eu"
}

run "the_stack_has_an_address_of_either_kind" {
  command = plan

  assert {
    condition     = toset(keys(output.addresses)) == toset(["IPV4", "IPV6"])
    error_message = "An address is missing."
  }
}

run "only_what_serves_stands_behind_it" {
  command = plan

  assert {
    condition     = toset(output.serving) == toset(["europe-west1", "europe-west4"])
    error_message = "The standby is asked, or a serving location is not."
  }
}

run "staging_rehearses_production" {
  command = plan

  assert {
    condition     = alltrue([for file in ["main.tf", "outputs.tf", "variables.tf", "versions.tf", "backend.tf"] : file("${path.module}/${file}") == file("${path.module}/../../production/edge/${file}")])
    error_message = "Staging is put together otherwise than production."
  }
}
