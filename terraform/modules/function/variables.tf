variable "platform" {
  description = "What all functions of an environment share: names, architecture, first image, logs, alarms."
  type = object({
    prefix             = string # of names: lambda-fleet-<env>
    environment        = string
    architecture       = string
    image_tag          = optional(string) # the first image of a new function
    image_entry_point  = optional(list(string))
    log_level          = optional(string, "INFO")
    log_retention_days = optional(number, 30)
    log_kms_key_arn    = optional(string)
    tracing            = optional(bool, false)
    alarm_topic_arn    = string
    alias_metrics      = optional(bool, true) # alarms watch the alias, not the whole function
  })

  validation {
    condition     = contains(["arm64", "x86_64"], var.platform.architecture)
    error_message = "platform.architecture must be arm64 or x86_64."
  }
}

variable "name" {
  description = "The function's folder under images/."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name))
    error_message = "name must be lower-case words joined by hyphens, as the folder under images/ is."
  }
}

variable "description" {
  description = "What the function does, in a sentence."
  type        = string

  validation {
    condition     = length(var.description) > 0 && length(var.description) <= 256
    error_message = "description must have 1 to 256 characters."
  }
}

variable "repository_url" {
  description = "Image repository, without tag."
  type        = string
}

variable "memory" {
  description = "Memory in MB. The share of CPU grows with it."
  type        = number

  validation {
    condition     = var.memory >= 128 && var.memory <= 10240 && floor(var.memory) == var.memory
    error_message = "memory must be a whole number of MB from 128 to 10240."
  }
}

variable "timeout" {
  description = "Seconds after which Lambda stops an invocation."
  type        = number

  validation {
    condition     = var.timeout >= 1 && var.timeout <= 900 && floor(var.timeout) == var.timeout
    error_message = "timeout must be a whole number of seconds from 1 to 900."
  }
}

variable "ephemeral_storage" {
  description = "Size of /tmp in MB."
  type        = number
  default     = 512

  validation {
    condition     = var.ephemeral_storage >= 512 && var.ephemeral_storage <= 10240
    error_message = "ephemeral_storage must be from 512 to 10240 MB."
  }
}

variable "environment" {
  description = "The function's own environment variables. ENVIRONMENT and LOG_LEVEL are added."
  type        = map(string)
  default     = {}

  validation {
    condition     = length(setintersection(keys(var.environment), ["ENVIRONMENT", "LOG_LEVEL"])) == 0
    error_message = "environment must not set ENVIRONMENT or LOG_LEVEL: they are the same for all functions."
  }
}

variable "policy" {
  description = "What the function may do beyond writing its log: statements by Sid."
  type = map(object({
    actions   = list(string)
    resources = list(string)
    # IAM's own shape: operator to key to values.
    conditions = optional(map(map(list(string))), {})
  }))
  default = {}

  validation {
    condition = alltrue(flatten([
      for statement in values(var.policy) : [
        for action in statement.actions : can(regex("^[a-z0-9-]+:[A-Za-z0-9]+$", action))
      ]
    ]))
    error_message = "policy actions must be named one by one, such as s3:GetObject: no wildcards."
  }

  validation {
    condition = alltrue(flatten([
      for statement in values(var.policy) : [for resource in statement.resources : resource != "*"]
    ]))
    error_message = "policy resources must be ARNs: a statement on * is on everything in the account."
  }

  validation {
    condition = alltrue([
      for sid, statement in var.policy :
      can(regex("^[A-Za-z0-9]+$", sid)) && length(statement.actions) > 0 && length(statement.resources) > 0
    ])
    error_message = "policy statements need a Sid of letters and digits, an action and a resource."
  }
}
