variable "name" {
  description = "Name of the bucket. These are global: the account should be part of it."
  type        = string

  validation {
    # No dots: the certificate of <bucket>.s3.<region>.amazonaws.com covers one label.
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name))
    error_message = "name must have 3 to 63 lower-case letters, digits and hyphens, and begin and end with a letter or digit."
  }
}

variable "disposable" {
  description = "May a destroy throw the objects away?"
  type        = bool
}

variable "tls_only" {
  description = "Refuse requests without TLS. False only where an emulator is reached over plain http."
  type        = bool
  default     = true
}

variable "lifecycle_rules" {
  description = "Make lifecycle rules. False where an emulator would keep them and never act on them."
  type        = bool
  default     = true
}

variable "old_version_days" {
  description = "Days for which a version is kept after it was overwritten or deleted."
  type        = number
  default     = 30

  validation {
    condition     = var.old_version_days >= 1
    error_message = "old_version_days must be 1 or more."
  }
}

variable "expire_days" {
  description = "Days after which an object is deleted. Null: objects stay."
  type        = number
  default     = null

  validation {
    condition     = var.expire_days == null || try(var.expire_days >= 1, false)
    error_message = "expire_days must be 1 or more, or null for objects that stay."
  }
}
