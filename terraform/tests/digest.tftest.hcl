# digest*.tf: what starts digests, what the function may do, and what watches it.

mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target = aws_dynamodb_table.digest_ledger
  values = { arn = "arn:aws:dynamodb:us-east-1:123456789012:table/ledger" }
}

variables {
  environment = "staging"
  image_tag   = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  digest = {
    supabase_url     = "https://project.supabase.co"
    backend_endpoint = "https://digests.example.com/api/v1/digest"
    rate_per_minute  = 40
  }
}

run "the_digest" {
  # Schedules.
  assert {
    condition = { for frequency, schedule in aws_scheduler_schedule.digest : frequency => "${schedule.schedule_expression} ${schedule.schedule_expression_timezone} ${schedule.state}" } == {
      daily  = "cron(0 13 * * ? *) UTC ENABLED"
      weekly = "cron(0 13 ? * MON *) UTC ENABLED"
    }
    error_message = "Daily and weekly digests start at 13:00 UTC."
  }

  assert {
    condition = alltrue([
      for frequency, schedule in aws_scheduler_schedule.digest :
      schedule.target[0].input == "{\"frequency\":\"${frequency}\"}"
    ])
    error_message = "A schedule says which digests are due."
  }

  assert {
    condition = alltrue([
      for schedule in aws_scheduler_schedule.digest :
      schedule.target[0].arn == module.scheduled_digest.alias_arn && endswith(schedule.target[0].arn, ":live")
    ])
    error_message = "Schedules start the released version."
  }

  assert {
    condition = alltrue([
      for schedule in aws_scheduler_schedule.digest :
      schedule.target[0].dead_letter_config[0].arn == aws_sqs_queue.digest_dead_letters.arn && schedule.target[0].retry_policy[0].maximum_retry_attempts == 5
    ])
    error_message = "A run that cannot start is tried again and then kept in the queue."
  }

  # Schedules may only start live.
  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.digest_schedule.policy).Statement : statement.Sid => [statement.Action, statement.Resource] } == {
      StartLive             = [["lambda:InvokeFunction"], [module.scheduled_digest.alias_arn]]
      KeepWhatCouldNotStart = [["sqs:SendMessage"], [aws_sqs_queue.digest_dead_letters.arn]]
    }
    error_message = "The schedules' role may start the alias live and write to the queue, and nothing else."
  }

  assert {
    condition     = jsondecode(aws_iam_role.digest_schedule.assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceArn"] == aws_scheduler_schedule_group.digest.arn
    error_message = "Only this group's schedules take the role."
  }

  # Function.
  assert {
    condition = { for statement in jsondecode(module.scheduled_digest.policy).Statement : statement.Sid => [statement.Action, statement.Resource] } == {
      ClaimDigestsAndRate = [["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], ["arn:aws:dynamodb:us-east-1:123456789012:table/ledger"]]
      ContinueItself      = [["lambda:InvokeFunction"], ["arn:aws:lambda:us-east-1:123456789012:function:lambda-fleet-staging-scheduled-digest:live"]]
      ReadSupabaseKey     = [["secretsmanager:GetSecretValue"], [aws_secretsmanager_secret.supabase_key.arn]]
      WriteOwnLog         = [["logs:CreateLogStream", "logs:PutLogEvents"], ["arn:aws:logs:us-east-1:123456789012:log-group:mocked:*"]]
    }
    error_message = "The digest's permissions are these four, each on one resource."
  }

  assert {
    condition = module.scheduled_digest.environment == tomap({
      ENVIRONMENT               = "staging"
      LOG_LEVEL                 = "INFO"
      SUPABASE_URL              = "https://project.supabase.co"
      SUPABASE_SERVICE_ROLE_KEY = "secretsmanager:${aws_secretsmanager_secret.supabase_key.arn}"
      BACKEND_DIGEST_ENDPOINT   = "https://digests.example.com/api/v1/digest"
      RETENTION_DAYS            = "30"
      DIGEST_CONCURRENCY        = "10"
      DIGEST_RATE_PER_MINUTE    = "40"
      DIGEST_LEDGER_TABLE       = "lambda-fleet-staging-digest-ledger"
    })
    error_message = "The function is configured by these variables, and has the secret's name and not its value."
  }

  assert {
    condition     = module.scheduled_digest.summary.memory == 256 && module.scheduled_digest.summary.timeout == 300
    error_message = "256 MB and 300 s."
  }

  # Storage.
  assert {
    condition     = aws_dynamodb_table.digest_ledger.hash_key == "pk" && aws_dynamodb_table.digest_ledger.range_key == null && aws_dynamodb_table.digest_ledger.billing_mode == "PAY_PER_REQUEST"
    error_message = "The ledger has the key pk and no capacity to plan."
  }

  assert {
    condition     = aws_dynamodb_table.digest_ledger.ttl[0].attribute_name == "expires_at" && aws_dynamodb_table.digest_ledger.ttl[0].enabled && aws_dynamodb_table.digest_ledger.point_in_time_recovery[0].enabled
    error_message = "Ledger items expire, and the ledger can be restored."
  }

  assert {
    condition     = aws_sqs_queue.digest_dead_letters.sqs_managed_sse_enabled && aws_sqs_queue.digest_dead_letters.message_retention_seconds == 1209600
    error_message = "The queue is encrypted and keeps messages for 14 days."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.digest_dead_letters.policy).Statement[0].Condition.Bool["aws:SecureTransport"] == "false"
    error_message = "The queue refuses calls without TLS."
  }

  # Alarms.
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.digest_heartbeat.treat_missing_data == "breaching"
      && aws_cloudwatch_metric_alarm.digest_heartbeat.period * aws_cloudwatch_metric_alarm.digest_heartbeat.evaluation_periods == 25 * 3600
      && aws_cloudwatch_metric_alarm.digest_heartbeat.datapoints_to_alarm == 25
      && aws_cloudwatch_metric_alarm.digest_heartbeat.comparison_operator == "LessThanThreshold"
      && aws_cloudwatch_metric_alarm.digest_heartbeat.threshold == 1
      && aws_cloudwatch_metric_alarm.digest_heartbeat.actions_enabled
    )
    error_message = "25 hours without a completed daily run are an alarm."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.digest_failed.threshold == 1 && aws_cloudwatch_metric_alarm.digest_failed.treat_missing_data == "notBreaching" && aws_cloudwatch_metric_alarm.digest_failed.dimensions == tomap({ service = "scheduled-digest", environment = "staging" })
    error_message = "One digest that was not delivered is an alarm."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.digest_dead_letters_depth.threshold == 1 && aws_cloudwatch_metric_alarm.digest_dead_letters_age.threshold == 86400
    error_message = "One lost run is an alarm, and another when it is a day old."
  }

  assert {
    condition = alltrue([
      for alarm in [aws_cloudwatch_metric_alarm.digest_heartbeat, aws_cloudwatch_metric_alarm.digest_failed, aws_cloudwatch_metric_alarm.digest_dead_letters_depth, aws_cloudwatch_metric_alarm.digest_dead_letters_age] :
      tolist(alarm.alarm_actions) == tolist([aws_sns_topic.alarms.arn])
    ])
    error_message = "Every alarm tells the topic."
  }
}
