output "function_emails" {
  description = "Address of each function's account."
  value       = { for name, account in google_service_account.function : name => account.email }
}

output "caller_emails" {
  description = "Addresses of push, scheduler and builder."
  value       = { for name, account in google_service_account.caller : name => account.email }
}

output "grants" {
  description = "Every grant to a function, as one may read it aloud."
  value = sort(concat(
    [for name, function in var.functions : "${name} ${function.database == "write" ? "reads and writes" : "reads"} the database"],
    [for name, function in var.functions : "${name} writes Firestore" if function.firestore == "write"],
    keys(local.vault_grants),
    keys(local.topic_grants),
    keys(local.key_grants),
    [for name, function in var.functions : "${name} signs links as itself" if function.links],
  ))
}
