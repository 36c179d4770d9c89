# APIs, guard rails, audit trail, who deploys, budget. Applied first, and the first time by a person who owns the project.

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

data "google_project" "audit" {
  project_id = module.stack.owner.audit_project
}

module "project" {
  source = "../../../modules/project"

  project              = module.stack.this.project
  project_number       = data.google_project.this.number
  environment          = module.stack.environment
  resource_locations   = module.stack.this.resource_locations
  guard_rails          = module.stack.guard_rails
  audit_project        = module.stack.owner.audit_project
  audit_project_number = data.google_project.audit.number
  audit_files          = { location = module.stack.this.vault.location, kms_location = module.stack.this.vault.kms_location }
  auditors             = module.stack.owner.auditors
  log_location         = module.stack.this.log_location
  audit_locked         = module.stack.locks.audit
  kept_sentences       = module.suite.kept_sentences
  deploy_accounts      = { steward = module.suite.other_accounts.steward, deployer = module.suite.other_accounts.deployer }
  repository           = module.stack.owner.repository
  billing_account      = module.stack.owner.billing_account
  budget_units         = module.stack.this.budget_units
  budget_email         = module.stack.owner.notify.sev3
}
