variable "project" {
  description = "Id of the stack's project."
  type        = string
}

variable "bucket" {
  description = "Name of the bucket: the functions' VAULT_BUCKET."
  type        = string
}

variable "location" {
  description = "Continent of the two regions: US, EU or ASIA."
  type        = string

  validation {
    condition     = contains(["US", "EU", "ASIA"], var.location)
    error_message = "Configurable dual-regions lie in US, EU or ASIA."
  }
}

variable "data_locations" {
  description = "The two regions that hold every object."
  type        = set(string)

  validation {
    condition     = length(var.data_locations) == 2
    error_message = "A dual-region is two regions."
  }
}

variable "retention_seconds" {
  description = "During which nothing can be deleted; unset for seven years. May be raised later, never lowered once locked."
  type        = number
  default     = 220924800

  validation {
    condition     = var.retention_seconds >= local.seven_years_seconds
    error_message = "Records are kept for seven years: at least 220,924,800 seconds."
  }
  validation {
    condition     = var.retention_seconds <= 3155760000
    error_message = "Cloud Storage retains for 100 years at most."
  }
}

variable "locked" {
  description = "Locks the retention policy. Irreversible: true in production once the first bundle was verified, never to try things out."
  type        = bool
  default     = false
}

variable "kms_key" {
  description = "Key of the objects, in the KMS location that belongs to the bucket's."
  type        = string
}

variable "labels" {
  description = "On the bucket."
  type        = map(string)
}
