# What differs between environments: the basketball lake.

variable "hoopstat" {
  description = "The basketball lake: its source, how often it may be asked, and when it is asked by itself."
  type = object({
    source_url = optional(string, "https://stats.nba.com/stats")
    # Requests in any minute, and seconds between two of them. The source's limit is not published:
    # these are what it is known to bear.
    rate_per_minute  = optional(number, 30)
    rate_gap         = optional(number, 1)
    schedule_enabled = optional(bool, true)
    # From the first to the last month of a season data older than a day is an alarm; in between
    # there are no games.
    in_season        = optional(bool, true)
    old_version_days = optional(number, 30)
  })
  default = {}

  validation {
    condition     = can(regex("^https?://[^/]+(/.*)?$", var.hoopstat.source_url))
    error_message = "hoopstat.source_url must be an http or https URL."
  }

  validation {
    condition     = var.environment == "local" || startswith(var.hoopstat.source_url, "https://")
    error_message = "hoopstat.source_url must be an https URL outside the environment local."
  }

  validation {
    condition     = var.hoopstat.rate_per_minute >= 1 && var.hoopstat.rate_gap >= 0
    error_message = "hoopstat.rate_per_minute must be 1 or more, and hoopstat.rate_gap 0 or more."
  }

  validation {
    condition     = var.hoopstat.old_version_days >= 1
    error_message = "hoopstat.old_version_days must be 1 or more."
  }
}
