# Who is told of what: metrics, alerts, objectives, dashboard, the look from outside.

module "stack" {
  source    = "../stacks"
  residency = var.residency
}

module "suite" {
  source  = "../../../modules/suite"
  project = module.stack.this.project
}

locals {
  prefix = module.suite.names.topic_prefix
}

module "watch" {
  source = "../../../modules/watch"

  project                 = module.stack.this.project
  environment             = module.stack.environment
  residency               = module.stack.residency
  host                    = module.stack.this.host
  notify                  = module.stack.owner.notify
  functions               = keys(module.suite.functions)
  subscriptions           = { for name in keys(module.suite.subscriptions) : name => "${local.prefix}${name}" }
  dead_letters            = [for name in keys(module.suite.subscriptions) : "${local.prefix}${name}-dead-letter"]
  receipts_topic          = "${local.prefix}receipts-appended"
  backend_services        = { ingest = "tallystick-ingest", api = "tallystick-api" }
  spanner_instance        = module.suite.names.spanner_instance
  spanner_is_multi_region = !startswith(module.stack.this.spanner.config, "regional-")
  vault_bucket            = module.suite.names.vault_bucket
  steward_email           = module.suite.other_emails.steward
  deployer_email          = module.suite.other_emails.deployer
  labels                  = module.stack.labels
}
