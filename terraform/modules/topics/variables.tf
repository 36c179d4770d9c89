variable "project" {
  description = "Id of the stack's project."
  type        = string
}

variable "prefix" {
  description = "Goes before every topic's name: the functions' TOPIC_PREFIX."
  type        = string

  validation {
    condition     = can(regex("^(|[a-z][a-z0-9-]{0,40})$", var.prefix))
    error_message = "The functions take a prefix of up to 41 characters of a-z, 0-9 and -, starting with a letter."
  }
}

variable "topics" {
  description = "Attributes of each doorbell, all of them text."
  type        = map(list(string))
}

variable "regions" {
  description = "Regions in which messages may be kept."
  type        = set(string)

  validation {
    condition     = length(var.regions) >= 2
    error_message = "With one region only, its loss would stop every doorbell."
  }
}

variable "kms_key" {
  description = "Key of the messages at rest."
  type        = string
}

variable "labels" {
  description = "On every topic."
  type        = map(string)
}
