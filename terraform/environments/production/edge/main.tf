# The door to the internet: address, TLS, Cloud Armor, and which location serves.

module "stack" {
  source    = "../stacks"
  residency = var.residency
}

module "edge" {
  source = "../../../modules/edge"

  project   = module.stack.this.project
  host      = module.stack.this.host
  locations = [for location, settings in module.stack.this.locations : location if settings.role != "standby"]
  labels    = module.stack.labels
}
