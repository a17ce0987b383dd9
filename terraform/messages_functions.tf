# Who makes messages and works on them, and what each may do.

locals {
  message_timeouts = { scheduler = 60, processor = 300, webapi = 30, web_action = 300 } # seconds

  # Logs and traces of messaging, where its environment sets them.
  messages_platform = merge(local.platform, {
    log_retention_days = coalesce(var.messages.log_retention_days, var.observability.log_retention_days)
    tracing            = coalesce(var.messages.tracing, var.observability.tracing)
  })

  messages_environment = {
    STAGE              = local.stage
    MESSAGES_TABLE     = aws_dynamodb_table.messages.name
    MESSAGES_TOPIC_ARN = aws_sns_topic.messages.arn
  }

  # Of a function that works on messages out of a queue.
  message_work_environment = {
    for name, queue in aws_sqs_queue.messages : name => {
      QUEUE_URL         = queue.url
      MAX_RECEIVE_COUNT = tostring(local.messages_max_receive_count)
      LEASE_SECONDS     = tostring(var.messages.lease_seconds)
      RETRY_SECONDS     = tostring(var.messages.retry_seconds)
    }
  }

  # Of a function that makes schedules.
  message_schedules_environment = {
    SCHEDULE_GROUP            = aws_scheduler_schedule_group.message_schedules.name
    SCHEDULE_TARGET_ARN       = module.message_scheduler.alias_arn
    SCHEDULE_ROLE_ARN         = aws_iam_role.message_schedule.arn
    SCHEDULE_DEAD_LETTERS_ARN = aws_sqs_queue.messages_dead_letters["message-schedules"].arn
  }

  messages_policy = {
    StoreMessages = {
      actions   = ["dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"]
      resources = [aws_dynamodb_table.messages.arn]
    }
    PublishMessages = {
      actions   = ["sns:Publish"]
      resources = [aws_sns_topic.messages.arn]
    }
  }

  message_work_policy = {
    for name, queue in aws_sqs_queue.messages : name => {
      # Lambda's pollers take and delete with the function's role; the function itself only says
      # when what failed is to come back.
      TakeRecords = {
        actions   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
        resources = [queue.arn]
      }
    }
  }

  message_schedules_policy = {
    ManageSchedules = {
      actions = ["scheduler:CreateSchedule", "scheduler:DeleteSchedule", "scheduler:GetSchedule", "scheduler:UpdateSchedule"]
      # The emulator takes every schedule for one of the group default.
      resources = ["arn:${local.partition}:scheduler:${var.region}:${local.account_id}:schedule/${local.emulated ? "default" : aws_scheduler_schedule_group.message_schedules.name}/*"]
    }
    PassScheduleRole = {
      actions    = ["iam:PassRole"]
      resources  = [aws_iam_role.message_schedule.arn]
      conditions = { StringEquals = { "iam:PassedToService" = ["scheduler.amazonaws.com"] } }
    }
  }
}

module "message_scheduler" {
  source = "./modules/function"

  platform       = local.messages_platform
  name           = "message-scheduler"
  description    = "Makes the messages that schedules ask for, and publishes those that were left behind."
  repository_url = local.repository_urls["message-scheduler"]

  memory  = 256
  timeout = local.message_timeouts.scheduler

  environment = merge(local.messages_environment, {
    # After a lease: until the queue has delivered again, and that was worked on or not.
    ABANDONED_AFTER_SECONDS = tostring(var.messages.visibility_seconds + max(values(local.message_timeouts)...))
  })

  policy = merge(local.messages_policy, {
    FindWhatIsLeft = {
      actions   = ["dynamodb:Query"]
      resources = ["${aws_dynamodb_table.messages.arn}/index/status-created_date-index"]
    }
  })

  # The message of a moment is made once, however often its event comes.
  async_invocation = {
    maximum_retry_attempts       = 2
    maximum_event_age_in_seconds = 3600
    on_failure_queue_arn         = aws_sqs_queue.messages_dead_letters["message-schedules"].arn
  }
}

module "message_processor" {
  source = "./modules/function"

  platform       = local.messages_platform
  name           = "message-processor"
  description    = "Sends notifications out of a queue, each once, and carries out what is asked about schedules."
  repository_url = local.repository_urls["message-processor"]

  memory  = 512
  timeout = local.message_timeouts.processor

  environment = merge(
    local.messages_environment,
    local.message_work_environment["messages"],
    local.message_schedules_environment,
    {
      NTFY_URL     = "ssm:${aws_ssm_parameter.ntfy_url.name}"
      NTFY_SECONDS = tostring(var.messages.ntfy_seconds)
      NTFY_TIMEOUT = tostring(var.messages.ntfy_timeout)
    },
  )

  policy = merge(
    local.messages_policy,
    local.message_work_policy["messages"],
    local.message_schedules_policy,
    {
      ReadNtfyUrl = {
        actions   = ["ssm:GetParameter"]
        resources = [aws_ssm_parameter.ntfy_url.arn]
      }
    },
  )
}

module "web_action" {
  source = "./modules/function"

  platform       = local.messages_platform
  name           = "web-action"
  description    = "Calls allowed hosts for messages that ask for it, and tells people what was answered."
  repository_url = local.repository_urls["web-action"]

  memory  = 256
  timeout = local.message_timeouts.web_action

  environment = merge(local.messages_environment, local.message_work_environment["web-actions"], {
    RESULTS_TABLE    = aws_dynamodb_table.web_action_results.name
    HTTP_ORIGINS     = join(",", var.messages.http_origins)
    TOKEN_ORIGINS    = join(",", var.messages.token_origins)
    WEATHER_ORIGIN   = var.messages.weather_origin
    TRUSTED_NETWORKS = join(",", var.messages.trusted_networks)
    SECRET_PREFIX    = "${local.prefix}/web-action/"
    ACTION_SECONDS   = tostring(var.messages.action_seconds)
  })

  policy = merge(local.messages_policy, local.message_work_policy["web-actions"], {
    KeepResults = {
      actions   = ["dynamodb:GetItem", "dynamodb:PutItem"]
      resources = [aws_dynamodb_table.web_action_results.arn]
    }
    # Secrets are made by hand, one for each service: messages name the end of their names.
    ReadItsSecrets = {
      actions   = ["secretsmanager:GetSecretValue"]
      resources = ["arn:${local.partition}:secretsmanager:${var.region}:${local.account_id}:secret:${local.prefix}/web-action/*"]
    }
  })
}

# The alias: a batch gets the released version. One bad record does not bring the others back.
resource "aws_lambda_event_source_mapping" "messages" {
  for_each = {
    "messages"    = { function = module.message_processor, batch_size = 10 }
    "web-actions" = { function = module.web_action, batch_size = 1 }
  }

  event_source_arn        = aws_sqs_queue.messages[each.key].arn
  function_name           = each.value.function.alias_arn
  batch_size              = each.value.batch_size
  function_response_types = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = var.messages.concurrency
  }
}
