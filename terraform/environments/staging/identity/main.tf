# Who there is, what they ring, what each may touch, and where what runs is kept.

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
}

module "topics" {
  source = "../../../modules/topics"

  project = local.stack.project
  prefix  = module.suite.names.topic_prefix
  topics  = module.suite.topics
  regions = keys(local.stack.locations)
  kms_key = format(module.suite.data_key, local.stack.kms_location, "topics")
  labels  = module.stack.labels
}

module "secrets" {
  source = "../../../modules/secrets"

  project  = local.stack.project
  names    = module.suite.names.secrets
  kms_keys = { for location in keys(local.stack.locations) : location => format(module.suite.data_key, location, "secrets") }
  labels   = module.stack.labels
}

module "identity" {
  source = "../../../modules/identity"

  project            = local.stack.project
  project_number     = data.google_project.this.number
  functions          = module.suite.functions
  function_accounts  = module.suite.function_accounts
  other_accounts     = module.suite.other_accounts
  deployer_email     = module.suite.other_emails.deployer
  spanner_instance   = module.suite.names.spanner_instance
  spanner_database   = module.suite.names.spanner_database
  ledger_writer_role = module.suite.names.ledger_writer_role
  firestore_database = module.suite.names.firestore_database
  vault_bucket       = module.suite.names.vault_bucket
  topic_names        = module.topics.names
  secret_names       = module.secrets.names
  wrapping_key       = format(module.suite.data_key, local.stack.kms_location, "personal")

  signing_keys = {
    for key in ["checkpoint", "evidence"] : key => "${format(module.suite.key_ring, local.stack.kms_location)}/cryptoKeys/${key}"
  }
}

module "packages" {
  source = "../../../modules/packages"

  project         = local.stack.project
  bucket          = module.suite.names.packages_bucket
  location        = local.stack.vault.location
  repository      = module.suite.names.repository
  image_locations = keys(local.stack.locations)
  builder_email   = module.identity.caller_emails["builder"]
  deployer_email  = module.suite.other_emails.deployer
  labels          = module.stack.labels
}
