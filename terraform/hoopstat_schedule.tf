# When the lake looks for games by itself.

resource "aws_scheduler_schedule_group" "hoopstat" {
  name = "${local.prefix}-hoopstat"
}

# At noon UTC the last game of the night before has ended everywhere. A week is looked through: what
# could not be had in the days before is tried again, and what is there costs three reads a day.
resource "aws_scheduler_schedule" "hoopstat" {
  #checkov:skip=CKV_AWS_297:Encrypted with the key Scheduler owns; the input is a number of days.
  name        = "${local.prefix}-hoopstat-daily"
  description = "Asks for the games of the last week."
  group_name  = aws_scheduler_schedule_group.hoopstat.name
  state       = var.hoopstat.schedule_enabled ? "ENABLED" : "DISABLED"

  schedule_expression          = "cron(0 12 * * ? *)"
  schedule_expression_timezone = "UTC"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    # The alias: a run gets the released version, whatever $LATEST holds.
    arn      = module.bronze_ingestion.alias_arn
    role_arn = aws_iam_role.hoopstat_schedule.arn
    input = jsonencode({
      source       = "schedule"
      trigger_type = "daily"
      parameters   = { days_back = 7 }
    })

    # For starting the run. Once Lambda has taken the event, retries are Lambda's.
    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 5
    }

    dead_letter_config {
      arn = aws_sqs_queue.bronze_dead_letters.arn
    }
  }

  lifecycle {
    precondition {
      condition     = endswith(module.bronze_ingestion.alias_arn, ":live")
      error_message = "A schedule must start the alias live, never $LATEST."
    }
  }
}

resource "aws_iam_role" "hoopstat_schedule" {
  name        = "${local.prefix}-hoopstat-schedule"
  description = "Lets the lake's schedule start bronze-ingestion."

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
          "aws:SourceArn"     = aws_scheduler_schedule_group.hoopstat.arn
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "hoopstat_schedule" {
  name = "start-ingestion"
  role = aws_iam_role.hoopstat_schedule.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "StartLive"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = [module.bronze_ingestion.alias_arn]
      },
      {
        Sid      = "KeepWhatCouldNotStart"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = [aws_sqs_queue.bronze_dead_letters.arn]
      },
    ]
  })
}
