mock_provider "google" {
  override_during = plan

  mock_data "google_project" {
    defaults = { number = "100000000001" }
  }
  mock_resource "google_service_account" {
    defaults = { email = "someone@tallystick-production-eu.iam.gserviceaccount.com", member = "serviceAccount:someone@tallystick-production-eu.iam.gserviceaccount.com", name = "projects/some/serviceAccounts/someone@tallystick-production-eu.iam.gserviceaccount.com" }
  }
  mock_resource "google_logging_project_bucket_config" {
    defaults = { id = "projects/tallystick-production-audit/locations/eu/buckets/tallystick-production-eu-audit" }
  }
}

variables {
  residency = "eu"
}

run "the_trail_lies_in_the_audit_project_and_in_the_region" {
  command = plan

  assert {
    condition     = startswith(output.audit_bucket, "projects/tallystick-production-audit/locations/eu/")
    error_message = "The trail lies elsewhere."
  }
  assert {
    condition     = output.audit_files == "tallystick-production-eu-audit"
    error_message = "The files of the trail lie elsewhere."
  }
}

run "two_identities_deploy" {
  command = plan

  assert {
    condition     = toset(keys(output.deploy_accounts)) == toset(["steward", "deployer"])
    error_message = "Steward and deployer are two."
  }
}

run "us_and_apac_can_be_made" {
  command = plan

  variables {
    residency = "us"
  }

  assert {
    condition     = length(output.deploy_accounts) == 2
    error_message = "The US stack lacks its deployers."
  }
}
