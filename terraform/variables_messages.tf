variable "messages" {
  description = "Messaging: where notifications go, which hosts web actions may call, when the schedule is due, and how patient everything is."
  type = object({
    # The ntfy topic, with its credentials if it is not open to all. Whoever knows it can read and
    # write there. Without one, the processor's smoke test fails and says so.
    ntfy_url          = optional(string)
    schedule          = optional(string, "cron(0 12 * * ? *)") # UTC
    schedules_enabled = optional(bool, true)

    # Origins that the web action http may call, and where it may get tokens besides.
    http_origins   = optional(list(string), [])
    token_origins  = optional(list(string), [])
    weather_origin = optional(string, "https://api.weather.gov")
    # Networks that web actions may call though they are not public: stand-ins, on one machine.
    trusted_networks = optional(list(string), [])

    log_retention_days = optional(number) # the environment's unless set
    tracing            = optional(bool)   # the same

    # Batches at once for each queue. ntfy.sh lets 60 through at a time and 1 in 5 s after.
    concurrency        = optional(number, 10)
    visibility_seconds = optional(number, 1800)

    # Seconds. Shorter on one machine, where nobody shall wait for tests.
    ntfy_seconds   = optional(number, 30) # for all tries of a notification
    ntfy_timeout   = optional(number, 9)  # for one of them
    action_seconds = optional(number, 30) # for a web action, all of its requests together
    lease_seconds  = optional(number, 90) # for which a message is its worker's
    retry_seconds  = optional(number, 30) # until a try that failed is repeated, twice that later
  })
  default = {}

  validation {
    condition = alltrue([
      for url in concat(compact([var.messages.ntfy_url]), [var.messages.weather_origin], var.messages.http_origins, var.messages.token_origins) :
      can(regex("^https://[^/]+", url)) || (var.environment == "local" && can(regex("^http://[^/]+", url)))
    ])
    error_message = "messages.ntfy_url, weather_origin, http_origins and token_origins must be https URLs (plain http only in the environment local)."
  }

  validation {
    # With credentials before the server or behind the topic where it is not open to all.
    condition     = var.messages.ntfy_url == null || can(regex("^https?://([^/@?#]+@)?[^/@?#]+/[-_A-Za-z0-9]{1,64}(\\?[^#]+)?$", var.messages.ntfy_url))
    error_message = "messages.ntfy_url must be a server and one topic, with its credentials if it has any: https://ntfy.sh/my-topic, https://user:password@ntfy.example.com/my-topic."
  }

  validation {
    condition     = length(var.messages.trusted_networks) == 0 || var.environment == "local"
    error_message = "messages.trusted_networks is for the environment local: elsewhere web actions call public addresses alone."
  }

  validation {
    condition     = can(regex("^(rate|cron)\\(.+\\)$", var.messages.schedule))
    error_message = "messages.schedule must be rate(...) or cron(...)."
  }

  validation {
    condition     = var.messages.lease_seconds >= 2 * max(var.messages.ntfy_seconds, var.messages.action_seconds)
    error_message = "messages.lease_seconds must be twice ntfy_seconds and action_seconds: a lease outlasts the work."
  }

  validation {
    condition     = var.messages.concurrency >= 2 && var.messages.concurrency <= 1000
    error_message = "messages.concurrency must be from 2 to 1000, which is what Lambda takes."
  }
}
