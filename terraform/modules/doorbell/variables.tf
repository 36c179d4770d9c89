variable "project" {
  description = "Id of the stack's project."
  type        = string
}

variable "project_number" {
  description = "Its number, in the address of Pub/Sub's agent."
  type        = string
}

variable "name" {
  description = "Name of the subscription; that of its dead letters is made from it."
  type        = string
}

variable "topic" {
  description = "Full name of the topic."
  type        = string
}

variable "endpoint" {
  description = "Where to push: the function's run.app address."
  type        = string

  validation {
    condition     = startswith(var.endpoint, "https://")
    error_message = "Messages are pushed over HTTPS."
  }
}

variable "audience" {
  description = "Audience of the token: what the function knows as CALLER_AUDIENCE."
  type        = string

  validation {
    condition     = startswith(var.audience, "https://")
    error_message = "The audience is the function's own address."
  }
}

variable "push_email" {
  description = "Address of the account that the token is made for."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9-]+@[a-z0-9-]+\\.iam\\.gserviceaccount\\.com$", var.push_email))
    error_message = "Push proves itself as a service account."
  }
}

variable "ack_deadline_seconds" {
  description = "How long the function may take."
  type        = number

  validation {
    condition     = var.ack_deadline_seconds >= 10 && var.ack_deadline_seconds <= 600
    error_message = "Pub/Sub waits for 10 to 600 seconds."
  }
  validation {
    condition     = var.ack_deadline_seconds >= var.function_timeout_seconds
    error_message = "Pub/Sub would deliver again while the function still works."
  }
}

variable "function_timeout_seconds" {
  description = "Longest that the function may take, to hold the deadline against."
  type        = number
}

variable "delivery_attempts_max" {
  description = "Attempts before a message is set aside. A message of an ordered key stands in the way of the next until then: ten attempts are about five minutes."
  type        = number
  default     = 10

  validation {
    condition     = var.delivery_attempts_max >= 5 && var.delivery_attempts_max <= 100
    error_message = "Pub/Sub takes 5 to 100 attempts."
  }
}

variable "regions" {
  description = "Regions in which dead letters may be kept."
  type        = set(string)
}

variable "kms_key" {
  description = "Key of the dead letters at rest."
  type        = string
}

variable "labels" {
  description = "On subscriptions and topic."
  type        = map(string)
}
