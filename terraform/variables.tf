# What differs between environments. Everything else is decided beside the resource it concerns.

variable "environment" {
  description = "Environment: local, dev, staging or prod. Part of every name."
  type        = string

  validation {
    condition     = contains(["local", "dev", "staging", "prod"], var.environment)
    error_message = "environment must be local, dev, staging or prod."
  }
}

variable "region" {
  description = "AWS region of everything."
  type        = string
  default     = "us-east-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be the name of an AWS region, such as us-east-1."
  }
}

variable "emulator" {
  description = "The AWS emulator that stands in for AWS in the environment local."
  type = object({
    endpoint      = string
    access_key    = optional(string, "test")
    secret_key    = optional(string, "test")
    alias_metrics = optional(bool, false) # does it report metrics of an alias
  })
  default = null

  validation {
    condition     = (var.emulator != null) == (var.environment == "local")
    error_message = "The environment local needs emulator, and no other environment may have it."
  }

  validation {
    condition     = var.emulator == null || can(regex("^https?://[^/]+$", var.emulator.endpoint))
    error_message = "emulator.endpoint must be http(s)://host[:port] without a path."
  }
}

variable "architecture" {
  description = "Instruction set of all functions, and of the images built for them."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be arm64 or x86_64."
  }
}

variable "image_tag" {
  description = "Commit SHA whose images new functions start with. Only read when a function is created: later images come from releases."
  type        = string
  default     = null

  validation {
    # Uncommitted changes have a hash of their own behind the SHA, and no way out of this machine.
    condition     = var.image_tag == null || can(regex(var.environment == "local" ? "^[0-9a-f]{40}(-dirty-[0-9a-f]{12})?$" : "^[0-9a-f]{40}$", var.image_tag))
    error_message = "image_tag must be a full commit SHA: 40 lower-case hexadecimal digits."
  }
}

variable "image_entry_point" {
  description = "Entry point in place of the image's own. An emulator needs one: it runs the runtime interface emulator first."
  type        = list(string)
  default     = null

  validation {
    condition     = var.image_entry_point == null || var.environment == "local"
    error_message = "image_entry_point is for the environment local: on AWS the image's own entry point runs."
  }
}

variable "registry" {
  description = "Image repositories. create is false where another environment owns them, of this account or of account_id; shared_with are the other accounts whose environments take images from here."
  type = object({
    create          = optional(bool, true)
    account_id      = optional(string)
    shared_with     = optional(list(string), [])
    keep_images     = optional(number, 50)
    rollback_window = optional(number, 10)
  })
  default = {}

  validation {
    condition     = alltrue([for account in concat(var.registry.shared_with, var.registry.account_id == null ? [] : [var.registry.account_id]) : can(regex("^[0-9]{12}$", account))])
    error_message = "registry.account_id and registry.shared_with must be AWS account ids: 12 digits."
  }

  validation {
    condition     = var.registry.account_id == null || !var.registry.create
    error_message = "registry.account_id is of whoever owns the repositories: set registry.create to false with it."
  }

  validation {
    condition     = var.registry.rollback_window >= 1 && floor(var.registry.rollback_window) == var.registry.rollback_window
    error_message = "registry.rollback_window must be a whole number of releases, 1 or more."
  }

  validation {
    # One more than the window: the image that is live is kept beside those it may go back to.
    condition     = var.registry.keep_images > var.registry.rollback_window && floor(var.registry.keep_images) == var.registry.keep_images
    error_message = "registry.keep_images must be a whole number above registry.rollback_window, or a roll back finds its image deleted."
  }
}

variable "observability" {
  description = "Logs, traces and who hears of alarms."
  type = object({
    log_level          = optional(string, "INFO")
    log_retention_days = optional(number, 30)
    log_kms_key_arn    = optional(string)
    alarm_email        = optional(string)
    tracing            = optional(bool, false)
  })
  default = {}

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], var.observability.log_level)
    error_message = "observability.log_level must be DEBUG, INFO, WARNING, ERROR or CRITICAL."
  }

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.observability.log_retention_days)
    error_message = "observability.log_retention_days must be one of CloudWatch's own steps up to two years: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545 or 731."
  }

  validation {
    condition     = var.observability.log_kms_key_arn == null || can(regex("^arn:[^:]+:kms:[^:]+:[0-9]{12}:key/.+$", var.observability.log_kms_key_arn))
    error_message = "observability.log_kms_key_arn must be the ARN of a KMS key."
  }

  validation {
    condition     = var.observability.alarm_email == null || can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", var.observability.alarm_email))
    error_message = "observability.alarm_email must be an e-mail address."
  }
}

variable "release_guard" {
  description = "The guard that rolls a function back when its error alarm goes off soon after a release: for how long, and whether at all."
  type = object({
    window_seconds = optional(number, 1800)
    enabled        = optional(bool, true)
  })
  default = {}

  validation {
    # An error alarm looks at five minutes at a time, and its event takes a while.
    condition     = var.release_guard.window_seconds >= 600 && var.release_guard.window_seconds <= 86400 && floor(var.release_guard.window_seconds) == var.release_guard.window_seconds
    error_message = "release_guard.window_seconds must be a whole number from 600 to 86400: a shorter window is over before the alarm can go off."
  }
}

variable "digest" {
  description = "Scheduled digests: where monitors are read, where digests are asked for, and how fast."
  type = object({
    supabase_url      = string
    backend_endpoint  = string
    rate_per_minute   = optional(number, 50)
    concurrency       = optional(number, 10)
    retention_days    = optional(number, 30)
    schedules_enabled = optional(bool, true)
  })

  validation {
    condition = alltrue([
      for url in [var.digest.supabase_url, var.digest.backend_endpoint] :
      can(regex("^https://[^/]+", url)) || (var.environment == "local" && can(regex("^http://[^/]+", url)))
    ])
    error_message = "digest.supabase_url and digest.backend_endpoint must be https URLs (plain http only in the environment local): the first carries a service key."
  }

  validation {
    # Locally the backend is a stand-in, and tests must not take an hour.
    condition     = var.digest.rate_per_minute >= 1 && var.digest.rate_per_minute <= (var.environment == "local" ? 60000 : 50)
    error_message = "digest.rate_per_minute must be between 1 and 50, which is what the backend allows each client (60000 in the environment local)."
  }

  validation {
    condition     = var.digest.concurrency >= 1 && var.digest.concurrency <= 50
    error_message = "digest.concurrency must be between 1 and 50."
  }

  validation {
    condition     = var.digest.retention_days >= 1
    error_message = "digest.retention_days must be 1 or more: deleted monitors are purged after it."
  }
}

# What may be said here, modules/http_api/variables.tf knows, and says.
