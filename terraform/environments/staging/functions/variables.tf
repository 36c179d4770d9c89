variable "residency" {
  description = "Residency region of the stack to apply; the same as that of the backend's file."
  type        = string
}

variable "packages_folder" {
  description = "Folder with <name>.zip of every function, relative to this one: what `npm run build:functions` made."
  type        = string
  default     = "../../../../dist/functions"
}
