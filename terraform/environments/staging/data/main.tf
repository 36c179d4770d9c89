# What must never be lost: keys, book of record, mirror, archive. A routine release does not come here.

module "stack" {
  source    = "../stacks"
  residency = var.residency
}

module "suite" {
  source  = "../../../modules/suite"
  project = module.stack.this.project
}

data "google_project" "this" {
  project_id = module.stack.this.project
}

locals {
  stack = module.stack.this
  # The rules and index settings that emulators and tests read.
  rules   = file("${path.module}/../../../../firestore.rules")
  indexes = jsondecode(file("${path.module}/../../../../firestore.indexes.json"))
}

module "keys" {
  source = "../../../modules/keys"

  project          = local.stack.project
  project_number   = data.google_project.this.number
  signing_ring     = module.suite.names.signing_ring
  signing_location = local.stack.kms_location
  signing_versions = module.stack.signing_versions
  data_ring        = module.suite.names.data_ring
  labels           = module.stack.labels

  data_keys = {
    spanner   = { location = local.stack.spanner.kms_location }
    firestore = { location = local.stack.firestore.kms_location }
    vault     = { location = local.stack.vault.kms_location }
    topics    = { location = local.stack.kms_location }
    personal  = { location = local.stack.kms_location }
  }
  secret_locations = keys(local.stack.locations)
}

module "spanner" {
  source = "../../../modules/spanner"

  project              = local.stack.project
  instance             = module.suite.names.spanner_instance
  database             = module.suite.names.spanner_database
  instance_config      = local.stack.spanner.config
  edition              = local.stack.spanner.edition
  processing_units_min = local.stack.spanner.processing_units_min
  processing_units_max = local.stack.spanner.processing_units_max
  kms_key              = module.keys.data_keys["spanner"]
  labels               = module.stack.labels
}

module "firestore" {
  source = "../../../modules/firestore"

  project         = local.stack.project
  database        = module.suite.names.firestore_database
  location        = local.stack.firestore.location
  kms_key         = module.keys.data_keys["firestore"]
  rules           = local.rules
  field_overrides = local.indexes.fieldOverrides
  indexes         = local.indexes.indexes
}

module "vault" {
  source = "../../../modules/vault"

  project        = local.stack.project
  bucket         = module.suite.names.vault_bucket
  location       = local.stack.vault.location
  data_locations = local.stack.vault.data_locations
  locked         = module.stack.locks.vault
  kms_key        = module.keys.data_keys["vault"]
  labels         = module.stack.labels
}
