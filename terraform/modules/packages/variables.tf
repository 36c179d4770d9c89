variable "project" {
  description = "Id of the stack's project."
  type        = string
}

variable "bucket" {
  description = "Name of the bucket."
  type        = string
}

variable "location" {
  description = "Location of the bucket, within the residency region."
  type        = string
}

variable "repository" {
  description = "Name of the image repository, the same in every location."
  type        = string
}

variable "image_locations" {
  description = "Locations in which functions run."
  type        = set(string)
}

variable "builder_email" {
  description = "Address of the service account that builds."
  type        = string
}

variable "deployer_email" {
  description = "Address of the service account that deploys."
  type        = string
}

variable "labels" {
  description = "On bucket and repositories."
  type        = map(string)
}
