variable "platform" {
  description = "What every function of the environment shares; local.platform of the root module."
  type = object({
    prefix          = string
    alarm_topic_arn = string
  })
}

variable "name" {
  description = "Name of the queue, below the environment's prefix."
  type        = string

  validation {
    # With the prefix and -dead-letters it must stay below SQS's 80 characters.
    condition     = can(regex("^[a-z][a-z0-9-]{0,38}[a-z0-9]$", var.name))
    error_message = "name must have 2 to 40 lower-case letters, digits and hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "arn_prefix" {
  description = "What stands before :<queue> in the ARN of a queue here."
  type        = string
}

variable "timeout" {
  description = "Seconds that the function has for a batch."
  type        = number
}

variable "bucket_arns" {
  description = "Buckets whose notifications the queue takes."
  type        = list(string)
  default     = []
}

variable "tls_only" {
  description = "Refuse requests without TLS. False only where an emulator is reached over plain http."
  type        = bool
  default     = true
}
