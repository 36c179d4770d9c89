variable "project" {
  description = "Id of the stack's project."
  type        = string
}

variable "environment" {
  description = "Environment, in subjects."
  type        = string
}

variable "residency" {
  description = "Residency region, in titles."
  type        = string
}

variable "host" {
  description = "Host that is watched from outside."
  type        = string
}

variable "notify" {
  description = "Address of each severity."
  type        = object({ sev1 = string, sev2 = string, sev3 = string, sev4 = string })

  validation {
    condition     = alltrue([for address in values(var.notify) : can(regex("^[^@\\s]+@[^@\\s]+$", address))])
    error_message = "Somebody is told of every severity, by mail."
  }
}

variable "functions" {
  description = "Names of the functions."
  type        = set(string)
}

variable "subscriptions" {
  description = "Full name of each push subscription."
  type        = map(string)
}

variable "dead_letters" {
  description = "Full names of the subscriptions with dead letters."
  type        = set(string)

  validation {
    condition     = length(var.dead_letters) == length(var.subscriptions)
    error_message = "Every push subscription has its dead letters."
  }
}

variable "receipts_topic" {
  description = "Full name of the topic that rings the sealer."
  type        = string
}

variable "backend_services" {
  description = "Names of the load balancer's backend services."
  type        = object({ ingest = string, api = string })
}

variable "spanner_instance" {
  description = "Name of the Spanner instance."
  type        = string
}

variable "spanner_is_multi_region" {
  description = "Whether losing a region must be carried by what is left: then CPU has to stay lower."
  type        = bool
}

variable "vault_bucket" {
  description = "Name of the archive."
  type        = string
}

variable "steward_email" {
  description = "Who changes grants by right."
  type        = string
}

variable "deployer_email" {
  description = "Who says by right who may call a function or receive a dead letter."
  type        = string
}

variable "labels" {
  description = "On channels, policies, objectives."
  type        = map(string)
}
