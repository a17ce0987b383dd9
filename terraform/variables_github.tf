variable "github" {
  description = "The repository whose workflows may deploy and plan here. owner_id and repository_id are GitHub's numbers of both, which tokens of repositories made or renamed since 15 July 2026 carry; create_provider is false where another environment of the same account has GitHub's identity provider; state_bucket is the backend's, <prefix>-state by default."
  type = object({
    repository      = string
    owner_id        = optional(string)
    repository_id   = optional(string)
    create_provider = optional(bool, true)
    state_bucket    = optional(string)
  })
  default = null

  validation {
    condition     = var.github == null || can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.github.repository))
    error_message = "github.repository must be owner/name, without a wildcard: whoever it fits may deploy."
  }

  validation {
    condition     = (try(var.github.owner_id, null) == null) == (try(var.github.repository_id, null) == null)
    error_message = "github.owner_id and github.repository_id belong together: give both or neither."
  }

  validation {
    condition     = alltrue([for id in [try(var.github.owner_id, null), try(var.github.repository_id, null)] : id == null || can(regex("^[0-9]+$", id))])
    error_message = "github.owner_id and github.repository_id must be GitHub's numbers, digits alone."
  }

  validation {
    condition     = try(coalesce(var.github.state_bucket), null) == null || can(regex("^[a-z0-9.-]{3,63}$", var.github.state_bucket))
    error_message = "github.state_bucket must be the name of a bucket."
  }
}
