output "environment" {
  description = "Name of the environment; part of every API key."
  value       = local.environment
}

output "residency" {
  description = "Residency region of this stack."
  value       = var.residency
}

output "this" {
  description = "The stack that is applied."
  value       = local.stacks[var.residency]
}

output "all" {
  description = "Every stack of the environment, by residency region."
  value       = local.stacks
}

output "endpoints" {
  description = "Where each residency region answers."
  value       = { for residency, stack in local.stacks : residency => "https://${stack.host}" }
}

output "sizes" {
  description = "Size of each function in a serving location."
  value       = local.sizes
}

output "owner" {
  description = "Whose it is: organization, billing account, audit project and who reads the trail, repository, addresses by severity."
  value = {
    organization    = local.organization
    billing_account = local.billing_account
    audit_project   = local.audit_project
    auditors        = local.auditors
    repository      = local.repository
    notify          = local.notify
  }
}

output "locks" {
  description = "Whether archive and audit log are locked for good."
  value       = { vault = local.vault_locked, audit = local.audit_locked }
}

output "signing_versions" {
  description = "Versions of the signing keys."
  value       = local.signing_versions
}

output "guard_rails" {
  description = "off, dry_run or enforce."
  value       = local.guard_rails
}

output "settings" {
  description = "What functions are told beyond names and sizes."
  value = {
    seal_interval_seconds = local.seal_interval_seconds
    hot_window_days       = local.hot_window_days
    log_level             = local.log_level
    otlp_endpoint         = local.otlp_endpoint
    variables             = local.variables
  }
}

output "labels" {
  description = "On everything that can carry labels."
  value       = { system = "tallystick", environment = local.environment, residency = var.residency, managed-by = "terraform" }
}
