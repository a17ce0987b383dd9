# hoopstat_lake*.tf: how silver and gold are made when the layer before has something new.

mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target = module.bronze.aws_s3_bucket.this
  values = { arn = "arn:aws:s3:::bronze" }
}

override_resource {
  target = module.silver.aws_s3_bucket.this
  values = { arn = "arn:aws:s3:::silver" }
}

override_resource {
  target = module.gold.aws_s3_bucket.this
  values = { arn = "arn:aws:s3:::gold" }
}

override_resource {
  target = aws_sqs_queue.lake
  values = { arn = "arn:aws:sqs:us-east-1:123456789012:lake" }
}

override_resource {
  target = aws_sqs_queue.lake_dead_letters
  values = { arn = "arn:aws:sqs:us-east-1:123456789012:lake-dead-letters" }
}

variables {
  environment = "staging"
  image_tag   = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  digest = {
    supabase_url     = "https://project.supabase.co"
    backend_endpoint = "https://digests.example.com/api/v1/digest"
  }
}

run "silver_and_gold" {
  # Functions.
  assert {
    condition = { for statement in jsondecode(module.silver_processing.policy).Statement : statement.Sid => [statement.Action, statement.Resource] } == {
      ReadBronze           = [["s3:GetObject"], ["arn:aws:s3:::bronze/_metadata/summary.json", "arn:aws:s3:::bronze/raw/*"]]
      FindBronze           = [["s3:ListBucket"], ["arn:aws:s3:::bronze"]]
      KeepSilver           = [["s3:GetObject", "s3:PutObject"], ["arn:aws:s3:::silver/*"]]
      FindSilver           = [["s3:ListBucket"], ["arn:aws:s3:::silver"]]
      AcceptWhatWasRefused = [["s3:DeleteObject"], ["arn:aws:s3:::silver/_refused/*"]]
      HearOfBronze         = [["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"], ["arn:aws:sqs:us-east-1:123456789012:lake"]]
      WriteOwnLog          = [["logs:CreateLogStream", "logs:PutLogEvents"], ["arn:aws:logs:us-east-1:123456789012:log-group:mocked:*"]]
    }
    error_message = "silver-processing reads bronze, writes silver, and deletes nothing but its marks."
  }

  assert {
    condition = { for statement in jsondecode(module.gold_analytics.policy).Statement : statement.Sid => [statement.Action, statement.Resource] } == {
      ReadSilver           = [["s3:GetObject"], ["arn:aws:s3:::silver/season=*"]]
      FindSilver           = [["s3:ListBucket"], ["arn:aws:s3:::silver"]]
      KeepGold             = [["s3:GetObject", "s3:PutObject"], ["arn:aws:s3:::gold/*"]]
      FindGold             = [["s3:ListBucket"], ["arn:aws:s3:::gold"]]
      DropWhatWasCorrected = [["s3:DeleteObject"], ["arn:aws:s3:::gold/player_*", "arn:aws:s3:::gold/team_*"]]
      HearOfSilver         = [["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"], ["arn:aws:sqs:us-east-1:123456789012:lake"]]
      WriteOwnLog          = [["logs:CreateLogStream", "logs:PutLogEvents"], ["arn:aws:logs:us-east-1:123456789012:log-group:mocked:*"]]
    }
    error_message = "gold-analytics reads silver, writes gold, and deletes neither an index nor a state."
  }

  assert {
    condition     = module.silver_processing.summary.memory == 512 && module.gold_analytics.summary.memory == 1024
    error_message = "Silver works in 512 MB."
  }

  # Notifications.
  assert {
    condition     = one(aws_s3_bucket_notification.bronze.queue).filter_prefix == "_metadata/summary.json" && one(aws_s3_bucket_notification.bronze.queue).queue_arn == aws_sqs_queue.lake["silver"].arn
    error_message = "The summary's arrival makes silver."
  }

  assert {
    condition     = one(aws_s3_bucket_notification.silver.queue).filter_prefix == "season=" && one(aws_s3_bucket_notification.silver.queue).filter_suffix == "/player_games.parquet"
    error_message = "A day's file makes gold; marks and progress do not."
  }

  assert {
    condition = alltrue([
      for layer, source in { silver = "arn:aws:s3:::bronze", gold = "arn:aws:s3:::silver" } : jsondecode(aws_sqs_queue.lake[layer].policy).Statement[0].Condition == {
        ArnEquals                   = { "aws:SourceArn" = source }
        StringEquals                = { "aws:SourceAccount" = "123456789012" }
      }
    ])
    error_message = "Only the layer before, of this account, may write to a queue."
  }

  assert {
    condition     = alltrue([for queue in values(aws_sqs_queue.lake) : jsondecode(queue.policy).Statement[1].Sid == "DenyWithoutTls" && queue.sqs_managed_sse_enabled && queue.visibility_timeout_seconds >= 6 * 300 && jsondecode(queue.redrive_policy).maxReceiveCount == 3])
    error_message = "Queues refuse calls without TLS, hide messages for six timeouts and give up after the third."
  }

  assert {
    condition     = alltrue([for mapping in [aws_lambda_event_source_mapping.silver, aws_lambda_event_source_mapping.gold] : endswith(mapping.function_name, ":live") && tolist(mapping.function_response_types) == tolist(["ReportBatchItemFailures"]) && one(mapping.scaling_config).maximum_concurrency == 2])
    error_message = "Batches go to the released version, which answers message by message."
  }

  # Alarms.
  assert {
    condition = { for name, alarm in aws_cloudwatch_metric_alarm.lake : name => [alarm.metric_name, alarm.dimensions.service, alarm.treat_missing_data] } == {
      silver-schema  = ["SchemaChanges", "silver-processing", "notBreaching"]
      silver-refused = ["DatesRefused", "silver-processing", "notBreaching"]
      gold-schema    = ["SchemaChanges", "gold-analytics", "notBreaching"]
    }
    error_message = "A changed schema and a refused date are alarms."
  }

  assert {
    condition = { for name, alarm in aws_cloudwatch_metric_alarm.lake_dead_letters : alarm.alarm_name => alarm.threshold } == {
      lambda-fleet-staging-gold-dead-letters-age     = 86400
      lambda-fleet-staging-gold-dead-letters-depth   = 0
      lambda-fleet-staging-silver-dead-letters-age   = 86400
      lambda-fleet-staging-silver-dead-letters-depth = 0
    }
    error_message = "Dead letters are alarms, and those that nobody looks at."
  }
}
