variable "project" {
  description = "Id of the stack's project."
  type        = string
}

variable "database" {
  description = "Name of the database: the functions' FIRESTORE_DATABASE."
  type        = string
}

variable "location" {
  description = "Multi-region, or region where there is none."
  type        = string
}

variable "kms_key" {
  description = "Key of the data at rest, in the KMS location that belongs to the database's (nam5: us, eur3: europe)."
  type        = string
}

variable "rules" {
  description = "Text of firestore.rules."
  type        = string

  validation {
    condition     = strcontains(var.rules, "service cloud.firestore")
    error_message = "These are no rules for Firestore."
  }
  validation {
    condition     = length(regexall("allow[a-z, ]*\\b(?:write|create|update|delete)\\b[^;]*;", var.rules)) == length(regexall("allow[a-z, ]*\\b(?:write|create|update|delete)\\b[a-z, ]*:\\s*if\\s+false\\s*;", var.rules))
    error_message = "No client writes anything: the rules may allow reading only."
  }
}

variable "field_overrides" {
  description = "fieldOverrides of firestore.indexes.json."
  type = list(object({
    collectionGroup = string
    fieldPath       = string
    ttl             = optional(bool, false)
    indexes = optional(list(object({
      order       = optional(string)
      arrayConfig = optional(string)
      queryScope  = optional(string, "COLLECTION")
    })), [])
  }))
}

variable "indexes" {
  description = "indexes of firestore.indexes.json."
  type = list(object({
    collectionGroup = string
    queryScope      = optional(string, "COLLECTION")
    fields = list(object({
      fieldPath   = string
      order       = optional(string)
      arrayConfig = optional(string)
    }))
  }))
}
