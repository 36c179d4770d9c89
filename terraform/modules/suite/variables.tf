variable "project" {
  description = "Id of the stack's own Google Cloud project: one per environment and residency region."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project id is 6 to 30 characters from a-z, 0-9 and -, and starts with a letter."
  }
}
