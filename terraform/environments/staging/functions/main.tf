# What runs, and what rings it. Applied at every release, after npm run build:functions.

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

module "deployment" {
  source = "../../../modules/deployment"

  project                      = local.stack.project
  project_number               = data.google_project.this.number
  environment                  = module.stack.environment
  residency                    = module.stack.residency
  endpoints                    = module.stack.endpoints
  ledger_origin                = local.stack.ledger_origin
  invoice_prefix               = local.stack.invoice_prefix
  locations                    = local.stack.locations
  functions                    = module.suite.functions
  subscriptions                = module.suite.subscriptions
  jobs                         = module.suite.jobs
  sizes                        = module.stack.sizes
  spanner_processing_units_max = local.stack.spanner.processing_units_max
  spanner_leader               = local.stack.spanner.leader
  settings                     = module.stack.settings
  names                        = module.suite.names
  key_ring                     = format(module.suite.key_ring, local.stack.kms_location)
  wrapping_key                 = format(module.suite.data_key, local.stack.kms_location, "personal")
  secret_versions              = local.stack.secret_versions
  topics_key                   = format(module.suite.data_key, local.stack.kms_location, "topics")
  function_emails              = module.suite.function_emails
  other_emails                 = module.suite.other_emails
  callers                      = module.suite.callers
  audience                     = module.suite.audience
  repository                   = module.stack.owner.repository
  packages_folder              = "${path.module}/../../../../dist/functions"
  labels                       = module.stack.labels
}
