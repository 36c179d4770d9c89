# The run.app address. Scheduler and Pub/Sub count as internal only when they use it (Cloud Run, "Restrict ingress").
output "uri" {
  description = "Address of the function."
  value       = google_cloudfunctions2_function.this.service_config[0].uri
}

output "name" {
  description = "Name of the function and of its Cloud Run service."
  value       = google_cloudfunctions2_function.this.name
}

output "secrets" {
  description = "What it is given out of Secret Manager: secret and version, by variable."
  value = {
    for given in google_cloudfunctions2_function.this.service_config[0].secret_environment_variables : given.key => { secret = given.secret, version = given.version }
  }
}

output "environment_variables" {
  description = "Everything that the function is told."
  value       = google_cloudfunctions2_function.this.service_config[0].environment_variables
}
