variable "project" {
  description = "Id of the stack's project."
  type        = string
}

variable "location" {
  description = "Region in which it runs."
  type        = string
}

variable "name" {
  description = "The folder's name under functions/, and the name of everything about it."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,48}[a-z0-9]$", var.name))
    error_message = "A function's name is 3 to 50 characters of a-z, 0-9 and -."
  }
}

variable "repository" {
  description = "Repository of the source, owner/name."
  type        = string
}

variable "labels" {
  description = "On the function."
  type        = map(string)
}

variable "package" {
  description = "Where the zip lies."
  type        = object({ bucket = string, object = string })

  validation {
    condition     = can(regex("[0-9a-f]{64}\\.zip$", var.package.object))
    error_message = "A package is named by the SHA-256 of its content, or a new one would not be noticed."
  }
}

variable "build_service_account" {
  description = "Path of the account that builds: projects/P/serviceAccounts/EMAIL."
  type        = string
}

variable "docker_repository" {
  description = "Path of the repository of its images."
  type        = string
}

variable "service_account" {
  description = "Address of the account that it runs as: its own."
  type        = string

  validation {
    condition     = !endswith(var.service_account, "@developer.gserviceaccount.com") && !endswith(var.service_account, "@appspot.gserviceaccount.com")
    error_message = "The project's default accounts may do far too much."
  }
}

variable "public" {
  description = "Whether it answers the internet, through the load balancer."
  type        = bool

  validation {
    condition     = !var.public || contains(["ingest", "api"], var.name)
    error_message = "The public edge is ingest and api."
  }
}

variable "invokers" {
  description = "Addresses of the accounts that may call it."
  type        = list(string)

  validation {
    condition     = alltrue([for address in var.invokers : can(regex("^[a-z0-9-]+@[a-z0-9-]+\\.iam\\.gserviceaccount\\.com$", address))])
    error_message = "Callers are service accounts, by address."
  }
}

variable "size" {
  description = "Instances kept and allowed, requests and read-write transactions per instance, CPU and memory."
  type = object({
    instances_min    = number
    instances_max    = number
    concurrency      = number
    transactions_max = number
    cpu              = string
    memory           = string
  })

  validation {
    condition     = var.size.instances_min >= 0 && var.size.instances_min <= var.size.instances_max && var.size.instances_max <= 100
    error_message = "Instances are 0 to 100, and the floor is not above the ceiling."
  }
  validation {
    condition     = var.size.concurrency >= 1 && var.size.concurrency <= var.size.transactions_max
    error_message = "An instance takes no more requests than it may have transactions, or they would wait for each other inside it."
  }
  validation {
    condition     = var.size.transactions_max <= 1000
    error_message = "TRANSACTIONS_MAX is 1000 at most (shared/edge/config.ts)."
  }
  validation {
    condition     = tonumber(var.size.cpu) >= 1
    error_message = "More than one request at once needs a whole CPU."
  }
}

variable "timeout_seconds" {
  description = "Longest that a request may take."
  type        = number

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 3600
    error_message = "A request may take an hour at most."
  }
}

variable "drain_seconds" {
  description = "After SIGTERM, how long requests under way may take. Cloud Run kills the instance ten seconds after it."
  type        = number
  default     = 8

  validation {
    condition     = var.drain_seconds >= 1 && var.drain_seconds <= 9
    error_message = "Of the ten seconds that Cloud Run gives, one is for flushing what was logged."
  }
}

variable "environment_variables" {
  description = "What it is told, by the names in shared/edge/config.ts."
  type        = map(string)

  validation {
    condition     = length(setintersection(keys(var.environment_variables), ["PORT", "HOST", "TRANSACTIONS_MAX", "DRAIN_SECONDS", "K_SERVICE", "K_REVISION", "FUNCTION_TARGET"])) == 0
    error_message = "These are settled by the platform or by this module."
  }
  validation {
    condition     = length([for name in keys(var.environment_variables) : name if endswith(name, "_EMULATOR_HOST") || contains(["KMS_ENDPOINT", "CALLER_TOKEN", "DATA_DIR"], name)]) == 0
    error_message = "Settings of tests and of the embedded platform have no place in the cloud."
  }
}

variable "secrets" {
  description = "What it is given out of Secret Manager, by variable: number of the project, name of the secret, number of the version."
  type        = map(object({ project = string, secret = string, version = string }))

  # `latest` is read when an instance starts: a new version would come into force bit by bit, and could not be taken back by
  # a deployment.
  validation {
    condition     = alltrue([for secret in values(var.secrets) : can(regex("^[1-9][0-9]*$", secret.version))])
    error_message = "A secret's version is pinned by its number."
  }
}
