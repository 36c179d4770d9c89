variable "project" {
  description = "Id of the stack's project."
  type        = string
}

variable "names" {
  description = "Name of each secret, by the variable that a function finds its value in."
  type        = map(string)

  validation {
    condition     = length(distinct(values(var.names))) == length(var.names)
    error_message = "Each variable has a secret of its own."
  }
}

variable "kms_keys" {
  description = "Where copies lie: location, and path of a key in that very location."
  type        = map(string)

  validation {
    condition     = length(var.kms_keys) >= 2
    error_message = "A secret outlives the loss of a region."
  }
  validation {
    condition     = alltrue([for location, key in var.kms_keys : strcontains(key, "/locations/${location}/")])
    error_message = "A copy is encrypted with a key of its own location: Secret Manager takes no other."
  }
}

variable "labels" {
  description = "On every secret."
  type        = map(string)
}
