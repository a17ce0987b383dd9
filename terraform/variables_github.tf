variable "github" {
  description = "The repository whose workflows may deploy and plan here. create_provider is false where another environment of the same account has GitHub's identity provider; state_bucket is the backend's, <prefix>-state by default."
  type = object({
    repository      = string
    create_provider = optional(bool, true)
    state_bucket    = optional(string)
  })
  default = null

  validation {
    condition     = var.github == null || can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.github.repository))
    error_message = "github.repository must be owner/name, without a wildcard: whoever it fits may deploy."
  }

  validation {
    condition     = try(coalesce(var.github.state_bucket), null) == null || can(regex("^[a-z0-9.-]{3,63}$", var.github.state_bucket))
    error_message = "github.state_bucket must be the name of a bucket."
  }
}
