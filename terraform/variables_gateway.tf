variable "invoke_gateway" {
  description = "The invoke gateway: what it may invoke, how many at once, what of it is kept; and, where one function is not enough, its service on ECS."
  type = object({
    # Functions whose names begin so, and these further ones, and no others.
    function_prefix   = optional(string, "waddlebot-")
    functions_allowed = optional(list(string), [])

    token_seconds  = optional(number, 3600)
    max_concurrent = optional(number, 100) # for each process
    max_batch      = optional(number, 100)
    # required: nothing is answered that is not stored. best-effort: losses are counted.
    audit             = optional(string, "required")
    audit_payloads    = optional(bool, true)
    audit_keep_months = optional(number, 13)
    schedules_enabled = optional(bool, true)

    # Off unless set: gRPC and REST from tasks on Fargate.
    service = optional(object({
      image_tag       = string       # the commit whose image the tasks run
      certificate_arn = string       # of ACM, for both load balancers
      client_cidrs    = list(string) # who may connect to them
      # Where the load balancers stand: the functions' private subnets, or public ones of yours.
      internet_facing      = optional(bool, false)
      public_subnet_ids    = optional(list(string), [])
      cpu                  = optional(number, 2048) # two processes want two cores
      memory               = optional(number, 4096) # MB
      min_tasks            = optional(number, 2)
      max_tasks            = optional(number, 10)
      concurrency_per_task = optional(number, 60) # requests under way that a task is to have
      request_timeout      = optional(number, 30) # seconds
      processes            = optional(number, 2)
      access_log_bucket    = optional(string) # one of yours that Elastic Load Balancing may write to
    }))
  })
  default = {}

  validation {
    # A prefix of nothing would be every function of the account.
    condition     = can(regex("^[A-Za-z0-9_-]{3,64}$", var.invoke_gateway.function_prefix))
    error_message = "invoke_gateway.function_prefix must have 3 to 64 letters, digits, hyphens and underscores."
  }

  validation {
    condition     = alltrue([for name in var.invoke_gateway.functions_allowed : can(regex("^[A-Za-z0-9_-]{1,64}$", name))])
    error_message = "invoke_gateway.functions_allowed must be names of functions: no ARNs, versions or wildcards."
  }

  validation {
    condition     = contains(["required", "best-effort", "off"], var.invoke_gateway.audit)
    error_message = "invoke_gateway.audit must be required, best-effort or off."
  }

  validation {
    condition     = var.invoke_gateway.token_seconds >= 60 && var.invoke_gateway.token_seconds <= 86400
    error_message = "invoke_gateway.token_seconds must be from 60 to 86400."
  }

  validation {
    condition     = var.invoke_gateway.max_concurrent >= 1 && var.invoke_gateway.max_batch >= 1 && var.invoke_gateway.max_batch <= 1000
    error_message = "invoke_gateway.max_concurrent must be 1 or more, max_batch from 1 to 1000."
  }

  validation {
    condition     = var.invoke_gateway.audit_keep_months >= 1 && var.invoke_gateway.audit_keep_months <= 120
    error_message = "invoke_gateway.audit_keep_months must be from 1 to 120."
  }

  validation {
    condition     = var.invoke_gateway.service == null || var.emulator == null
    error_message = "invoke_gateway.service needs AWS: the environment local runs the image by hand."
  }

  validation {
    condition     = var.invoke_gateway.service == null || try(can(regex("^[0-9a-f]{40}$", var.invoke_gateway.service.image_tag)) && can(regex("^arn:[^:]+:acm:", var.invoke_gateway.service.certificate_arn)), false)
    error_message = "invoke_gateway.service needs image_tag, a full commit SHA, and certificate_arn, of ACM."
  }

  validation {
    condition     = var.invoke_gateway.service == null || try(length(var.invoke_gateway.service.client_cidrs) >= 1 && alltrue([for range in var.invoke_gateway.service.client_cidrs : can(cidrhost(range, 0))]), false)
    error_message = "invoke_gateway.service.client_cidrs must name who may connect, such as 10.0.0.0/8."
  }

  validation {
    condition     = var.invoke_gateway.service == null || try(var.invoke_gateway.service.min_tasks >= 2 && var.invoke_gateway.service.max_tasks >= var.invoke_gateway.service.min_tasks, false)
    error_message = "invoke_gateway.service.min_tasks must be 2 or more, one for each zone, and max_tasks not below it."
  }

  validation {
    condition     = var.invoke_gateway.service == null || !try(var.invoke_gateway.service.internet_facing, false) || try(length(var.invoke_gateway.service.public_subnet_ids) >= 2 && var.network.existing != null, false)
    error_message = "invoke_gateway.service.internet_facing needs a network of yours (network.existing) and public_subnet_ids in two zones: the network that is made here has no way to the internet."
  }
}
