# Reads environments/<environment>.tfvars, so that tests run with the values that are deployed.

terraform {
  required_version = ">= 1.10.0, < 2.0.0"

  required_providers {
    terraform = {
      source = "terraform.io/builtin/terraform"
    }
  }
}

variable "environment" {
  description = "Environment whose file is read."
  type        = string
}

locals {
  values = provider::terraform::decode_tfvars(file("${path.module}/../../environments/${var.environment}.tfvars"))
}

output "values" {
  description = "The variables of the file; those it does not set have the value that Terraform takes as default."
  value = {
    environment       = local.values.environment
    region            = try(local.values.region, "us-east-1")
    emulator          = try(local.values.emulator, null)
    architecture      = try(local.values.architecture, "arm64")
    image_entry_point = try(local.values.image_entry_point, null)
    registry          = try(local.values.registry, {})
    observability     = try(local.values.observability, {})
    digest            = local.values.digest
    hoopstat          = try(local.values.hoopstat, {})
    invoke_gateway    = try(local.values.invoke_gateway, {})
    messages          = local.values.messages
    network           = try(local.values.network, {})
    database          = try(local.values.database, {})
    github            = try(local.values.github, null)
  }
}

output "known" {
  description = "Does the file set nothing but variables that this module hands on."
  value = length(setsubtract(keys(local.values), [
    "environment", "region", "emulator", "architecture", "image_entry_point", "registry", "observability", "digest", "hoopstat",
    "network", "database", "messages", "github", "invoke_gateway",
  ])) == 0
}
