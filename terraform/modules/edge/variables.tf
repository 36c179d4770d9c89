variable "project" {
  description = "Id of the stack's project."
  type        = string
}

variable "host" {
  description = "Host name of the stack; its DNS record points at the addresses."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.host))
    error_message = "A host name, without scheme or path."
  }
}

variable "locations" {
  description = "Serving locations, without the standby."
  type        = set(string)

  validation {
    condition     = length(var.locations) >= 1
    error_message = "Somebody has to answer."
  }
}

variable "requests_per_key_and_minute" {
  description = "Requests that one credential may send in a minute; a request carries up to 1,000 events."
  type        = number
  default     = 60000

  validation {
    condition     = var.requests_per_key_and_minute >= 1 && var.requests_per_key_and_minute <= 1000000
    error_message = "1 to 1,000,000 requests a minute."
  }
}

variable "requests_per_address_and_minute" {
  description = "Requests without a credential that one address may send in a minute."
  type        = number
  default     = 600

  validation {
    condition     = var.requests_per_address_and_minute >= 1 && var.requests_per_address_and_minute <= 1000000
    error_message = "1 to 1,000,000 requests a minute."
  }
}

variable "labels" {
  description = "On addresses and forwarding rules."
  type        = map(string)
}
