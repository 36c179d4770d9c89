mock_provider "google" {
  override_during = plan
}

variables {
  project              = "tallystick-test-eu"
  instance             = "tallystick"
  database             = "tallystick"
  instance_config      = "eur3"
  edition              = "ENTERPRISE_PLUS"
  processing_units_min = 3000
  processing_units_max = 60000
  kms_key              = "projects/tallystick-test-eu/locations/eur3/keyRings/tallystick-data/cryptoKeys/spanner"
  labels               = { system = "tallystick" }
}

run "the_book_of_record_can_be_taken_back_a_week_and_cannot_be_dropped" {
  command = plan

  assert {
    condition     = google_spanner_database.main.version_retention_period == "7d"
    error_message = "Point-in-time recovery is shorter than seven days."
  }
  assert {
    condition     = google_spanner_database.main.enable_drop_protection && google_spanner_database.main.deletion_protection
    error_message = "The database can be dropped."
  }
  assert {
    condition     = google_spanner_database.main.encryption_config[0].kms_key_names == tolist([var.kms_key])
    error_message = "The database is not under our key."
  }
}

run "tables_are_not_terraforms_business" {
  command = plan

  assert {
    condition     = google_spanner_database.main.ddl == null
    error_message = "Application DDL belongs to npm run migrate."
  }
}

run "backups_reach_back_thirty_days_in_one_chain" {
  command = plan

  assert {
    condition     = length(google_spanner_backup_schedule.incremental.incremental_backup_spec) == 1
    error_message = "The chain begins with a full copy by itself; further full copies are paid for and restore nothing that it does not."
  }
  assert {
    condition     = tonumber(trimsuffix(google_spanner_backup_schedule.incremental.retention_duration, "s")) >= 30 * 86400
    error_message = "Backups are kept for at least 30 days."
  }
  assert {
    condition     = google_spanner_instance.main.default_backup_schedule_type == "NONE"
    error_message = "A default schedule stands beside ours."
  }
}

run "two_regions_leave_room_for_losing_one" {
  command = plan

  assert {
    condition     = google_spanner_instance.main.autoscaling_config[0].autoscaling_targets[0].high_priority_cpu_utilization_percent == 45
    error_message = "In a multi-region configuration CPU stays at 45 %."
  }
}

run "three_zones_leave_room_for_losing_one" {
  command = plan

  variables {
    instance_config = "regional-europe-west1"
    edition         = "ENTERPRISE"
  }

  assert {
    condition     = google_spanner_instance.main.autoscaling_config[0].autoscaling_targets[0].high_priority_cpu_utilization_percent == 65
    error_message = "In a regional configuration CPU stays at 65 %."
  }
}

run "a_multi_region_without_its_edition_is_refused" {
  command = plan

  variables {
    edition = "ENTERPRISE"
  }

  expect_failures = [google_spanner_instance.main]
}

run "a_floor_above_the_ceiling_is_refused" {
  command = plan

  variables {
    processing_units_min = 61000
  }

  expect_failures = [google_spanner_instance.main]
}

run "half_a_node_is_refused" {
  command = plan

  variables {
    processing_units_min = 1500
  }

  expect_failures = [var.processing_units_min]
}

run "an_edition_without_autoscaling_is_refused" {
  command = plan

  variables {
    edition = "STANDARD"
  }

  expect_failures = [var.edition]
}
