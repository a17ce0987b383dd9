# What differs between environments: the device platform and its API.

variable "devices" {
  description = "The device platform: how long its buckets keep what was overwritten, and reports of test runs."
  type = object({
    old_version_days = optional(number, 30)
    test_report_days = optional(number, 90)
  })
  default = {}

  validation {
    condition     = var.devices.old_version_days >= 1 && var.devices.test_report_days >= 1
    error_message = "devices.old_version_days and devices.test_report_days must be 1 or more."
  }
}

variable "api" {
  description = "The HTTP APIs: who may call them, from which web pages, how fast, and when somebody is told."
  type = object({
    # AWS_IAM: signed with SigV4, and execute-api:Invoke allowed. JWT: a token of the issuer.
    authorization = optional(string, "AWS_IAM")
    jwt = optional(object({
      issuer   = string
      audience = list(string)
      scopes   = optional(list(string), [])
    }))
    cors = optional(object({
      allow_origins = list(string)
      allow_methods = optional(list(string))
      allow_headers = optional(list(string))
      max_age       = optional(number)
    }))
    throttle = optional(object({
      rate  = optional(number) # requests a second
      burst = optional(number) # requests at once
    }), {})
    alarms = optional(object({
      error_percent  = optional(number)
      error_count    = optional(number)
      latency_p99_ms = optional(number)
    }), {})
  })
  default = {}
}
