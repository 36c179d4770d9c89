variable "project" {
  description = "Id of the stack's project."
  type        = string
}

variable "project_number" {
  description = "Its number."
  type        = string
}

variable "environment" {
  description = "Part of every API key: the functions' ENVIRONMENT."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{0,15}$", var.environment))
    error_message = "An environment is 1 to 16 characters of a-z and 0-9."
  }
}

variable "residency" {
  description = "Residency region of the stack: the functions' REGION."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2,8}$", var.residency))
    error_message = "A residency region is 2 to 8 letters."
  }
  validation {
    condition     = contains(keys(var.endpoints), var.residency)
    error_message = "The stack's own region has an endpoint too."
  }
}

variable "endpoints" {
  description = "Where each residency region answers: the functions' REGION_ENDPOINTS."
  type        = map(string)

  validation {
    condition     = alltrue([for endpoint in values(var.endpoints) : can(regex("^https://[a-z0-9.-]+$", endpoint))])
    error_message = "An endpoint is https:// and a host."
  }
  validation {
    condition     = length(distinct(values(var.endpoints))) == length(var.endpoints)
    error_message = "Two residency regions answer at one address."
  }
}

variable "ledger_origin" {
  description = "Name of the stack's ledger, in every receipt; never changes: the functions' LEDGER_ORIGIN."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{0,62}(/[a-z0-9][a-z0-9.-]{0,30}){0,4}$", var.ledger_origin))
    error_message = "A ledger origin looks like ledger.example.com/eu1/2026."
  }
}

variable "invoice_prefix" {
  description = "Begins every invoice number: the functions' INVOICE_PREFIX."
  type        = string

  validation {
    condition     = can(regex("^[A-Z][A-Z0-9-]{0,11}$", var.invoice_prefix))
    error_message = "An invoice prefix is 1 to 12 characters of A-Z, 0-9 and -."
  }
}

variable "locations" {
  description = "Where functions run, each with its role (primary, active, standby) and the region that keeps its jobs."
  type        = map(object({ role = string, scheduler = string }))

  validation {
    condition     = alltrue([for settings in values(var.locations) : contains(["primary", "active", "standby"], settings.role)])
    error_message = "A location is primary, active or standby."
  }
  validation {
    condition     = length([for settings in values(var.locations) : settings if settings.role == "primary"]) == 1
    error_message = "Exactly one location is primary: it takes the doorbells."
  }
}

variable "functions" {
  description = "What is deployed; see modules/suite."
  type        = map(object({ timeout_seconds = number, public = bool, secrets = list(string) }))
}

variable "subscriptions" {
  description = "Who answers which doorbell; see modules/suite."
  type        = map(object({ topic = string, function = string, ack_deadline_seconds = number }))
}

variable "jobs" {
  description = "What the scheduler calls; see modules/suite."
  type = map(object({
    function                 = string
    path                     = string
    schedule                 = string
    handler_seconds          = number
    attempt_deadline_seconds = number
    retries                  = number
    everywhere               = bool
  }))
}

variable "sizes" {
  description = "Size of each function in a serving location."
  type = map(object({
    instances_min    = number
    instances_max    = number
    concurrency      = number
    transactions_max = number
    cpu              = string
    memory           = string
  }))

  validation {
    condition     = toset(keys(var.sizes)) == toset(keys(var.functions))
    error_message = "Every function has a size, and nothing else has."
  }
}

variable "spanner_processing_units_max" {
  description = "Ceiling of Spanner's autoscaler."
  type        = number
}

variable "spanner_leader" {
  description = "Region in which Spanner's leader is by default."
  type        = string
}

variable "transactions_per_node" {
  description = "Read-write transactions that a node (1,000 processing units) has under way when it is busy. Little's law on the published 2,700 writes/s of a node in a multi-region configuration, at an assumed 40 ms from begin to commit: 108. To be measured on a real instance."
  type        = number
  default     = 100
}

variable "settings" {
  description = "What functions are told beyond names and sizes. variables: what is otherwise than the defaults in choices.tf, by variable."
  type = object({
    seal_interval_seconds = number
    hot_window_days       = number
    log_level             = string
    otlp_endpoint         = string
    variables             = optional(map(string), {})
  })

  validation {
    condition     = var.settings.hot_window_days >= 40
    error_message = "Usage is accepted for 35 days: pages stay hot for at least 40."
  }
  validation {
    condition     = length(setsubtract(keys(var.settings.variables), keys(local.defaults))) == 0
    error_message = "An environment chooses ${join(", ", keys(local.defaults))}. What is secret, or ours, is not set here."
  }
  # The code does not start with one of them alone: it would take tokens that were made for somebody else, or none.
  validation {
    condition     = length(distinct([for name in ["JWT_ISSUER", "JWT_AUDIENCE", "JWT_JWKS_URL"] : lookup(var.settings.variables, name, "") == ""])) == 1
    error_message = "JWT_ISSUER, JWT_AUDIENCE and JWT_JWKS_URL are given together, or not at all."
  }
  validation {
    condition     = contains(["debug", "info", "warn", "error"], var.settings.log_level)
    error_message = "Alerts are made from log lines: silent is not for deployed functions."
  }
}

variable "names" {
  description = "What resources are called; see modules/suite."
  type = object({
    spanner_instance   = string
    spanner_database   = string
    firestore_database = string
    vault_bucket       = string
    packages_bucket    = string
    repository         = string
    topic_prefix       = string
    secrets            = map(string)
  })
}

variable "secret_versions" {
  description = "Version of each secret that functions are given, by variable."
  type        = map(string)

  validation {
    condition     = toset(keys(var.secret_versions)) == toset(keys(var.names.secrets))
    error_message = "Every secret has a version, and nothing else has."
  }
}

variable "key_ring" {
  description = "Path of the ring with the signing keys: the functions' KMS_KEY_RING."
  type        = string

  validation {
    condition     = can(regex("^projects/[^/\\s]+/locations/[^/\\s]+/keyRings/[^/\\s]+$", var.key_ring))
    error_message = "A key ring is projects/P/locations/L/keyRings/R."
  }
}

variable "wrapping_key" {
  description = "Path of the key under which organizations' data keys are: the functions' WRAPPING_KEY."
  type        = string

  validation {
    condition     = can(regex("^projects/[^/\\s]+/locations/[^/\\s]+/keyRings/[^/\\s]+/cryptoKeys/[^/\\s]+$", var.wrapping_key))
    error_message = "A key is projects/P/locations/L/keyRings/R/cryptoKeys/K."
  }
}

variable "topics_key" {
  description = "Key of messages at rest."
  type        = string
}

variable "function_emails" {
  description = "Address of each function's own account."
  type        = map(string)

  validation {
    condition     = length(distinct(values(var.function_emails))) == length(var.functions)
    error_message = "Each function runs as an account of its own."
  }
}

variable "other_emails" {
  description = "Addresses of push, scheduler and builder."
  type        = object({ push = string, scheduler = string, builder = string })
}

variable "callers" {
  description = "Addresses that may call each function's internal routes."
  type        = map(list(string))
}

variable "audience" {
  description = "Audience of tokens for a function, to be filled in with format(): location, name."
  type        = string
}

variable "repository" {
  description = "Repository of the source, owner/name."
  type        = string
}

variable "packages_folder" {
  description = "Folder with <name>.zip of every function, as `npm run build:functions` leaves it."
  type        = string
}

variable "labels" {
  description = "On everything that can carry labels."
  type        = map(string)
}
