output "bucket" {
  description = "Name of the bucket: the functions' VAULT_BUCKET."
  value       = google_storage_bucket.vault.name
}

output "retention_days" {
  description = "Days during which nothing can be deleted."
  value       = google_storage_bucket.vault.retention_policy[0].retention_period / 86400
}
