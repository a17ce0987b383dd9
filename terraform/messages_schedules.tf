# What makes messages by itself: Terraform's two schedules, and the group of those that are made at
# run time. A schedule starts the message scheduler; the role for that is the same for all.

locals {
  # The name of a schedule is part of the id of what it makes. None that is made at run time can
  # begin with @.
  message_schedules = {
    daily = {
      expression  = var.messages.schedule
      description = "Makes the scheduled message."
      input = {
        schedule = "@daily"
        # Scheduler puts in when it was due.
        scheduled_time = "<aws.scheduler.scheduled-time>"
        message = {
          message_type = "scheduled"
          payload      = { title = "Scheduled message", message = "This is the scheduled message of ${local.stage}." }
        }
      }
    }
    sweep = {
      expression  = "rate(1 minute)"
      description = "Publishes messages that were left behind, and fails those that were abandoned."
      input       = { sweep = true }
    }
  }
}

resource "aws_scheduler_schedule_group" "messages" {
  name = "${local.prefix}-messages"
}

resource "aws_scheduler_schedule_group" "message_schedules" {
  name = "${local.prefix}-message-schedules"
}

resource "aws_scheduler_schedule" "messages" {
  #checkov:skip=CKV_AWS_297:Encrypted with the key Scheduler owns; the input is what stands above.
  for_each = local.message_schedules

  name        = "${local.prefix}-messages-${each.key}"
  description = each.value.description
  group_name  = aws_scheduler_schedule_group.messages.name
  state       = var.messages.schedules_enabled ? "ENABLED" : "DISABLED"

  schedule_expression          = each.value.expression
  schedule_expression_timezone = "UTC"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = module.message_scheduler.alias_arn
    role_arn = aws_iam_role.message_schedule.arn
    input    = replace(replace(jsonencode(each.value.input), "\\u003c", "<"), "\\u003e", ">")

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 5
    }

    dead_letter_config {
      arn = aws_sqs_queue.messages_dead_letters["message-schedules"].arn
    }
  }
}

resource "aws_iam_role" "message_schedule" {
  name        = "${local.prefix}-message-schedule"
  description = "Lets schedules start the message scheduler."

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = {
          "aws:SourceAccount" = local.account_id
          "aws:SourceArn" = [
            aws_scheduler_schedule_group.messages.arn,
            aws_scheduler_schedule_group.message_schedules.arn,
          ]
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "message_schedule" {
  name = "start-message-scheduler"
  role = aws_iam_role.message_schedule.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "StartLive"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = [module.message_scheduler.alias_arn]
      },
      {
        Sid      = "KeepWhatCouldNotStart"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = [aws_sqs_queue.messages_dead_letters["message-schedules"].arn]
      },
    ]
  })
}
