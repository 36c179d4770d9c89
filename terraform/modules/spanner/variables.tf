variable "project" {
  description = "Id of the stack's project."
  type        = string
}

variable "instance" {
  description = "Name of the instance."
  type        = string
}

variable "database" {
  description = "Name of the database."
  type        = string
}

variable "instance_config" {
  description = "Where replicas lie: a multi-region such as eur3, or regional-<region>."
  type        = string
}

variable "edition" {
  description = "ENTERPRISE, or ENTERPRISE_PLUS for more than one region. STANDARD has neither autoscaling nor incremental backups."
  type        = string

  validation {
    condition     = contains(["ENTERPRISE", "ENTERPRISE_PLUS"], var.edition)
    error_message = "edition is ENTERPRISE or ENTERPRISE_PLUS."
  }
}

variable "processing_units_min" {
  description = "Floor of the autoscaler; 1,000 are one node."
  type        = number

  validation {
    condition     = var.processing_units_min >= 1000 && var.processing_units_min % 1000 == 0
    error_message = "The autoscaler takes 1,000 processing units or a multiple."
  }
}

variable "processing_units_max" {
  description = "Ceiling of the autoscaler."
  type        = number

  validation {
    condition     = var.processing_units_max >= 1000 && var.processing_units_max % 1000 == 0
    error_message = "The autoscaler takes 1,000 processing units or a multiple."
  }
}

variable "kms_key" {
  description = "Key of the data at rest; its location covers every region of the configuration."
  type        = string
}

variable "labels" {
  description = "On the instance."
  type        = map(string)
}
