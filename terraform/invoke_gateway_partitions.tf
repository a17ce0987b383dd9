# The audit's months: db-migrate makes those to come and drops old ones, each night. Rows of a month
# that nobody made are kept all the same, in the default partition, and moved when it is made.

locals {
  gateway_partitions_dead_letters_name = "${local.prefix}-gateway-partitions-dead-letters"
}

resource "aws_scheduler_schedule_group" "gateway" {
  name = "${local.prefix}-gateway"
}

resource "aws_scheduler_schedule" "gateway_partitions" {
  #checkov:skip=CKV_AWS_297:Encrypted with the key Scheduler owns; the input is one word.
  name        = "${local.prefix}-gateway-partitions"
  description = "Makes and drops the months of the invoke gateway's audit."
  group_name  = aws_scheduler_schedule_group.gateway.name
  state       = var.invoke_gateway.schedules_enabled ? "ENABLED" : "DISABLED"

  schedule_expression          = "cron(17 2 * * ? *)"
  schedule_expression_timezone = "UTC"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = module.db_migrate.alias_arn
    role_arn = aws_iam_role.gateway_schedule.arn
    input    = jsonencode({ action = "partitions" })

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 5
    }

    dead_letter_config {
      arn = aws_sqs_queue.gateway_partitions_dead_letters.arn
    }
  }

  lifecycle {
    precondition {
      condition     = endswith(module.db_migrate.alias_arn, ":live")
      error_message = "A schedule must start the alias live, never $LATEST."
    }
  }
}

resource "aws_iam_role" "gateway_schedule" {
  name        = "${local.prefix}-gateway-schedule"
  description = "Lets the schedule of the audit's months start db-migrate."

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = {
          "aws:SourceAccount" = local.account_id
          "aws:SourceArn"     = aws_scheduler_schedule_group.gateway.arn
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "gateway_schedule" {
  name = "start-db-migrate"
  role = aws_iam_role.gateway_schedule.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "StartLive"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = [module.db_migrate.alias_arn]
      },
      {
        Sid      = "KeepWhatCouldNotStart"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = [aws_sqs_queue.gateway_partitions_dead_letters.arn]
      },
    ]
  })
}

# The policy is part of the queue for the reason that digest_schedules.tf gives.
resource "aws_sqs_queue" "gateway_partitions_dead_letters" {
  name                      = local.gateway_partitions_dead_letters_name
  sqs_managed_sse_enabled   = true
  message_retention_seconds = 1209600

  policy = !local.tls_only ? null : jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DenyWithoutTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = "arn:${local.partition}:sqs:${var.region}:${local.account_id}:${local.gateway_partitions_dead_letters_name}"
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
