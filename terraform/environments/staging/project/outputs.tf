output "audit_bucket" {
  description = "Where the audit trail lies."
  value       = module.project.audit_bucket
}

output "audit_files" {
  description = "Where who read and wrote data is kept."
  value       = module.project.audit_files
}

output "workload_identity_provider" {
  description = "What continuous integration names to prove itself."
  value       = module.project.workload_identity_provider
}

output "deploy_accounts" {
  description = "Addresses of steward and deployer."
  value       = module.project.deploy_accounts
}
