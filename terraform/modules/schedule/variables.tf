variable "project" {
  description = "Id of the stack's project."
  type        = string
}

variable "location" {
  description = "Region of the functions that are called."
  type        = string
}

variable "scheduler_region" {
  description = "Region that keeps the jobs."
  type        = string
}

variable "scheduler_email" {
  description = "Address of the account that jobs prove themselves as."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9-]+@[a-z0-9-]+\\.iam\\.gserviceaccount\\.com$", var.scheduler_email))
    error_message = "A job proves itself as a service account."
  }
}

variable "jobs" {
  description = "Jobs by name: function, its address and audience, path, schedule, longest work of the handler, deadline, retries, whether paused."
  type = map(object({
    function                 = string
    address                  = string
    audience                 = string
    path                     = string
    schedule                 = string
    handler_seconds          = number
    attempt_deadline_seconds = number
    retries                  = number
    paused                   = bool
  }))

  validation {
    condition     = alltrue([for job in values(var.jobs) : job.attempt_deadline_seconds >= job.handler_seconds])
    error_message = "The scheduler would give up on a handler that still works."
  }
  validation {
    condition     = alltrue([for job in values(var.jobs) : job.attempt_deadline_seconds >= 15 && job.attempt_deadline_seconds <= 1800])
    error_message = "Cloud Scheduler waits for 15 seconds to 30 minutes."
  }
  validation {
    condition     = alltrue([for job in values(var.jobs) : can(regex("^(\\S+ ){4}\\S+$", job.schedule)) && startswith(job.path, "/")])
    error_message = "A schedule has five fields, a path starts with /."
  }
}
