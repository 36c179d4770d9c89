variable "project" {
  description = "Id of the stack's project."
  type        = string
}

variable "project_number" {
  description = "Its number: budgets know projects by number."
  type        = string
}

variable "environment" {
  description = "Environment of the stack; begins the names of the repository's environments."
  type        = string
}

variable "resource_locations" {
  description = "Value groups or locations in which anything may be made, for gcp.resourceLocations."
  type        = list(string)

  validation {
    condition     = length(var.resource_locations) > 0
    error_message = "A stack lies somewhere."
  }
}

variable "guard_rails" {
  description = "off, dry_run (logs what would be refused) or enforce."
  type        = string

  validation {
    condition     = contains(["off", "dry_run", "enforce"], var.guard_rails)
    error_message = "guard_rails is off, dry_run or enforce."
  }
}

variable "audit_project" {
  description = "Project that keeps the audit trail; another one than the stack's."
  type        = string

  validation {
    condition     = var.audit_project != var.project
    error_message = "Whoever runs the ledger must not also keep the record of what they did."
  }
}

variable "audit_project_number" {
  description = "Its number, in the address of its storage agent."
  type        = string
}

variable "audit_files" {
  description = "Where who read and wrote data is kept: a multi-region within the residency region, and the location of its key."
  type        = object({ location = string, kms_location = string })

  validation {
    condition     = contains(["US", "EU", "ASIA"], var.audit_files.location)
    error_message = "The files outlive the loss of a region: US, EU or ASIA."
  }
}

variable "auditors" {
  description = "Address of the group that may read these files, and nothing else."
  type        = string
}

variable "log_location" {
  description = "Location of the audit bucket, within the residency region."
  type        = string
}

variable "audit_retention_days" {
  description = "Days the audit trail is kept; 2,557 are seven years with both leap days they can hold."
  type        = number
  default     = 2557

  validation {
    condition     = var.audit_retention_days >= 2557 && var.audit_retention_days <= 3650
    error_message = "The trail is kept for seven years (2,557 days) or longer; Cloud Logging keeps 3,650 days at most."
  }
}

variable "audit_locked" {
  description = "Locks both audit buckets: their retention can then never be shortened. Cannot be undone."
  type        = bool
}

variable "kept_sentences" {
  description = "Log sentences of the suite that belong in the trail."
  type        = set(string)
}

variable "deploy_accounts" {
  description = "Account ids of the two identities that apply Terraform."
  type        = object({ steward = string, deployer = string })

  validation {
    condition     = var.deploy_accounts.steward != var.deploy_accounts.deployer
    error_message = "Steward and deployer are two."
  }
}

variable "repository" {
  description = "Repository whose main branch may deploy, owner/name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$", var.repository))
    error_message = "A repository is owner/name."
  }
}

variable "issuer" {
  description = "Issuer of the tokens that continuous integration shows."
  type        = string
  default     = "https://token.actions.githubusercontent.com"
}

variable "billing_account" {
  description = "Billing account of the budget."
  type        = string
}

variable "budget_units" {
  description = "Monthly budget, in whole units of the billing account's currency."
  type        = number

  validation {
    condition     = var.budget_units > 0 && floor(var.budget_units) == var.budget_units
    error_message = "A budget is a whole number above zero."
  }
}

variable "budget_email" {
  description = "Who hears of the budget."
  type        = string
}
