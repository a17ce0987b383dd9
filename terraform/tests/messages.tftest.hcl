# messages*.tf: where messages are kept, how they get to whom, who may do what, and what watches.

mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target = aws_dynamodb_table.messages
  values = { arn = "arn:aws:dynamodb:us-east-1:123456789012:table/messages" }
}

override_resource {
  target = aws_dynamodb_table.web_action_results
  values = { arn = "arn:aws:dynamodb:us-east-1:123456789012:table/results" }
}

variables {
  environment = "staging"
  image_tag   = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  digest = {
    supabase_url     = "https://project.supabase.co"
    backend_endpoint = "https://digests.example.com/api/v1/digest"
  }
  messages = {
    ntfy_url           = "https://ntfy.example.com/alerts"
    http_origins       = ["https://api.example.com", "https://other.example.com:8443"]
    log_retention_days = 7
    tracing            = true
  }
}

run "messages" {
  # Storage.
  assert {
    condition = (
      aws_dynamodb_table.messages.name == "lambda-fleet-messages-staging"
      && aws_dynamodb_table.messages.hash_key == "id" && aws_dynamodb_table.messages.range_key == "created_date"
      && aws_dynamodb_table.messages.billing_mode == "PAY_PER_REQUEST"
      && one(aws_dynamodb_table.messages.ttl).attribute_name == "ttl"
    )
    error_message = "Messages are found by id and date, are paid for by request, and expire."
  }

  assert {
    condition = { for index in aws_dynamodb_table.messages.global_secondary_index : index.name => [index.hash_key, index.range_key, index.projection_type] } == {
      "stage-created_date-index"  = ["stage", "created_date", "ALL"]
      "status-created_date-index" = ["status", "created_date", "ALL"]
    }
    error_message = "Messages are listed by stage and by status, newest first."
  }

  assert {
    condition     = aws_dynamodb_table.web_action_results.name == "lambda-fleet-web-action-results-staging" && one(aws_dynamodb_table.web_action_results.global_secondary_index).hash_key == "message_id" && one(aws_dynamodb_table.web_action_results.ttl).attribute_name == "ttl"
    error_message = "Answers are found by the message that asked, and expire."
  }

  assert {
    condition     = aws_ssm_parameter.ntfy_url.name == "/lambda-fleet/staging/ntfy-url" && aws_ssm_parameter.ntfy_url.type == "SecureString"
    error_message = "ntfy's URL is a secret in Parameter Store."
  }

  # Ways.
  assert {
    condition = { for name, subscription in aws_sns_topic_subscription.messages : name => [subscription.raw_message_delivery, jsondecode(subscription.filter_policy)] } == {
      messages = [true, {
        stage        = ["staging"]
        message_type = ["agent_response", "hello_world", "notify", "schedule_creation", "scheduled"]
        status       = ["queued"]
      }]
      "web-actions" = [true, { stage = ["staging"], message_type = ["web_action"], status = ["queued"] }]
    }
    error_message = "Each queue gets its types of this stage's messages, as they are."
  }

  assert {
    condition = alltrue([
      for name, queue in aws_sqs_queue.messages :
      jsondecode(queue.redrive_policy).maxReceiveCount == 3 && jsondecode(queue.redrive_policy).deadLetterTargetArn == aws_sqs_queue.messages_dead_letters[name].arn && queue.visibility_timeout_seconds == 1800 && queue.sqs_managed_sse_enabled
    ])
    error_message = "Three tries, then the queue's own dead letters; hidden for six times the timeout; encrypted."
  }

  assert {
    condition = alltrue([
      for name, queue in aws_sqs_queue.messages : jsondecode(queue.policy).Statement[0].Condition.ArnEquals["aws:SourceArn"] == aws_sns_topic.messages.arn && jsondecode(queue.policy).Statement[1].Condition.Bool["aws:SecureTransport"] == "false"
    ])
    error_message = "A queue takes from the topic alone, and refuses calls without TLS."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.messages_dead_letters["messages"].redrive_allow_policy) == { redrivePermission = "byQueue", sourceQueueArns = ["arn:aws:sqs:us-east-1:123456789012:lambda-fleet-staging-messages"] } && jsondecode(aws_sqs_queue.messages_dead_letters["message-schedules"].redrive_allow_policy) == { redrivePermission = "denyAll" }
    error_message = "Dead letters are of one queue."
  }

  assert {
    condition = { for name, mapping in aws_lambda_event_source_mapping.messages : name => [mapping.batch_size, endswith(mapping.function_name, ":live"), tolist(mapping.function_response_types), one(mapping.scaling_config).maximum_concurrency] } == {
      messages      = [10, true, tolist(["ReportBatchItemFailures"]), 10]
      "web-actions" = [1, true, tolist(["ReportBatchItemFailures"]), 10]
    }
    error_message = "Batches of ten and of one go to the released version, which says what failed."
  }

  # Functions.
  assert {
    condition = { for name in ["message-processor", "message-scheduler", "web-action"] : name => [local.modules[name].summary.memory, local.modules[name].summary.timeout, local.modules[name].summary.log_retention_days, local.modules[name].summary.tracing] } == {
      message-processor = [512, 300, 7, "Active"]
      message-scheduler = [256, 60, 7, "Active"]
      web-action        = [256, 300, 7, "Active"]
    }
    error_message = "Memory, timeout, and the environment's own log retention and tracing."
  }

  assert {
    condition = { for statement in jsondecode(module.message_processor.policy).Statement : statement.Sid => statement.Action } == {
      ManageSchedules  = ["scheduler:CreateSchedule", "scheduler:DeleteSchedule", "scheduler:GetSchedule", "scheduler:UpdateSchedule"]
      PassScheduleRole = ["iam:PassRole"]
      PublishMessages  = ["sns:Publish"]
      ReadNtfyUrl      = ["ssm:GetParameter"]
      SendTraces       = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      StoreMessages    = ["dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"]
      TakeRecords      = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
      WriteOwnLog      = ["logs:CreateLogStream", "logs:PutLogEvents"]
    }
    error_message = "What the processor may do."
  }

  assert {
    condition = { for statement in jsondecode(module.message_processor.policy).Statement : statement.Sid => [statement.Resource, try(statement.Condition, null)] if contains(["ManageSchedules", "PassScheduleRole"], statement.Sid) } == {
      ManageSchedules  = [["arn:aws:scheduler:us-east-1:123456789012:schedule/${aws_scheduler_schedule_group.message_schedules.name}/*"], null]
      PassScheduleRole = [[aws_iam_role.message_schedule.arn], { StringEquals = { "iam:PassedToService" = ["scheduler.amazonaws.com"] } }]
    }
    error_message = "It makes schedules in one group, which start one function with one role."
  }

  assert {
    condition = { for statement in jsondecode(module.message_scheduler.policy).Statement : statement.Sid => statement.Resource if contains(["FindWhatIsLeft", "StoreMessages"], statement.Sid) } == {
      FindWhatIsLeft = ["arn:aws:dynamodb:us-east-1:123456789012:table/messages/index/status-created_date-index"]
      StoreMessages  = ["arn:aws:dynamodb:us-east-1:123456789012:table/messages"]
    }
    error_message = "The scheduler reads one index."
  }

  assert {
    condition = { for statement in jsondecode(module.web_action.policy).Statement : statement.Sid => statement.Resource if contains(["KeepResults", "ReadItsSecrets"], statement.Sid) } == {
      KeepResults    = ["arn:aws:dynamodb:us-east-1:123456789012:table/results"]
      ReadItsSecrets = ["arn:aws:secretsmanager:us-east-1:123456789012:secret:lambda-fleet-staging/web-action/*"]
    }
    error_message = "Web actions read secrets of their own, and no others."
  }

  assert {
    condition     = module.web_action.environment.HTTP_ORIGINS == "https://api.example.com,https://other.example.com:8443" && module.web_action.environment.TRUSTED_NETWORKS == "" && module.web_action.environment.WEATHER_ORIGIN == "https://api.weather.gov"
    error_message = "Hosts are listed, and no network is trusted."
  }

  assert {
    condition     = module.message_processor.environment.NTFY_URL == "ssm:/lambda-fleet/staging/ntfy-url"
    error_message = "The processor is told where the URL is kept."
  }

  assert {
    condition     = tonumber(module.message_scheduler.environment.ABANDONED_AFTER_SECONDS) > var.messages.visibility_seconds
    error_message = "Nothing is given up that the queue may still deliver."
  }

  # Api.
  assert {
    condition     = [module.message_webapi.summary.memory, module.message_webapi.summary.timeout] == [256, 30] && module.message_webapi.environment.API_AUTHORIZATION == "AWS_IAM"
    error_message = "256 MB and 30 s, and a page that knows how to sign in."
  }

  assert {
    condition = { for statement in jsondecode(module.message_webapi.policy).Statement : statement.Sid => statement.Resource if contains(["ListSchedules", "ReadMessages", "WriteMessages"], statement.Sid) } == {
      ListSchedules = ["arn:aws:scheduler:us-east-1:123456789012:schedule/*/*"]
      ReadMessages  = ["arn:aws:dynamodb:us-east-1:123456789012:table/messages", "arn:aws:dynamodb:us-east-1:123456789012:table/messages/index/*"]
      WriteMessages = ["arn:aws:dynamodb:us-east-1:123456789012:table/messages"]
    }
    error_message = "It reads the table and its indexes, writes the table, and lists schedules as Scheduler demands."
  }

  assert {
    condition     = toset([for key, route in local.message_api_routes : key if try(route.public, false)]) == toset(["GET /", "GET /assets/{name}", "GET /api/health"])
    error_message = "The page, its files and health are open, and nothing else."
  }

  assert {
    condition     = alltrue([for route in values(local.message_api_routes) : route.probe != null]) && length(output.routes["message-webapi"]) == length(local.message_api_routes)
    error_message = "Every route can be tried by `fleet validate`."
  }

  # Schedules.
  assert {
    condition = { for name, schedule in aws_scheduler_schedule.messages : name => "${schedule.schedule_expression} ${schedule.schedule_expression_timezone} ${schedule.state}" } == {
      daily = "cron(0 12 * * ? *) UTC ENABLED"
      sweep = "rate(1 minute) UTC ENABLED"
    }
    error_message = "A message at 12:00 UTC, and a sweep each minute."
  }

  assert {
    condition     = strcontains(aws_scheduler_schedule.messages["daily"].target[0].input, "\"scheduled_time\":\"<aws.scheduler.scheduled-time>\"") && startswith(jsondecode(aws_scheduler_schedule.messages["daily"].target[0].input).schedule, "@")
    error_message = "Scheduler puts in when the schedule was due, under a name that nothing made at run time can have."
  }

  assert {
    condition = alltrue([
      for schedule in aws_scheduler_schedule.messages :
      endswith(schedule.target[0].arn, ":live") && schedule.target[0].dead_letter_config[0].arn == aws_sqs_queue.messages_dead_letters["message-schedules"].arn && schedule.target[0].retry_policy[0].maximum_retry_attempts == 5
    ])
    error_message = "Schedules start the released version, several times if need be, and keep what could not start."
  }

  assert {
    condition = toset(jsondecode(aws_iam_role.message_schedule.assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceArn"]) == toset([
      aws_scheduler_schedule_group.messages.arn, aws_scheduler_schedule_group.message_schedules.arn,
    ])
    error_message = "Only messaging's schedules take the role."
  }

  # Alarms.
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.message_dead_letters_depth : alarm.threshold == 1 && alarm.treat_missing_data == "notBreaching"]) && toset(keys(aws_cloudwatch_metric_alarm.message_dead_letters_depth)) == toset(keys(aws_sqs_queue.messages_dead_letters))
    error_message = "Any dead letter is an alarm, in each of their queues."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.message_dead_letters_age : alarm.threshold == 86400])
    error_message = "And another when it is a day old."
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.message_processor_failing.threshold == 5
      && aws_cloudwatch_metric_alarm.message_processor_failing.comparison_operator == "GreaterThanThreshold"
      && alltrue([for query in aws_cloudwatch_metric_alarm.message_processor_failing.metric_query : query.metric[0].period == 600 if length(query.metric) == 1])
    )
    error_message = "More than five failures of the processor in ten minutes are an alarm."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.message_schedule_silent.treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.message_schedule_silent.period * aws_cloudwatch_metric_alarm.message_schedule_silent.evaluation_periods == 25 * 3600 && aws_cloudwatch_metric_alarm.message_sweep_silent.treat_missing_data == "breaching"
    error_message = "Silence of the schedule and of the sweep are alarms."
  }

  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.message_dead_letters_depth), values(aws_cloudwatch_metric_alarm.message_dead_letters_age), values(aws_cloudwatch_metric_alarm.messages_waiting), [aws_cloudwatch_metric_alarm.message_processor_failing, aws_cloudwatch_metric_alarm.message_schedule_silent, aws_cloudwatch_metric_alarm.message_sweep_silent]) : tolist(alarm.alarm_actions) == tolist([aws_sns_topic.alarms.arn])])
    error_message = "Every alarm tells the topic."
  }
}

