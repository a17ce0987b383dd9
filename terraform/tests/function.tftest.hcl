# modules/function: what one function consists of.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  platform = {
    prefix          = "lambda-fleet-dev"
    environment     = "dev"
    architecture    = "arm64"
    image_tag       = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    alarm_topic_arn = "arn:aws:sns:us-east-1:123456789012:alarms"
  }
  name           = "generate-presigned-url"
  description    = "A function under test."
  repository_url = "registry.example/lambda-fleet/generate-presigned-url"
  memory         = 128
  timeout        = 10
  environment    = { BUCKET = "b" }
  policy = {
    ReadThings = {
      actions    = ["s3:GetObject"]
      resources  = ["arn:aws:s3:::b/*"]
      conditions = { StringEquals = { "aws:ResourceAccount" = ["123456789012"] } }
    }
  }
}

run "first_apply" {
  module {
    source = "./modules/function"
  }

  assert {
    condition     = aws_lambda_function.this.function_name == "lambda-fleet-dev-generate-presigned-url"
    error_message = "The function is named <prefix>-<folder>."
  }

  assert {
    condition     = aws_lambda_function.this.image_uri == "registry.example/lambda-fleet/generate-presigned-url:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    error_message = "A new function starts with the image of the given commit."
  }

  assert {
    condition     = aws_lambda_function.this.package_type == "Image" && !aws_lambda_function.this.publish && tolist(aws_lambda_function.this.architectures) == tolist(["arm64"])
    error_message = "An image function of the platform's architecture; only releases publish versions."
  }

  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == -1 && length(aws_lambda_function.this.vpc_config) == 0 && length(aws_lambda_function.this.image_config) == 0
    error_message = "Unless asked for: no reserved concurrency, no VPC, the image's own entry point."
  }

  assert {
    condition     = aws_lambda_function.this.environment[0].variables == tomap({ BUCKET = "b", ENVIRONMENT = "dev", LOG_LEVEL = "INFO" })
    error_message = "ENVIRONMENT and LOG_LEVEL are added to the function's own variables."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.name == "/aws/lambda/lambda-fleet-dev-generate-presigned-url" && aws_lambda_function.this.logging_config[0].log_group == aws_cloudwatch_log_group.this.name && aws_cloudwatch_log_group.this.retention_in_days == 30
    error_message = "The function logs to its own group, which keeps logs for a limited time."
  }

  assert {
    condition     = aws_lambda_alias.live.name == "live" && aws_lambda_alias.live.function_version == "$LATEST"
    error_message = "The alias live exists from the start, before there is a version."
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.live.qualifier == "live" && aws_lambda_function_event_invoke_config.live.maximum_retry_attempts == 2 && length(aws_lambda_function_event_invoke_config.live.destination_config) == 0
    error_message = "Asynchronous calls are configured on the alias."
  }

  assert {
    condition = (
      output.summary.environment_names == tolist(["BUCKET", "ENVIRONMENT", "LOG_LEVEL"])
      && output.summary.environment_sha256 == sha256(jsonencode({ BUCKET = "b", ENVIRONMENT = "dev", LOG_LEVEL = "INFO" }))
    )
    error_message = "Outputs have the variables' names, and their values only as a hash."
  }

  assert {
    condition = (
      output.summary.ephemeral_storage == 512 && output.summary.tracing == "PassThrough"
      && output.summary.vpc_config == null && output.summary.log_retention_days == 30
      && output.summary.policy_name == "function" && output.summary.policy == aws_iam_role_policy.this.policy
      && tomap(output.summary.alarm_dimensions) == aws_cloudwatch_metric_alarm.errors.dimensions
    )
    error_message = "Outputs say what a validation compares with."
  }

  assert {
    condition     = length(aws_lambda_function_recursion_config.this) == 0
    error_message = "Lambda stops a function that calls itself over and over, unless it is meant to."
  }
}

run "policy_is_exactly_log_and_statements" {
  module {
    source = "./modules/function"
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy) == jsondecode(jsonencode({
      Version = "2012-10-17"
      Statement = [
        {
          Sid       = "ReadThings"
          Effect    = "Allow"
          Action    = ["s3:GetObject"]
          Resource  = ["arn:aws:s3:::b/*"]
          Condition = { StringEquals = { "aws:ResourceAccount" = ["123456789012"] } }
        },
        {
          Sid      = "WriteOwnLog"
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = ["arn:aws:logs:us-east-1:123456789012:log-group:mocked:*"]
        },
      ]
    }))
    error_message = "The role may write its own log and what the caller lists, and may not create a log group."
  }

  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement == [{ Action = "sts:AssumeRole", Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" } }]
    error_message = "Lambda alone takes the role."
  }
}

