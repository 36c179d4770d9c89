output "functions" {
  description = "Where each function runs, and what it is told there."
  value       = module.deployment.functions
}

output "capacity" {
  description = "Requests under way with everything at its ceiling, and the transactions that Spanner carries at its own."
  value       = module.deployment.capacity
}

output "jobs" {
  description = "Names of the scheduler's jobs, by location."
  value       = module.deployment.jobs
}

output "paused_jobs" {
  description = "Names of the jobs that wait, by location."
  value       = module.deployment.paused_jobs
}

output "dead_letters" {
  description = "Where what could not be delivered waits for somebody."
  value       = module.deployment.dead_letters
}

output "errands" {
  description = "What the errands of operators must be told to meet the same ledger: lines for a shell."
  value       = module.deployment.errands
}