run "too_short_a_visibility" {
  command = plan

  variables {
    messages = { ntfy_url = "https://ntfy.example.com/alerts", visibility_seconds = 1799 }
  }

  expect_failures = [aws_sqs_queue.messages]
}

run "plain_http" {
  command = plan

  variables {
    messages = { ntfy_url = "https://ntfy.example.com/alerts", http_origins = ["http://api.example.com"] }
  }

  expect_failures = [var.messages]
}

run "no_topic" {
  command = plan

  variables {
    messages = { ntfy_url = "https://ntfy.example.com" }
  }

  expect_failures = [var.messages]
}

run "topic_with_credentials" {
  command = plan

  variables {
    messages = { ntfy_url = "https://user:pass%20word@ntfy.example.com:8443/alerts?auth=token" }
  }

  assert {
    condition     = nonsensitive(aws_ssm_parameter.ntfy_url.value) == "https://user:pass%20word@ntfy.example.com:8443/alerts?auth=token"
    error_message = "A topic that is not open to all is named with its credentials."
  }
}

run "credentials_that_are_not_escaped" {
  command = plan

  variables {
    messages = { ntfy_url = "https://user:pass/word@ntfy.example.com/alerts" }
  }

  expect_failures = [var.messages]
}

run "trusted_networks" {
  command = plan

  variables {
    messages = { ntfy_url = "https://ntfy.example.com/alerts", trusted_networks = ["10.0.0.0/8"] }
  }

  expect_failures = [var.messages]
}

run "too_short_a_lease" {
  command = plan

  variables {
    messages = { ntfy_url = "https://ntfy.example.com/alerts", lease_seconds = 59 }
  }

  expect_failures = [var.messages]
}

run "no_schedule" {
  command = plan

  variables {
    messages = { ntfy_url = "https://ntfy.example.com/alerts", schedule = "daily" }
  }

  expect_failures = [var.messages]
}

run "too_little_concurrency" {
  command = plan

  variables {
    messages = { ntfy_url = "https://ntfy.example.com/alerts", concurrency = 1 }
  }

  expect_failures = [var.messages]
}
