# Production as data: one stack per residency region, each in a project of its own with its own ledger. Whoever deploys
# replaces the identifiers under "whose it is" and the project ids; everything else follows.

locals {
  environment = "production"

  # Whose it is.
  organization    = "123456789012"
  billing_account = "000000-000000-000000"
  audit_project   = "tallystick-production-audit"
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
  # processing_units_min: one node carries twice the average load of 1,000 customers over three stacks and, until the autoscaler
  # has added nodes, twice that at full CPU; more is refused with 429 and sent again. Raise it before a day that is announced.
  # secret_versions: which version of a secret functions are given; see modules/secrets.
  stacks = {
    us = {
      project        = "tallystick-production-us"
      host           = "us.billing.tallystick.example"
      ledger_origin  = "ledger.tallystick.example/us"
      invoice_prefix = "TS-US"
      budget_units   = 12000
      locations = {
        us-central1 = { role = "primary", scheduler = "us-central1" }
        us-east1    = { role = "active", scheduler = "us-east1" }
        us-west1    = { role = "standby", scheduler = "us-west1" }
      }
      # nam6: Iowa (leader) and South Carolina read and write, Oregon and Los Angeles read, Oklahoma votes.
      spanner            = { config = "nam6", leader = "us-central1", edition = "ENTERPRISE_PLUS", kms_location = "nam6", processing_units_min = 1000, processing_units_max = 60000 }
      firestore          = { location = "nam5", kms_location = "us" }
      vault              = { location = "US", data_locations = ["US-CENTRAL1", "US-EAST1"], kms_location = "us" }
      kms_location       = "us"
      log_location       = "us"
      secret_versions    = { CURSOR_KEY = "1" }
      resource_locations = ["in:us-locations"]
    }
    eu = {
      project        = "tallystick-production-eu"
      host           = "eu.billing.tallystick.example"
      ledger_origin  = "ledger.tallystick.example/eu"
      invoice_prefix = "TS-EU"
      budget_units   = 12000
      locations = {
        europe-west1 = { role = "primary", scheduler = "europe-west1" }
        europe-west4 = { role = "active", scheduler = "europe-west3" }
        europe-west3 = { role = "standby", scheduler = "europe-west3" }
      }
      # eur3: Belgium (leader) and the Netherlands read and write, Finland votes: all within the Union.
      spanner            = { config = "eur3", leader = "europe-west1", edition = "ENTERPRISE_PLUS", kms_location = "eur3", processing_units_min = 1000, processing_units_max = 60000 }
      firestore          = { location = "eur3", kms_location = "europe" }
      vault              = { location = "EU", data_locations = ["EUROPE-WEST1", "EUROPE-WEST4"], kms_location = "europe" }
      kms_location       = "europe"
      log_location       = "eu"
      secret_versions    = { CURSOR_KEY = "1" }
      resource_locations = ["in:eu-locations"]
    }
    apac = {
      project        = "tallystick-production-apac"
      host           = "apac.billing.tallystick.example"
      ledger_origin  = "ledger.tallystick.example/apac"
      invoice_prefix = "TS-AP"
      budget_units   = 12000
      locations = {
        asia-northeast1 = { role = "primary", scheduler = "asia-northeast1" }
        asia-northeast2 = { role = "active", scheduler = "asia-northeast2" }
        asia-northeast3 = { role = "standby", scheduler = "asia-northeast3" }
      }
      # asia1: Tokyo (leader) and Osaka read and write, Seoul votes. Firestore has no multi-region in Asia: the mirror and
      # the projections lie in Tokyo alone, and are made again elsewhere from database and vault if Tokyo is lost.
      spanner            = { config = "asia1", leader = "asia-northeast1", edition = "ENTERPRISE_PLUS", kms_location = "asia1", processing_units_min = 1000, processing_units_max = 60000 }
      firestore          = { location = "asia-northeast1", kms_location = "asia-northeast1" }
      vault              = { location = "ASIA", data_locations = ["ASIA-NORTHEAST1", "ASIA-NORTHEAST2"], kms_location = "asia" }
      kms_location       = "asia"
      log_location       = "asia-northeast1"
      secret_versions    = { CURSOR_KEY = "1" }
      resource_locations = ["in:asia-locations"]
    }
  }

  # Sizes per serving location. instances: kept warm .. at most. concurrency: requests one instance takes at once.
  # Two in each of two locations of what somebody waits for, or the next receipt: four in all, so that a zone, a location or an
  # instance may be lost. One of what a minute's job or a seal needs: a lost one is replaced in seconds, and the next job begins
  # where it left off. None of what bills and archives: half a second of start is nothing to an invoice.
  # transactions_max: read-write transactions of one instance at once; at least the concurrency, so that none waits.
  sizes = {
    ingest          = { instances_min = 2, instances_max = 100, concurrency = 16, transactions_max = 16, cpu = "1", memory = "1Gi" }
    api             = { instances_min = 2, instances_max = 20, concurrency = 40, transactions_max = 40, cpu = "1", memory = "1Gi" }
    sign-receipts   = { instances_min = 2, instances_max = 100, concurrency = 10, transactions_max = 10, cpu = "1", memory = "1Gi" }
    seal-ledger     = { instances_min = 1, instances_max = 10, concurrency = 4, transactions_max = 4, cpu = "1", memory = "1Gi" }
    reconcile-chain = { instances_min = 1, instances_max = 5, concurrency = 2, transactions_max = 4, cpu = "1", memory = "4Gi" }
    run-invoices    = { instances_min = 0, instances_max = 5, concurrency = 2, transactions_max = 4, cpu = "1", memory = "1Gi" }
    archive-period  = { instances_min = 0, instances_max = 20, concurrency = 2, transactions_max = 2, cpu = "2", memory = "2Gi" }
  }

  # Versions of the signing keys by labels of ours, oldest first. Only ever add: see modules/keys.
  signing_versions = { checkpoint = ["1"], evidence = ["1"] }

  # off, dry_run or enforce: see modules/project.
  guard_rails = "dry_run"

  # The lock on the archive and on the audit log cannot be taken off again.
  vault_locked = true
  audit_locked = true

  seal_interval_seconds = 10
  hot_window_days       = 40
  log_level             = "info"
  otlp_endpoint         = ""

  # What is otherwise than the defaults in modules/deployment/choices.tf, by variable: JWT_*, RATE_*, APPROVAL_LIMIT and the like.
  variables = {}
}