# The state of the runs above is still there: these are second applies.
run "another_tag_changes_no_image" {
  module {
    source = "./modules/function"
  }

  variables {
    platform = {
      prefix          = "lambda-fleet-dev"
      environment     = "dev"
      architecture    = "arm64"
      image_tag       = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
      alarm_topic_arn = "arn:aws:sns:us-east-1:123456789012:alarms"
    }
  }

  assert {
    condition     = endswith(aws_lambda_function.this.image_uri, ":aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
    error_message = "An apply must not bring back or set an image: releases do."
  }
}

run "no_tag_is_needed_later" {
  module {
    source = "./modules/function"
  }

  variables {
    memory = 256
    platform = {
      prefix          = "lambda-fleet-dev"
      environment     = "dev"
      architecture    = "arm64"
      alarm_topic_arn = "arn:aws:sns:us-east-1:123456789012:alarms"
    }
  }

  assert {
    condition     = aws_lambda_function.this.memory_size == 256 && endswith(aws_lambda_function.this.image_uri, ":aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
    error_message = "Configuration changes without an image tag."
  }
}

run "alarms_watch_the_alias" {
  module {
    source = "./modules/function"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.duration.threshold == 8300 && aws_cloudwatch_metric_alarm.duration.extended_statistic == "p99" && aws_cloudwatch_metric_alarm.duration.metric_name == "Duration"
    error_message = "The duration alarm goes off at 83 % of the timeout, in milliseconds."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.errors.threshold == 1 && aws_cloudwatch_metric_alarm.errors.metric_name == "Errors" && aws_cloudwatch_metric_alarm.errors.statistic == "Sum"
    error_message = "One error in five minutes is an alarm."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.throttles.threshold == 1 && aws_cloudwatch_metric_alarm.throttles.metric_name == "Throttles" && aws_cloudwatch_metric_alarm.throttles.statistic == "Sum"
    error_message = "One refused call in five minutes is an alarm."
  }

  assert {
    condition = alltrue([
      for alarm in [aws_cloudwatch_metric_alarm.errors, aws_cloudwatch_metric_alarm.duration, aws_cloudwatch_metric_alarm.throttles] :
      alarm.namespace == "AWS/Lambda"
      && alarm.treat_missing_data == "notBreaching"
      && tolist(alarm.alarm_actions) == tolist(["arn:aws:sns:us-east-1:123456789012:alarms"])
      && alarm.dimensions == tomap({
        FunctionName = "lambda-fleet-dev-generate-presigned-url"
        Resource     = "lambda-fleet-dev-generate-presigned-url:live"
      })
    ])
    error_message = "Alarms watch the alias, tell the topic, and take no data for no calls."
  }
}

run "options" {
  module {
    source = "./modules/function"
  }

  variables {
    platform = {
      prefix            = "lambda-fleet-local"
      environment       = "local"
      architecture      = "x86_64"
      image_tag         = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      image_entry_point = ["/emulator", "python3"]
      log_kms_key_arn   = "arn:aws:kms:us-east-1:123456789012:key/k"
      tracing           = true
      alarm_topic_arn   = "arn:aws:sns:us-east-1:123456789012:alarms"
      alias_metrics     = false
    }
    timeout        = 300
    vpc_config     = { subnet_ids = ["subnet-1", "subnet-2"], security_group_ids = ["sg-1"] }
    recursive_loop = "Allow"
    async_invocation = {
      maximum_retry_attempts = 0
      on_failure_queue_arn   = "arn:aws:sqs:us-east-1:123456789012:failed"
    }
    alarms = { duration_statistic = "Maximum" }
  }

  assert {
    condition     = tolist(aws_lambda_function.this.image_config[0].entry_point) == tolist(["/emulator", "python3"]) && length(aws_lambda_function.this.vpc_config[0].subnet_ids) == 2 && aws_lambda_function.this.tracing_config[0].mode == "Active"
    error_message = "Entry point, VPC and tracing are taken over."
  }

  assert {
    condition     = output.summary.tracing == "Active" && tolist(output.summary.vpc_config.subnet_ids) == tolist(["subnet-1", "subnet-2"]) && tomap(output.summary.alarm_dimensions) == tomap({ FunctionName = "lambda-fleet-local-generate-presigned-url" })
    error_message = "Outputs follow the options."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.kms_key_id == "arn:aws:kms:us-east-1:123456789012:key/k" && aws_lambda_function_recursion_config.this[0].recursive_loop == "Allow"
    error_message = "The log's key and the permission to call itself are taken over."
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.live.maximum_retry_attempts == 0 && aws_lambda_function_event_invoke_config.live.destination_config[0].on_failure[0].destination == "arn:aws:sqs:us-east-1:123456789012:failed"
    error_message = "A failed event goes to the queue."
  }

  assert {
    condition     = { for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid => join(",", statement.Resource) } == { KeepFailedEvents = "arn:aws:sqs:us-east-1:123456789012:failed", ManageNetworkInterfaces = "*", ReadThings = "arn:aws:s3:::b/*", SendTraces = "*", WriteOwnLog = "arn:aws:logs:us-east-1:123456789012:log-group:mocked:*" }
    error_message = "Each option brings its statement. Only network interfaces and traces are on *: they have no ARN."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.duration.threshold == 249000 && aws_cloudwatch_metric_alarm.duration.statistic == "Maximum" && aws_cloudwatch_metric_alarm.errors.dimensions == tomap({ FunctionName = "lambda-fleet-local-generate-presigned-url" })
    error_message = "Where an alias has no metrics of its own, the alarms watch the function."
  }
}
