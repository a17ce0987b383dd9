# When digests run, and what happens to a run that could not be started.

locals {
  # The queue's own policy needs its ARN, so the name comes first.
  digest_dead_letters_name = "${local.prefix}-digest-dead-letters"
}

resource "aws_scheduler_schedule_group" "digest" {
  name = "${local.prefix}-digest"
}

resource "aws_scheduler_schedule" "digest" {
  #checkov:skip=CKV_AWS_297:Encrypted with the key Scheduler owns; the input is the word daily or weekly.
  for_each = local.digest_schedules

  name        = "${local.prefix}-digest-${each.key}"
  description = "Asks for the ${each.key} digests."
  group_name  = aws_scheduler_schedule_group.digest.name
  state       = var.digest.schedules_enabled ? "ENABLED" : "DISABLED"

  schedule_expression          = each.value
  schedule_expression_timezone = "UTC"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    # The alias: a run gets the released version, whatever $LATEST holds.
    arn      = module.scheduled_digest.alias_arn
    role_arn = aws_iam_role.digest_schedule.arn
    input    = jsonencode({ frequency = each.key })

    # For starting the run. Once Lambda has taken the event, retries are Lambda's.
    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 5
    }

    dead_letter_config {
      arn = aws_sqs_queue.digest_dead_letters.arn
    }
  }

  lifecycle {
    precondition {
      condition     = endswith(module.scheduled_digest.alias_arn, ":live")
      error_message = "A schedule must start the alias live, never $LATEST."
    }
  }
}

resource "aws_iam_role" "digest_schedule" {
  name        = "${local.prefix}-digest-schedule"
  description = "Lets the digest's schedules start the digest."

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      # Not for a schedule of some other account or group.
      Condition = {
        StringEquals = {
          "aws:SourceAccount" = local.account_id
          "aws:SourceArn"     = aws_scheduler_schedule_group.digest.arn
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "digest_schedule" {
  name = "start-digest"
  role = aws_iam_role.digest_schedule.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "StartLive"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = [module.scheduled_digest.alias_arn]
      },
      {
        Sid      = "KeepWhatCouldNotStart"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = [aws_sqs_queue.digest_dead_letters.arn]
      },
    ]
  })
}

# The provider waits 25 s for a queue's attributes to stay the same, fixed in its code. A policy
# in a resource of its own would wait as long again, so it is part of the queue.
resource "aws_sqs_queue" "digest_dead_letters" {
  name                    = local.digest_dead_letters_name
  sqs_managed_sse_enabled = true
  # The longest there is: time for a person to come back from holiday.
  message_retention_seconds = 1209600

  policy = !local.tls_only ? null : jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DenyWithoutTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = "arn:${local.partition}:sqs:${var.region}:${local.account_id}:${local.digest_dead_letters_name}"
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
