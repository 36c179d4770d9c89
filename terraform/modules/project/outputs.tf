output "audit_bucket" {
  description = "Where the audit trail lies."
  value       = google_logging_project_bucket_config.audit.id
}

output "audit_files" {
  description = "Where who read and wrote data is kept."
  value       = google_storage_bucket.audit_files.name
}

output "workload_identity_provider" {
  description = "What continuous integration names to prove itself."
  value       = google_iam_workload_identity_pool_provider.integration.name
}

output "deploy_accounts" {
  description = "Addresses of steward and deployer."
  value       = { for name, account in google_service_account.deploy : name => account.email }
}
