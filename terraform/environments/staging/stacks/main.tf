# Staging as data: the same suite from the same modules, smaller, in two residency regions, so that the answer of one for
# an organization of the other (421) is rehearsed as well. Nothing here is locked: it can be taken down.

locals {
  environment = "staging"

  # Whose it is.
  organization    = "123456789012"
  billing_account = "000000-000000-000000"
  audit_project   = "tallystick-staging-audit"
  auditors        = "auditors@tallystick.example"
  repository      = "tallystick/tallystick"
  notify = {
    sev1 = "oncall@tallystick.example"
    sev2 = "oncall@tallystick.example"
    sev3 = "operations@tallystick.example"
    sev4 = "operations@tallystick.example"
  }

  # A location's role: primary takes the doorbells and the deep pass; active serves beside it; standby is deployed, its
  # jobs are paused and no instance is kept. Failing over is changing roles here and applying functions, then edge.
  # scheduler: where the location's jobs are kept, since Cloud Scheduler is not in every region.
  # secret_versions: which version of a secret functions are given; see modules/secrets.
  stacks = {
    us = {
      project        = "tallystick-staging-us"
      host           = "us.billing.staging.tallystick.example"
      ledger_origin  = "ledger.staging.tallystick.example/us"
      invoice_prefix = "TEST-US"
      budget_units   = 1000
      locations = {
        us-central1 = { role = "primary", scheduler = "us-central1" }
        us-east1    = { role = "active", scheduler = "us-east1" }
        us-west1    = { role = "standby", scheduler = "us-west1" }
      }
      # One region: staging may be away for as long as a region is.
      spanner            = { config = "regional-us-central1", leader = "us-central1", edition = "ENTERPRISE", kms_location = "us-central1", processing_units_min = 1000, processing_units_max = 2000 }
      firestore          = { location = "nam5", kms_location = "us" }
      vault              = { location = "US", data_locations = ["US-CENTRAL1", "US-EAST1"], kms_location = "us" }
      kms_location       = "us"
      log_location       = "us"
      secret_versions    = { CURSOR_KEY = "1" }
      resource_locations = ["in:us-locations"]
    }
    eu = {
      project        = "tallystick-staging-eu"
      host           = "eu.billing.staging.tallystick.example"
      ledger_origin  = "ledger.staging.tallystick.example/eu"
      invoice_prefix = "TEST-EU"
      budget_units   = 1000
      locations = {
        europe-west1 = { role = "primary", scheduler = "europe-west1" }
        europe-west4 = { role = "active", scheduler = "europe-west3" }
        europe-west3 = { role = "standby", scheduler = "europe-west3" }
      }
      # One region: staging may be away for as long as a region is.
      spanner            = { config = "regional-europe-west1", leader = "europe-west1", edition = "ENTERPRISE", kms_location = "europe-west1", processing_units_min = 1000, processing_units_max = 2000 }
      firestore          = { location = "eur3", kms_location = "europe" }
      vault              = { location = "EU", data_locations = ["EUROPE-WEST1", "EUROPE-WEST4"], kms_location = "europe" }
      kms_location       = "europe"
      log_location       = "eu"
      secret_versions    = { CURSOR_KEY = "1" }
      resource_locations = ["in:eu-locations"]
    }
  }

  # Sizes per serving location. instances: kept warm .. at most. concurrency: requests one instance takes at once.
  # transactions_max: read-write transactions of one instance at once; at least the concurrency, so that none waits.
  sizes = {
    ingest          = { instances_min = 1, instances_max = 2, concurrency = 16, transactions_max = 16, cpu = "1", memory = "1Gi" }
    api             = { instances_min = 1, instances_max = 3, concurrency = 10, transactions_max = 10, cpu = "1", memory = "1Gi" }
    sign-receipts   = { instances_min = 0, instances_max = 2, concurrency = 10, transactions_max = 10, cpu = "2", memory = "1Gi" }
    seal-ledger     = { instances_min = 0, instances_max = 2, concurrency = 4, transactions_max = 4, cpu = "1", memory = "1Gi" }
    reconcile-chain = { instances_min = 0, instances_max = 2, concurrency = 2, transactions_max = 4, cpu = "2", memory = "4Gi" }
    run-invoices    = { instances_min = 0, instances_max = 2, concurrency = 2, transactions_max = 4, cpu = "1", memory = "1Gi" }
    archive-period  = { instances_min = 0, instances_max = 2, concurrency = 2, transactions_max = 2, cpu = "2", memory = "2Gi" }
  }

  # Versions of the signing keys by labels of ours, oldest first. Only ever add: see modules/keys.
  signing_versions = { checkpoint = ["1"], evidence = ["1"] }

  # off, dry_run or enforce: see modules/project.
  guard_rails = "dry_run"

  # A lock cannot be taken off again, and its project not deleted before the time is over: never in staging.
  vault_locked = false
  audit_locked = false

  seal_interval_seconds = 10
  hot_window_days       = 40
  log_level             = "info"
  otlp_endpoint         = ""

  # What is otherwise than the defaults in modules/deployment/choices.tf, by variable: JWT_*, RATE_*, APPROVAL_LIMIT and the like.
  variables = {}
}
