variable "platform" {
  description = "What everything of an environment shares: names, where alarms go, how long logs are kept."
  type = object({
    prefix             = string # of names: lambda-fleet-<env>
    environment        = string
    log_retention_days = optional(number, 30)
    log_kms_key_arn    = optional(string)
    alarm_topic_arn    = string
  })
}

variable "name" {
  description = "Name of the API within the environment."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name))
    error_message = "name must be lower-case words joined by hyphens."
  }
}

variable "description" {
  description = "What the API is for, in a sentence."
  type        = string

  validation {
    condition     = length(var.description) > 0 && length(var.description) <= 1024
    error_message = "description must have 1 to 1024 characters."
  }
}

variable "routes" {
  description = "What the API answers, by route key (GET /path, ANY /path or $default): the function, by its folder and its alias, and whether everybody may ask."
  type = map(object({
    function   = string
    alias_arn  = string
    invoke_arn = string
    # Seconds: the function's own. Several routes of one function share it.
    timeout = optional(number, 30)
    public  = optional(bool, false)
    # A request that changes nothing, for `fleet validate`, and the status it gets. The path is
    # the route's own unless it has parameters; the body is JSON.
    probe = optional(object({
      path          = optional(string)
      body          = optional(string)
      expect_status = optional(number, 200)
    }))
  }))

  validation {
    condition = length(var.routes) > 0 && alltrue([
      for key in keys(var.routes) :
      key == "$default" || can(regex("^(ANY|DELETE|GET|HEAD|PATCH|POST|PUT) /([A-Za-z0-9._-]+|\\{[a-z_]+\\+?\\})?(/([A-Za-z0-9._-]+|\\{[a-z_]+\\+?\\}))*$", key))
    ])
    error_message = "routes must have keys such as GET /path, POST /path/{id} or $default, and at least one."
  }

  validation {
    # OPTIONS is not among the methods above: API Gateway answers it itself where CORS is on.
    condition     = alltrue([for key, route in var.routes : !route.public || can(regex("^GET /", key))])
    error_message = "A public route must be a GET of one path: nothing that everybody may call changes anything."
  }

  validation {
    condition     = alltrue([for route in values(var.routes) : length(distinct([for other in values(var.routes) : other.timeout if other.function == route.function])) == 1])
    error_message = "Routes of one function share one integration, so they must give the same timeout."
  }

  validation {
    condition = alltrue([
      for key, route in var.routes :
      route.probe == null || try(startswith(coalesce(route.probe.path, try(regex("^[A-Z]+ ([^{}]+)$", key)[0], "")), "/"), false)
    ])
    error_message = "A probe of $default or of a route with parameters needs a path of its own, which begins with a slash."
  }
}

variable "authorization" {
  description = "Who may call routes that are not public: AWS_IAM (signed with SigV4, execute-api:Invoke allowed), JWT (a token of the issuer), or FUNCTION (whom the function knows: API Gateway asks nothing)."
  type        = string
  default     = "AWS_IAM"

  validation {
    condition     = contains(["AWS_IAM", "JWT", "FUNCTION"], var.authorization)
    error_message = "authorization must be AWS_IAM, JWT or FUNCTION."
  }
}

variable "jwt" {
  description = "Whose tokens are accepted, and for whom these must be meant."
  type = object({
    issuer   = string
    audience = list(string)
    scopes   = optional(list(string), [])
  })
  default = null

  validation {
    condition     = (var.jwt != null) == (var.authorization == "JWT")
    error_message = "jwt is needed with the authorization JWT, and means nothing without it."
  }

  validation {
    condition     = var.jwt == null || try(startswith(var.jwt.issuer, "https://") && length(var.jwt.audience) > 0, false)
    error_message = "jwt needs an https issuer and an audience: without one, a token made for any other program would be accepted."
  }
}

variable "cors" {
  description = "Origins of web pages that may call the API from a browser. None: browsers are refused."
  type = object({
    allow_origins = list(string)
    allow_methods = optional(list(string), ["GET", "POST"])
    allow_headers = optional(list(string), ["authorization", "content-type", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"])
    max_age       = optional(number, 300) # seconds
  })
  default = null

  validation {
    condition     = var.cors == null || try(length(var.cors.allow_origins) > 0 && alltrue([for origin in var.cors.allow_origins : can(regex("^https?://[^/*]+$", origin))]), false)
    error_message = "cors.allow_origins must name origins such as https://console.example.com, without a path or a wildcard."
  }
}

variable "throttle" {
  description = "Requests a second over time, and at once, for each route; API Gateway answers 429 above them."
  type = object({
    rate  = optional(number, 50)
    burst = optional(number, 100)
  })
  default = {}

  validation {
    condition     = var.throttle.rate >= 1 && var.throttle.burst >= 1 && floor(var.throttle.burst) == var.throttle.burst
    error_message = "throttle.rate and throttle.burst must be 1 or more: 0 refuses every request."
  }
}

variable "alarms" {
  description = "When the API's alarms go off."
  type = object({
    error_percent  = optional(number, 5)    # of the requests in five minutes, answered with 5xx
    error_count    = optional(number, 2)    # and so many of them, so that one of three is no alarm
    latency_p99_ms = optional(number, 5000) # in three of five times five minutes
  })
  default = {}

  validation {
    condition     = var.alarms.error_percent > 0 && var.alarms.error_percent <= 100 && var.alarms.error_count >= 1 && var.alarms.latency_p99_ms > 0
    error_message = "alarms.error_percent must be above 0 and up to 100, alarms.error_count 1 or more, alarms.latency_p99_ms above 0."
  }
}
