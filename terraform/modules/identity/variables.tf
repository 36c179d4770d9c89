variable "project" {
  description = "Id of the stack's project."
  type        = string
}

variable "project_number" {
  description = "Its number, in the address of Pub/Sub's agent."
  type        = string
}

variable "functions" {
  description = "What each function may touch; see modules/suite."
  type = map(object({
    database     = string
    publishes    = list(string)
    firestore    = string
    vault_create = bool
    vault_read   = bool
    signs        = list(string)
    unwraps      = bool
    links        = bool
    secrets      = list(string)
  }))

  validation {
    condition     = alltrue([for function in values(var.functions) : contains(["read", "write"], function.database) && contains(["none", "write"], function.firestore)])
    error_message = "database is read or write, firestore is none or write."
  }
  validation {
    condition     = alltrue([for function in values(var.functions) : function.vault_read || !function.links])
    error_message = "A link to what its maker may not read would open nothing."
  }
}

variable "wrapping_key" {
  description = "Path of the key under which organizations' data keys are."
  type        = string

  validation {
    condition     = can(regex("^projects/[^/\\s]+/locations/[^/\\s]+/keyRings/[^/\\s]+/cryptoKeys/[^/\\s]+$", var.wrapping_key))
    error_message = "A key is projects/P/locations/L/keyRings/R/cryptoKeys/K."
  }
}

variable "function_accounts" {
  description = "Account id of each function."
  type        = map(string)

  validation {
    condition     = length(distinct(values(var.function_accounts))) == length(var.function_accounts)
    error_message = "Each function runs as an account of its own."
  }
}

variable "other_accounts" {
  description = "Account ids of push, scheduler, builder and migrator."
  type        = object({ push = string, scheduler = string, builder = string, migrator = string })
}

variable "deployer_email" {
  description = "Address of the deployer."
  type        = string
}

variable "spanner_instance" {
  description = "Name of the Spanner instance."
  type        = string
}

variable "spanner_database" {
  description = "Name of the Spanner database."
  type        = string
}

variable "ledger_writer_role" {
  description = "Id of the role that reads and writes rows."
  type        = string
}

variable "firestore_database" {
  description = "Name of the Firestore database."
  type        = string
}

variable "vault_bucket" {
  description = "Name of the archive bucket."
  type        = string
}

variable "topic_names" {
  description = "Full name of each topic."
  type        = map(string)
}

variable "secret_names" {
  description = "Name of each secret, by the variable that a function finds its value in."
  type        = map(string)
}

variable "signing_keys" {
  description = "Path of each signing key."
  type        = map(string)
}
