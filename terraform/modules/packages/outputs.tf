output "bucket" {
  description = "Name of the bucket."
  value       = google_storage_bucket.packages.name
}

output "repositories" {
  description = "Repository of each location."
  value       = { for location, repository in google_artifact_registry_repository.functions : location => repository.id }
}
