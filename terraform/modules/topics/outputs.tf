output "names" {
  description = "Full name of each topic."
  value       = { for topic, resource in google_pubsub_topic.doorbell : topic => resource.name }
}

output "definitions" {
  description = "Avro schema of each topic's data."
  value       = local.definitions
}
