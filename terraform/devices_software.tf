# Software updates: what devices tell of them, and where each device stands.

module "software_event_update_handler" {
  source = "./modules/function"

  platform       = local.platform
  name           = "software-event-update-handler"
  description    = "Keeps what devices tell of their software updates, and where each device stands."
  repository_url = local.repository_urls["software-event-update-handler"]

  memory  = 128
  timeout = 10

  environment = {
    SOFTWARE_UPDATES_TABLE = aws_dynamodb_table.software_updates.name
  }

  policy = {
    KeepEvents = {
      actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"]
      resources = [aws_dynamodb_table.software_updates.arn]
    }
  }
}

# The event log, and beside it the state that follows from it.
resource "aws_dynamodb_table" "software_updates" {
  #checkov:skip=CKV_AWS_119:Encrypted with the key DynamoDB owns; the items are device ids, versions and times.
  #checkov:skip=CKV_AWS_28:Point-in-time recovery is on wherever data must last, which is by environment.
  name         = "${local.prefix}-software-updates"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "device_id"
  range_key    = "sk"

  attribute {
    name = "device_id"
    type = "S"
  }

  # event#<time>#<id>: two events of one device on one day are both kept.
  attribute {
    name = "sk"
    type = "S"
  }

  deletion_protection_enabled = !local.disposable

  point_in_time_recovery {
    enabled = !local.disposable
  }
}
