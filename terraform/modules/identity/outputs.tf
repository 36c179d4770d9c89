output "function_emails" {
  description = "Address of each function's account."
  value       = { for name, account in google_service_account.function : name => account.email }
}

output "caller_emails" {
  description = "Addresses of push, scheduler and builder."
  value       = { for name, account in google_service_account.caller : name => account.email }
}

output "migrator_email" {
  description = "Address of the account that `npm run migrate` runs as."
  value       = google_service_account.migrator.email
}

output "grants" {
  description = "Every grant to a function, as one may read it aloud."
  value = sort(concat(
    [for name, function in var.functions : "${name} ${function.database == "write" ? "reads and writes" : "reads"} the database"],
    [for name in keys(google_project_iam_member.metrics) : "${name} reports metrics"],
    [for name, function in var.functions : "${name} writes Firestore" if function.firestore == "write"],
    keys(local.vault_grants),
    keys(local.secret_grants),
    keys(local.topic_grants),
    keys(local.key_grants),
    [for name, function in var.functions : "${name} opens personal data" if function.unwraps],
    [for name, function in var.functions : "${name} signs links as itself" if function.links],
  ))
}
