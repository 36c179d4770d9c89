output "name" {
  description = "Name of the subscription."
  value       = google_pubsub_subscription.push.name
}

output "dead_letter_subscription" {
  description = "Where dead letters wait for somebody."
  value       = google_pubsub_subscription.dead_letter.name
}
