output "signing_keys" {
  description = "Path of each signing key."
  value       = module.keys.signing_keys
}

output "vault" {
  description = "The archive, and the days during which nothing in it can be deleted."
  value       = { bucket = module.vault.bucket, retention_days = module.vault.retention_days }
}

output "database" {
  description = "Instance and database, as `npm run migrate` wants them."
  value       = { instance = module.spanner.instance, database = module.spanner.database }
}
