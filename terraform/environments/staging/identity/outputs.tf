output "grants" {
  description = "Every grant to a function, as one may read it aloud."
  value       = module.identity.grants
}

output "function_emails" {
  description = "Address of each function's account."
  value       = module.identity.function_emails
}

output "secrets" {
  description = "Name of each secret, by the variable that a function finds its value in. The value is added by a person: docs/deploy.md."
  value       = module.secrets.names
}

output "migrator_email" {
  description = "Address of the account that `npm run migrate` runs as."
  value       = module.identity.migrator_email
}
