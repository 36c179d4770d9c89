output "severities" {
  description = "How many alert policies tell of each severity."
  value       = module.watch.severities
}

output "objectives" {
  description = "What is promised, and how much of it."
  value       = module.watch.objectives
}
