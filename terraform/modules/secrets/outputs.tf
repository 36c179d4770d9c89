output "names" {
  description = "Name of each secret, by the variable that a function finds its value in."
  value       = { for variable, secret in google_secret_manager_secret.given : variable => secret.secret_id }
}
