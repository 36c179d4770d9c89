# The book of record. Tables are not made here: the provider sees no drift in `ddl`, and an edited statement there plans a
# new database. `npm run migrate` makes and changes them.

locals {
  is_multi_region = !startswith(var.instance_config, "regional-")
}

resource "google_spanner_instance" "main" {
  project      = var.project
  name         = var.instance
  display_name = "Tallystick ledger"
  config       = var.instance_config
  edition      = var.edition
  labels       = var.labels

  # The schedules below are the backups; the default one would be a second, unencrypted by our key's rules.
  default_backup_schedule_type = "NONE"

  autoscaling_config {
    autoscaling_limits {
      min_processing_units = var.processing_units_min
      max_processing_units = var.processing_units_max
    }
    autoscaling_targets {
      # What is left must carry the load of a replica that is lost: one of three zones, or one of two regions.
      high_priority_cpu_utilization_percent = local.is_multi_region ? 45 : 65
      storage_utilization_percent           = 75
    }
  }

  lifecycle {
    prevent_destroy = true

    precondition {
      condition     = !local.is_multi_region || var.edition == "ENTERPRISE_PLUS"
      error_message = "Multi-region configurations need ENTERPRISE_PLUS."
    }
    precondition {
      condition     = var.processing_units_min <= var.processing_units_max
      error_message = "The floor is above the ceiling."
    }
  }
}

resource "google_spanner_database" "main" {
  project                  = var.project
  instance                 = google_spanner_instance.main.name
  name                     = var.database
  database_dialect         = "GOOGLE_STANDARD_SQL"
  version_retention_period = "7d" # point-in-time recovery, the longest there is
  enable_drop_protection   = true # Google refuses to drop it, whoever asks
  deletion_protection      = true # and Terraform does not ask

  encryption_config {
    kms_key_names = [var.kms_key]
  }

  lifecycle {
    prevent_destroy = true
  }
}

# Backups stay in the instance's own configuration; what must outlive it lies in the vault.
#
# One chain, a backup a day: Spanner begins a new one, with a full copy, after 14 backups or 28 days, and keeps a full copy for as
# long as a backup that stands on it. Daily for 30 days are three full copies; every four hours would be thirteen, for one chain
# would be over in two days. See terraform/README.md for what each copy is there for.
resource "google_spanner_backup_schedule" "incremental" {
  project            = var.project
  instance           = google_spanner_instance.main.name
  database           = google_spanner_database.main.name
  name               = "daily"
  retention_duration = "2592000s" # 30 days

  spec {
    cron_spec {
      text = "0 2 * * *"
    }
  }

  # Encrypted like its database; an incremental backup takes no setting of its own.
  incremental_backup_spec {}
}
