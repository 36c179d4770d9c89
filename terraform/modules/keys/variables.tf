variable "project" {
  description = "Id of the stack's project."
  type        = string
}

variable "project_number" {
  description = "Its number, in the addresses of the service agents."
  type        = string
}

variable "signing_ring" {
  description = "Name of the ring with the signing keys."
  type        = string
}

variable "signing_location" {
  description = "Multi-region of the signing keys, so that no one region's loss stops the sealer."
  type        = string
}

variable "signing_versions" {
  description = "Versions of each signing key by a label of ours, oldest first. Only ever add."
  type        = map(list(string))

  validation {
    condition     = toset(keys(var.signing_versions)) == toset(["checkpoint", "evidence"])
    error_message = "The suite signs with exactly two keys: checkpoint and evidence."
  }
  validation {
    condition     = alltrue([for versions in values(var.signing_versions) : length(versions) > 0 && length(distinct(versions)) == length(versions)])
    error_message = "Each key has at least one version, and labels do not repeat."
  }
}

variable "data_ring" {
  description = "Name of the rings with the keys of data at rest."
  type        = string
}

variable "data_keys" {
  description = "Location of the key of each kind of data: spanner, firestore, vault, topics; of organizations' data keys: personal."
  type        = map(object({ location = string }))

  validation {
    condition     = toset(keys(var.data_keys)) == toset(["spanner", "firestore", "vault", "topics", "personal"])
    error_message = "Every store has a key of ours: spanner, firestore, vault, topics; and organizations' data keys have one: personal."
  }
}

variable "secret_locations" {
  description = "Where copies of the secrets lie."
  type        = set(string)

  validation {
    condition     = length(var.secret_locations) >= 2
    error_message = "A secret outlives the loss of a region."
  }
}

variable "labels" {
  description = "On every key."
  type        = map(string)
}
