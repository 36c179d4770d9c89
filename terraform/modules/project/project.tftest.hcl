mock_provider "google" {
  override_during = plan

  mock_resource "google_logging_project_bucket_config" {
    defaults = { id = "projects/tallystick-test-audit/locations/eu/buckets/tallystick-test-eu-audit" }
  }
  mock_resource "google_service_account" {
    defaults = { member = "serviceAccount:someone@tallystick-test-eu.iam.gserviceaccount.com" }
  }
  mock_resource "google_iam_workload_identity_pool" {
    defaults = { name = "projects/1/locations/global/workloadIdentityPools/integration" }
  }
}

variables {
  project            = "tallystick-test-eu"
  project_number     = "100000000001"
  environment        = "test"
  resource_locations = ["in:eu-locations"]
  guard_rails        = "enforce"
  audit_project      = "tallystick-test-audit"
  log_location       = "eu"
  audit_locked       = true

  audit_project_number = "100000000002"
  audit_files          = { location = "EU", kms_location = "europe" }
  auditors             = "auditors@tallystick.example"

  kept_sentences  = ["ledger_fault", "evidence_downloaded"]
  deploy_accounts = { steward = "steward", deployer = "deployer" }
  repository      = "tallystick/tallystick"
  billing_account = "000000-000000-000000"
  budget_units    = 100
  budget_email    = "operations@tallystick.example"
}

run "the_trail_is_kept_seven_years_by_somebody_else" {
  command = plan

  assert {
    condition     = google_logging_project_bucket_config.audit.project != var.project && google_logging_project_bucket_config.audit.retention_days >= 2557
    error_message = "The trail lies in another project for at least seven years: 2,557 days."
  }
  assert {
    condition     = google_storage_bucket.audit_files.project != var.project && google_storage_bucket.audit_files.retention_policy[0].retention_period >= 220924800
    error_message = "Who read and wrote data is kept there as long."
  }
  assert {
    condition     = google_logging_project_bucket_config.audit.locked && google_storage_bucket.audit_files.retention_policy[0].is_locked
    error_message = "The locks were asked for."
  }
  assert {
    condition     = one(google_storage_bucket.audit_files.lifecycle_rule).condition[0].age * 86400 >= google_storage_bucket.audit_files.retention_policy[0].retention_period
    error_message = "A file goes before its time."
  }
  assert {
    condition     = google_kms_crypto_key.audit.version_template[0].protection_level == "HSM" && google_kms_key_ring.audit.project == var.audit_project
    error_message = "The key of the files lies where whoever runs the ledger cannot destroy it."
  }
  assert {
    condition     = alltrue([for log in ["activity", "system_event", "policy"] : strcontains(google_logging_project_sink.audit.filter, "cloudaudit.googleapis.com/${log}")])
    error_message = "A kind of audit log is left out."
  }
  assert {
    condition     = google_logging_project_sink.data_access.filter == "log_id(\"cloudaudit.googleapis.com/data_access\")"
    error_message = "Data access is kept whole."
  }
  assert {
    condition     = google_storage_bucket_iam_member.audit_files_writer.role == "roles/storage.objectCreator" && google_storage_bucket_iam_member.audit_files_reader.role == "roles/storage.objectViewer"
    error_message = "The sink adds files, auditors read them; nobody does more."
  }
  assert {
    condition     = strcontains(google_logging_project_sink.audit.filter, "jsonPayload.message=(\"evidence_downloaded\" OR \"ledger_fault\")")
    error_message = "The suite's own sentences are left out."
  }
  assert {
    condition     = google_logging_project_sink.audit.unique_writer_identity && google_project_iam_member.audit_writer.project == var.audit_project
    error_message = "The sink writes as itself, with a grant in the audit project."
  }
  assert {
    condition     = alltrue([for service in ["spanner", "cloudkms", "storage", "datastore", "secretmanager"] : length(google_project_iam_audit_config.data_access["${service}.googleapis.com"].audit_log_config) == 3])
    error_message = "Reading and writing of data is recorded for every store, for keys and for secrets."
  }
  assert {
    condition     = !strcontains(google_logging_project_exclusion.kept_in_the_trail.filter, "cloudkms") && !strcontains(google_logging_project_exclusion.kept_in_the_trail.filter, "storage") && strcontains(google_logging_project_exclusion.kept_in_the_trail.filter, "data_access")
    error_message = "What alerts read of keys and archive stays in the project, too."
  }
}

