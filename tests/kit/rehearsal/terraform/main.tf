# Two functions and what a release needs, for rehearsals: the rest of the root module is not theirs.

variable "environment" { type = string }

variable "emulator" {
  type = object({
    endpoint   = string
    access_key = optional(string, "test")
    secret_key = optional(string, "test")
  })
}

variable "architecture" { type = string }

variable "image_tag" {
  type    = string
  default = null
}

variable "image_entry_point" { type = list(string) }

variable "region" {
  type    = string
  default = "us-east-1"
}

variable "registry" {
  type = object({
    create          = optional(bool, true)
    account_id      = optional(string)
    shared_with     = optional(list(string), [])
    keep_images     = optional(number, 50)
    rollback_window = optional(number, 10)
  })
  default = {}
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  project    = "rehearsal"
  prefix     = "${local.project}-${var.environment}"
  emulated   = true
  disposable = true
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  functions  = toset(["generate-presigned-url", "sync-clock"])

  registry_account = local.account_id
  # github_policies.tf asks for it; nothing is encrypted here.
  encrypted_parameter_arn = "arn:${local.partition}:ssm:${var.region}:${local.account_id}:parameter/none"

  platform = {
    prefix            = local.prefix
    environment       = var.environment
    architecture      = var.architecture
    image_tag         = var.image_tag
    image_entry_point = var.image_entry_point
    alarm_topic_arn   = aws_sns_topic.alarms.arn
    alias_metrics     = false
  }
  # github_policies.tf asks for them; nobody calls one here.
  apis    = { none = { execution_arn = "arn:${local.partition}:execute-api:${var.region}:${local.account_id}:none" } }
  modules = { "generate-presigned-url" = module.links, "sync-clock" = module.clock }
}

resource "aws_sns_topic" "alarms" {
  name = "${local.prefix}-alarms"
}

resource "aws_dynamodb_table" "clock" {
  name         = "${local.prefix}-clock"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "device_id"

  attribute {
    name = "device_id"
    type = "S"
  }
}

module "clock" {
  source = "./modules/function"

  platform       = local.platform
  name           = "sync-clock"
  description    = "The clock."
  repository_url = local.repository_urls["sync-clock"]
  memory         = 128
  timeout        = 10
  environment    = { CLOCK_TABLE = aws_dynamodb_table.clock.name }
  policy = {
    KeepSyncs = { actions = ["dynamodb:UpdateItem"], resources = [aws_dynamodb_table.clock.arn] }
  }
}

resource "aws_s3_bucket" "downloads" {
  bucket        = "${local.prefix}-downloads"
  force_destroy = true
}

module "links" {
  source = "./modules/function"

  platform       = local.platform
  name           = "generate-presigned-url"
  description    = "Links."
  repository_url = local.repository_urls["generate-presigned-url"]
  memory         = 128
  timeout        = 10
  environment    = { DOWNLOAD_BUCKET = aws_s3_bucket.downloads.bucket }
  policy = {
    FindDownloads = { actions = ["s3:ListBucket"], resources = [aws_s3_bucket.downloads.arn] }
    ReadDownloads = { actions = ["s3:GetObject"], resources = ["${aws_s3_bucket.downloads.arn}/*"] }
  }
}

output "functions" {
  value = {
    for name, function in local.modules : name => merge(function.summary, {
      repository_url = local.repository_urls[name]
      invokers       = []
    })
  }
}

output "routes" { value = {} }

output "registry" { value = { rollback_window = var.registry.rollback_window } }

output "alarm_topic_arn" { value = aws_sns_topic.alarms.arn }
