mock_provider "google" {
  override_during = plan

  mock_data "google_project" {
    defaults = { number = "100000000001" }
  }
}

variables {
  residency = "eu"
}

run "the_archive_keeps_what_it_is_given_for_seven_years" {
  command = plan

  assert {
    condition     = output.vault.bucket == "tallystick-staging-eu-vault" && output.vault.retention_days >= 2557
    error_message = "Seven years are 2,557 days."
  }
}

run "the_book_of_record_is_called_what_the_functions_are_told" {
  command = plan

  variables {
    residency = "us"
  }

  assert {
    condition     = output.database == { instance = "tallystick", database = "tallystick" }
    error_message = "Instance and database are called otherwise."
  }
}

run "staging_rehearses_production" {
  command = plan

  assert {
    condition     = alltrue([for file in ["main.tf", "outputs.tf", "variables.tf", "versions.tf", "backend.tf"] : file("${path.module}/${file}") == file("${path.module}/../../production/data/${file}")])
    error_message = "Staging is put together otherwise than production."
  }
}
