output "grants" {
  description = "Every grant to a function, as one may read it aloud."
  value       = module.identity.grants
}

output "function_emails" {
  description = "Address of each function's account."
  value       = module.identity.function_emails
}