run "the_lock_is_taken_only_when_asked_for" {
  command = plan

  variables {
    audit_locked = false
  }

  assert {
    condition     = !google_logging_project_bucket_config.audit.locked && !google_storage_bucket.audit_files.retention_policy[0].is_locked
    error_message = "The audit bucket is locked without being asked."
  }
}

run "guard_rails_keep_data_in_its_region" {
  command = plan

  assert {
    condition     = one(google_org_policy_policy.guard_rail["gcp.resourceLocations"].spec[0].rules).values[0].allowed_values == tolist(["in:eu-locations"])
    error_message = "Something could be made outside the residency region."
  }
  assert {
    condition     = !contains(one(google_org_policy_policy.guard_rail["cloudfunctions.allowedIngressSettings"].spec[0].rules).values[0].allowed_values, "ALLOW_ALL")
    error_message = "A function could answer past the load balancer."
  }
  assert {
    condition     = one(google_org_policy_policy.guard_rail["iam.disableServiceAccountKeyCreation"].spec[0].rules).enforce == "TRUE"
    error_message = "Keys of service accounts could be made."
  }
}

run "guard_rails_can_be_tried_first" {
  command = plan

  variables {
    guard_rails = "dry_run"
  }

  assert {
    condition     = alltrue([for policy in google_org_policy_policy.guard_rail : length(policy.spec) == 0 && length(policy.dry_run_spec) == 1])
    error_message = "A dry run refuses something."
  }
}

run "guard_rails_can_be_left_to_the_organization" {
  command = plan

  variables {
    guard_rails = "off"
  }

  assert {
    condition     = length(google_org_policy_policy.guard_rail) == 0
    error_message = "Policies are set though they are off."
  }
}

run "only_the_main_branch_deploys_and_nobody_who_deploys_signs" {
  command = plan

  assert {
    condition     = google_iam_workload_identity_pool_provider.integration.attribute_condition == "assertion.repository == \"tallystick/tallystick\" && assertion.ref == \"refs/heads/main\""
    error_message = "Tokens of other repositories or branches would be taken."
  }
  assert {
    condition     = endswith(google_service_account_iam_member.deploy["steward"].member, "/attribute.environment/test-steward") && endswith(google_service_account_iam_member.deploy["deployer"].member, "/attribute.environment/test-deployer")
    error_message = "Each identity belongs to an environment of its own."
  }
  assert {
    condition = alltrue([
      for role in concat(values(google_project_iam_member.steward)[*].role, values(google_project_iam_member.deployer)[*].role) :
      !contains(["roles/owner", "roles/editor", "roles/cloudkms.signer", "roles/cloudkms.signerVerifier", "roles/iam.serviceAccountTokenCreator"], role)
    ])
    error_message = "Who deploys holds a role that signs, or everything."
  }
  assert {
    condition     = length([for role in values(google_project_iam_member.deployer)[*].role : role if can(regex("kms|spanner|datastore|storage|secretmanager|roleAdmin|projectIamAdmin", role))]) == 0
    error_message = "A routine release could touch what must not be lost."
  }
}

run "the_budget_speaks_before_it_is_spent" {
  command = plan

  assert {
    condition     = length([for rule in google_billing_budget.project.threshold_rules : rule if rule.spend_basis == "FORECASTED_SPEND"]) >= 1
    error_message = "No threshold on the forecast."
  }
}

run "a_shorter_trail_is_refused" {
  command = plan

  variables {
    audit_retention_days = 2556
  }

  expect_failures = [var.audit_retention_days]
}

run "a_trail_in_the_stacks_own_project_is_refused" {
  command = plan

  variables {
    audit_project = "tallystick-test-eu"
  }

  expect_failures = [var.audit_project]
}

run "files_in_a_single_region_are_refused" {
  command = plan

  variables {
    audit_files = { location = "EUROPE-WEST1", kms_location = "europe-west1" }
  }

  expect_failures = [var.audit_files]
}

run "an_unknown_mode_is_refused" {
  command = plan

  variables {
    guard_rails = "strict"
  }

  expect_failures = [var.guard_rails]
}

run "one_identity_for_both_is_refused" {
  command = plan

  variables {
    deploy_accounts = { steward = "deployer", deployer = "deployer" }
  }

  expect_failures = [var.deploy_accounts]
}
