output "database" {
  description = "Name of the database: the functions' FIRESTORE_DATABASE."
  value       = google_firestore_database.main.name
}

output "ruleset" {
  description = "The rules in force."
  value       = google_firebaserules_release.main.ruleset_name
}
