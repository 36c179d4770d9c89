mock_provider "google" {
  override_during = plan

  mock_resource "google_firebaserules_ruleset" {
    defaults = { name = "projects/tallystick-test-eu/rulesets/1" }
  }
}

variables {
  project         = "tallystick-test-eu"
  database        = "(default)"
  location        = "eur3"
  kms_key         = "projects/tallystick-test-eu/locations/europe/keyRings/tallystick-data/cryptoKeys/firestore"
  rules           = file("../../../firestore.rules")
  field_overrides = jsondecode(file("../../../firestore.indexes.json")).fieldOverrides
  indexes         = jsondecode(file("../../../firestore.indexes.json")).indexes
}

run "what_tenants_read_can_be_taken_back_and_not_deleted" {
  command = plan

  assert {
    condition     = google_firestore_database.main.point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_ENABLED" && google_firestore_database.main.delete_protection_state == "DELETE_PROTECTION_ENABLED"
    error_message = "No point-in-time recovery, or no delete protection."
  }
  assert {
    condition     = google_firestore_database.main.cmek_config[0].kms_key_name == var.kms_key
    error_message = "The database is not under our key."
  }
  assert {
    condition     = tonumber(trimsuffix(google_firestore_backup_schedule.weekly.retention, "s")) >= 14 * 86400
    error_message = "A backup is kept until the one after the next."
  }
}

run "the_rules_in_force_are_the_file" {
  command = plan

  assert {
    condition     = one(google_firebaserules_ruleset.main.source[0].files).content == file("${path.module}/../../../firestore.rules")
    error_message = "Other rules would be released than were tested."
  }
  assert {
    condition     = google_firebaserules_release.main.name == "cloud.firestore"
    error_message = "The default database's release is cloud.firestore."
  }
}

run "the_exemptions_are_those_of_the_file" {
  command = plan

  assert {
    condition     = toset(keys(google_firestore_field.override)) == toset([for override in jsondecode(file("${path.module}/../../../firestore.indexes.json")).fieldOverrides : "${override.collectionGroup}/${override.fieldPath}"])
    error_message = "firestore.indexes.json and Terraform differ."
  }
  assert {
    condition     = length(google_firestore_field.override["pages/bytes"].index_config) == 1 && length(google_firestore_field.override["pages/bytes"].index_config[0].indexes) == 0
    error_message = "Pages would be indexed by their bytes."
  }
  assert {
    condition     = alltrue([for override in jsondecode(file("${path.module}/../../../firestore.indexes.json")).fieldOverrides : length(google_firestore_field.override["${override.collectionGroup}/${override.fieldPath}"].ttl_config) == (try(override.ttl, false) ? 1 : 0)])
    error_message = "A field expires that should stay, or the reverse."
  }
}

run "a_named_database_has_its_own_release" {
  command = plan

  variables {
    database = "ledger"
  }

  assert {
    condition     = google_firebaserules_release.main.name == "cloud.firestore/ledger"
    error_message = "The rules of a named database are released under its name."
  }
}

run "rules_that_let_clients_write_are_refused" {
  command = plan

  variables {
    rules = "service cloud.firestore { match /databases/{d}/documents { match /{x=**} { allow read, write: if request.auth != null; } } }"
  }

  expect_failures = [var.rules]
}

run "rules_that_let_owners_write_are_refused" {
  command = plan

  variables {
    rules = "service cloud.firestore { match /databases/{d}/documents { match /tenants/{t} { allow get: if isOwner(t); allow create: if isOwner(t); } } }"
  }

  expect_failures = [var.rules]
}

run "rules_of_something_else_are_refused" {
  command = plan

  variables {
    rules = "service firebase.storage {}"
  }

  expect_failures = [var.rules]
}
