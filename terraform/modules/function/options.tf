# What most functions leave as it is.

variable "vpc_config" {
  description = "Subnets and security groups, for a function that must reach something private."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
  default = null

  validation {
    condition     = var.vpc_config == null || try(length(var.vpc_config.subnet_ids) >= 2 && length(var.vpc_config.security_group_ids) >= 1, false)
    error_message = "vpc_config needs subnets in two zones at least, and a security group."
  }
}

variable "reserved_concurrency" {
  description = "Invocations at once, taken out of the account's pool. -1: as many as the pool has."
  type        = number
  default     = -1

  validation {
    condition     = var.reserved_concurrency >= -1
    error_message = "reserved_concurrency must be -1 (none set) or more; 0 stops the function."
  }
}

variable "recursive_loop" {
  description = "Allow or Terminate: what Lambda does when the function calls itself 16 times in a row."
  type        = string
  default     = "Terminate"

  validation {
    condition     = contains(["Allow", "Terminate"], var.recursive_loop)
    error_message = "recursive_loop must be Allow or Terminate."
  }
}

variable "async_invocation" {
  description = "How often and how long an asynchronous event is tried, and where it goes then (an SQS queue)."
  type = object({
    maximum_retry_attempts       = optional(number, 2)
    maximum_event_age_in_seconds = optional(number, 3600)
    on_failure_queue_arn         = optional(string)
  })
  default = {}

  validation {
    condition     = contains([0, 1, 2], var.async_invocation.maximum_retry_attempts)
    error_message = "async_invocation.maximum_retry_attempts must be 0, 1 or 2."
  }

  validation {
    condition     = var.async_invocation.maximum_event_age_in_seconds >= 60 && var.async_invocation.maximum_event_age_in_seconds <= 21600
    error_message = "async_invocation.maximum_event_age_in_seconds must be from 60 to 21600."
  }
}

variable "alarms" {
  description = "When the function's alarms go off."
  type = object({
    errors             = optional(number, 1)     # errors in five minutes
    throttles          = optional(number, 1)     # refused invocations in five minutes
    duration_share     = optional(number, 0.83)  # of the timeout
    duration_statistic = optional(string, "p99") # or Maximum, for a few long runs
  })
  default = {}

  validation {
    condition     = var.alarms.errors >= 1 && var.alarms.throttles >= 1
    error_message = "alarms.errors and alarms.throttles must be 1 or more."
  }

  validation {
    condition     = var.alarms.duration_share > 0 && var.alarms.duration_share < 1
    error_message = "alarms.duration_share must be between 0 and 1: at the timeout it is too late."
  }

  validation {
    condition     = contains(["Maximum", "p95", "p99"], var.alarms.duration_statistic)
    error_message = "alarms.duration_statistic must be Maximum, p95 or p99."
  }
}

variable "unscoped_actions" {
  description = "Actions for which IAM knows no resource, so that they can be allowed on everything or not at all."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for action in var.unscoped_actions : contains(["lambda:ListFunctions"], action)])
    error_message = "unscoped_actions are those that have no resource: lambda:ListFunctions. Everything else belongs into policy, with its ARNs."
  }
}
