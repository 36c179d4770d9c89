variable "residency" {
  description = "Residency region of the stack to apply; the same as that of the backend's file."
  type        = string
}
