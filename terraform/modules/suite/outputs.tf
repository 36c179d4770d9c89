output "functions" {
  description = "The table of functions, by name."
  value       = local.functions

  precondition {
    condition     = toset(keys(local.functions)) == local.folders
    error_message = "The table names ${join(", ", keys(local.functions))}, but under functions/ are ${join(", ", local.folders)}."
  }
}

output "topics" {
  description = "Attributes of each doorbell, by topic without its prefix."
  value       = local.topics
}

output "subscriptions" {
  description = "Which function answers which topic."
  value       = local.subscriptions
}

output "jobs" {
  description = "What the scheduler calls, and when."
  value       = local.jobs
}

output "names" {
  description = "What the stack's resources are called."
  value       = local.names
}

output "function_accounts" {
  description = "Account id of each function's own service account."
  value       = local.function_accounts
}

output "other_accounts" {
  description = "Account ids of push, scheduler, builder, migrator, deployer and steward."
  value       = local.other_accounts
}

output "function_emails" {
  description = "Address of each function's own service account."
  value       = { for name, account in local.function_accounts : name => "${account}${local.at}" }
}

output "other_emails" {
  description = "Addresses of push, scheduler, builder, migrator, deployer and steward."
  value       = { for name, account in local.other_accounts : name => "${account}${local.at}" }
}

output "callers" {
  description = "Addresses that may call each function's internal routes. Empty for the public edge."
  value       = local.callers
}

output "key_ring" {
  description = "Path of the signing ring without its location, to be filled in with format()."
  value       = "projects/${var.project}/locations/%s/keyRings/${local.names.signing_ring}"
}

output "data_key" {
  description = "Path of a key of data at rest, to be filled in with format(): location, kind."
  value       = "projects/${var.project}/locations/%s/keyRings/${local.names.data_ring}/cryptoKeys/%s"
}

# Deterministic, unlike the run.app address: a function can be told its own audience without waiting for itself.
output "audience" {
  description = "Audience of tokens for a function, to be filled in with format(): location, name."
  value       = "https://%s-${var.project}.cloudfunctions.net/%s"
}

# shared/edge/log.ts: one JSON object per line, the sentence in `message`.
output "kept_sentences" {
  description = "Log sentences by which the suite says what it did with money or evidence: kept as long as the ledger."
  value       = local.kept_sentences
}
