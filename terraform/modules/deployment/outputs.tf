output "functions" {
  description = "Where each function runs, and what it is told there."
  value = {
    for key, deployed in local.deployed : key => {
      uri                   = module.function[key].uri
      size                  = deployed.size
      environment_variables = module.function[key].environment_variables
      secrets               = module.function[key].secrets
    }
  }
}

output "serving" {
  description = "Locations that serve."
  value       = keys(local.serving)
}

output "capacity" {
  description = "Requests under way with everything at its ceiling, and the transactions that Spanner carries at its own."
  value       = { requests_max = local.requests_max, transactions_carried = local.transactions_carried }

  precondition {
    condition     = local.requests_max <= local.transactions_carried
    error_message = "At their ceilings the functions would have ${local.requests_max} requests under way, Spanner at its ceiling carries ${local.transactions_carried} transactions: lower instances or concurrency, or raise processing_units_max."
  }
}

output "jobs" {
  description = "Names of the scheduler's jobs, by location."
  value       = { for location, schedule in module.schedule : location => schedule.names }
}

output "paused_jobs" {
  description = "Names of the jobs that wait, by location."
  value       = { for location, schedule in module.schedule : location => schedule.paused }
}

output "dead_letters" {
  description = "Where what could not be delivered waits for somebody."
  value       = { for name, doorbell in module.doorbell : name => doorbell.dead_letter_subscription }
}

output "errands" {
  description = "What the errands of operators must be told to meet the same ledger: lines for a shell."
  value = join("\n", [
    for name, value in merge(local.chosen, local.environment, { CALLER_AUDIENCE = "https://errands.invalid", CALLERS = "nobody@errands.invalid" }) :
    # A seller's name may have an apostrophe in it: the shell's quotes end before it and begin again.
    "export ${name}='${replace(value, "'", "'\\''")}'"
  ])
}
