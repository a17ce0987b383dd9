# hoopstat*.tf: the lake's buckets, what fills the first one, and what watches it.

mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target = aws_dynamodb_table.bronze
  values = { arn = "arn:aws:dynamodb:us-east-1:123456789012:table/bronze" }
}

override_resource {
  target = aws_sqs_queue.bronze
  values = { arn = "arn:aws:sqs:us-east-1:123456789012:bronze", url = "https://sqs/bronze" }
}

override_resource {
  target = aws_sqs_queue.bronze_dead_letters
  values = { arn = "arn:aws:sqs:us-east-1:123456789012:bronze-dead-letters" }
}

override_resource {
  target = module.bronze.aws_s3_bucket.this
  values = { arn = "arn:aws:s3:::bronze" }
}

override_resource {
  target = module.gold.aws_s3_bucket.this
  values = { arn = "arn:aws:s3:::gold" }
}

variables {
  environment = "staging"
  image_tag   = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  digest = {
    supabase_url     = "https://project.supabase.co"
    backend_endpoint = "https://digests.example.com/api/v1/digest"
  }
}

run "bronze" {
  # Buckets.
  assert {
    condition = alltrue([
      for bucket in [module.bronze, module.silver, module.gold] : !bucket.summary.disposable && bucket.summary.tls_only && bucket.summary.lifecycle_rules && bucket.summary.old_version_days == 30 && bucket.summary.expire_days == null
    ])
    error_message = "Each layer has a bucket that lasts, refuses calls without TLS and forgets old versions."
  }

  assert {
    condition     = [for layer in ["bronze", "gold", "silver"] : local.hoopstat[layer].bucket] == [for layer in ["bronze", "gold", "silver"] : "lambda-fleet-staging-${layer}-123456789012"]
    error_message = "Buckets are named for their layer and the account."
  }

  # Function.
  assert {
    condition = { for statement in jsondecode(module.bronze_ingestion.policy).Statement : statement.Sid => [statement.Action, statement.Resource] } == {
      KeepObjects      = [["s3:GetObject", "s3:PutObject"], ["arn:aws:s3:::bronze/*"]]
      FindObjects      = [["s3:ListBucket"], ["arn:aws:s3:::bronze"]]
      KeepRate         = [["dynamodb:GetItem", "dynamodb:PutItem"], ["arn:aws:dynamodb:us-east-1:123456789012:table/bronze"]]
      GoOnByQueue      = [["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage"], ["arn:aws:sqs:us-east-1:123456789012:bronze"]]
      ReadGoldIndex    = [["s3:GetObject"], ["arn:aws:s3:::gold/index/latest.json"]]
      FindGoldIndex    = [["s3:ListBucket"], ["arn:aws:s3:::gold"]]
      KeepFailedEvents = [["sqs:SendMessage"], ["arn:aws:sqs:us-east-1:123456789012:bronze-dead-letters"]]
      WriteOwnLog      = [["logs:CreateLogStream", "logs:PutLogEvents"], ["arn:aws:logs:us-east-1:123456789012:log-group:mocked:*"]]
    }
    error_message = "The function's permissions are these, each on one resource: it deletes nothing, and reads one object of gold."
  }

  assert {
    condition = module.bronze_ingestion.environment == tomap({
      ENVIRONMENT         = "staging"
      LOG_LEVEL           = "INFO"
      BRONZE_BUCKET       = "lambda-fleet-staging-bronze-123456789012"
      GOLD_BUCKET         = "lambda-fleet-staging-gold-123456789012"
      INGESTION_QUEUE_URL = "https://sqs/bronze"
      INGESTION_TABLE     = "lambda-fleet-staging-bronze"
      SOURCE_URL          = "https://stats.nba.com/stats"
      RATE_PER_MINUTE     = "30"
      RATE_GAP            = "1"
    })
    error_message = "30 requests a minute, a second apart, of stats.nba.com."
  }

  assert {
    condition     = module.bronze_ingestion.summary.memory == 256 && module.bronze_ingestion.summary.timeout == 300
    error_message = "256 MB and 300 s."
  }

  # Queue.
  assert {
    condition     = aws_sqs_queue.bronze.visibility_timeout_seconds >= 6 * module.bronze_ingestion.summary.timeout
    error_message = "No message comes back while it is worked on."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.bronze.redrive_policy) == { deadLetterTargetArn = aws_sqs_queue.bronze_dead_letters.arn, maxReceiveCount = 3 }
    error_message = "What fails three times is kept for a person."
  }

  assert {
    condition     = alltrue([for queue in [aws_sqs_queue.bronze, aws_sqs_queue.bronze_dead_letters] : queue.sqs_managed_sse_enabled && queue.message_retention_seconds == 1209600 && jsondecode(queue.policy).Statement[0].Condition.Bool["aws:SecureTransport"] == "false"])
    error_message = "Queues are encrypted, keep messages for 14 days and refuse calls without TLS."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.bronze.batch_size == 1 && endswith(aws_lambda_event_source_mapping.bronze.function_name, ":live") && tolist(aws_lambda_event_source_mapping.bronze.function_response_types) == tolist(["ReportBatchItemFailures"]) && one(aws_lambda_event_source_mapping.bronze.scaling_config).maximum_concurrency == 2
    error_message = "One message at a time goes to the released version, two at once at most."
  }

  # Schedule.
  assert {
    condition     = "${aws_scheduler_schedule.hoopstat.schedule_expression} ${aws_scheduler_schedule.hoopstat.schedule_expression_timezone} ${aws_scheduler_schedule.hoopstat.state}" == "cron(0 12 * * ? *) UTC ENABLED"
    error_message = "The lake looks for games at noon UTC."
  }

  assert {
    condition     = jsondecode(aws_scheduler_schedule.hoopstat.target[0].input).parameters == { days_back = 7 } && endswith(aws_scheduler_schedule.hoopstat.target[0].arn, ":live")
    error_message = "It asks the released version for a week."
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.hoopstat_schedule.policy).Statement : statement.Sid => [statement.Action, statement.Resource] } == {
      StartLive             = [["lambda:InvokeFunction"], [module.bronze_ingestion.alias_arn]]
      KeepWhatCouldNotStart = [["sqs:SendMessage"], [aws_sqs_queue.bronze_dead_letters.arn]]
    }
    error_message = "The schedule's role may start the alias live and write to the queue, and nothing else."
  }

  assert {
    condition     = jsondecode(aws_iam_role.hoopstat_schedule.assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceArn"] == aws_scheduler_schedule_group.hoopstat.arn
    error_message = "Only this group's schedules take the role."
  }

  # Alarms.
  assert {
    condition = { for name, alarm in aws_cloudwatch_metric_alarm.bronze : name => [alarm.metric_name, alarm.threshold, alarm.treat_missing_data] } == {
      schema     = ["SchemaChanges", 1, "notBreaching"]
      quarantine = ["Quarantined", 1, "notBreaching"]
      failed     = ["RunsFailed", 1, "notBreaching"]
    }
    error_message = "A changed schema, anything new in quarantine and a failed run are alarms."
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.hoopstat_heartbeat.metric_name == "ScheduledRuns"
      && aws_cloudwatch_metric_alarm.hoopstat_heartbeat.treat_missing_data == "breaching"
      && aws_cloudwatch_metric_alarm.hoopstat_heartbeat.period * aws_cloudwatch_metric_alarm.hoopstat_heartbeat.datapoints_to_alarm == 25 * 3600
      && aws_cloudwatch_metric_alarm.hoopstat_heartbeat.actions_enabled
    )
    error_message = "25 hours without a daily run are an alarm."
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.hoopstat_freshness.metric_name == "GoldDaysBehind"
      && aws_cloudwatch_metric_alarm.hoopstat_freshness.datapoints_to_alarm == 1
      && aws_cloudwatch_metric_alarm.hoopstat_freshness.threshold == 1
      && aws_cloudwatch_metric_alarm.hoopstat_freshness.treat_missing_data == "notBreaching"
      && aws_cloudwatch_metric_alarm.hoopstat_freshness.actions_enabled
    )
    error_message = "Gold a day behind bronze is an alarm."
  }

  assert {
    condition = alltrue([
      for alarm in concat(
        values(aws_cloudwatch_metric_alarm.bronze),
        values(aws_cloudwatch_metric_alarm.bronze_dead_letters),
        [aws_cloudwatch_metric_alarm.hoopstat_heartbeat, aws_cloudwatch_metric_alarm.hoopstat_freshness],
      ) : tolist(alarm.alarm_actions) == tolist([aws_sns_topic.alarms.arn])
    ])
    error_message = "Every alarm tells the topic."
  }
}

run "out_of_season" {
  variables {
    hoopstat = { in_season = false, schedule_enabled = false }
  }

  assert {
    condition     = !aws_cloudwatch_metric_alarm.hoopstat_freshness.actions_enabled && !aws_cloudwatch_metric_alarm.hoopstat_heartbeat.actions_enabled && aws_scheduler_schedule.hoopstat.state == "DISABLED"
    error_message = "Where there are no games nobody is woken for their absence."
  }
}

run "a_source_without_tls" {
  command = plan

  variables {
    hoopstat = { source_url = "http://stats.nba.com/stats" }
  }

  expect_failures = [var.hoopstat]
}
