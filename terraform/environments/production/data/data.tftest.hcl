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
    condition     = output.vault.bucket == "tallystick-production-eu-vault" && output.vault.retention_days >= 2557
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

run "apac_can_be_made" {
  command = plan

  variables {
    residency = "apac"
  }

  assert {
    condition     = output.vault.bucket == "tallystick-production-apac-vault"
    error_message = "Another stack's archive."
  }
}
