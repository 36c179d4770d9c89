variable "residency" {
  description = "Residency region of the stack that is applied: us, eu or apac."
  type        = string

  validation {
    condition     = contains(keys(local.stacks), var.residency)
    error_message = "There are stacks for ${join(", ", keys(local.stacks))}."
  }
}
