output "instance" {
  description = "Name of the instance: the functions' SPANNER_INSTANCE."
  value       = google_spanner_instance.main.name
}

output "database" {
  description = "Name of the database: the functions' SPANNER_DATABASE."
  value       = google_spanner_database.main.name
}
