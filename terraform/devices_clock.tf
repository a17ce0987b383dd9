# The clock: the time, and how far off each device's own clock is.

module "sync_clock" {
  source = "./modules/function"

  platform       = local.platform
  name           = "sync-clock"
  description    = "Tells devices the time, how far off their clock is, and how fast that changes."
  repository_url = local.repository_urls["sync-clock"]

  memory = 128
  # The emulator starts a function within its timeout, beside all the others on one machine; on AWS a
  # start has ten seconds of its own.
  timeout = local.emulated ? 13 : 3

  vpc_config = local.database_vpc_config

  environment = {
    CLOCK_TABLE = aws_dynamodb_table.clock.name
  }

  policy = {
    KeepSyncs = {
      actions   = ["dynamodb:UpdateItem"]
      resources = [aws_dynamodb_table.clock.arn]
    }
  }
}

# One item for each device: its last syncs.
resource "aws_dynamodb_table" "clock" {
  #checkov:skip=CKV_AWS_119:Encrypted with the key DynamoDB owns; the items are device ids and times.
  #checkov:skip=CKV_AWS_28:Point-in-time recovery is on wherever data must last, which is by environment.
  name         = "${local.prefix}-clock"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "device_id"

  attribute {
    name = "device_id"
    type = "S"
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  deletion_protection_enabled = !local.disposable

  point_in_time_recovery {
    enabled = !local.disposable
  }
}
