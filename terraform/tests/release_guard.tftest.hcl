# release_guard.tf: which alarms start the guard, what it may do and to what, and what watches it.

mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target = aws_dynamodb_table.releases
  values = { arn = "arn:aws:dynamodb:us-east-1:123456789012:table/releases" }
}

variables {
  environment = "staging"
  image_tag   = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  digest = {
    supabase_url     = "https://project.supabase.co"
    backend_endpoint = "https://digests.example.com/api/v1/digest"
  }
}

run "the_guard" {
  # Alarms that start it.
  assert {
    condition = toset(jsondecode(aws_cloudwatch_event_rule.release_guard.event_pattern).detail.alarmName) == toset([
      for name, function in output.functions :
      one([for alarm in function.alarms : alarm if endswith(alarm, "-errors")]) if name != "release-guard"
    ])
    error_message = "The error alarm of every function starts the guard, and no other alarm does: not the guard's own."
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.release_guard.event_pattern) == {
      source        = ["aws.cloudwatch"]
      "detail-type" = ["CloudWatch Alarm State Change"]
      detail = {
        alarmName = [for name in sort(setsubtract(keys(output.functions), ["release-guard"])) : "lambda-fleet-staging-${name}-errors"]
        state     = { value = ["ALARM"] }
      }
    }
    error_message = "An alarm starts the guard when it goes off, and not when it is over."
  }

  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
  assert {
    condition     = length(aws_cloudwatch_event_rule.release_guard.event_pattern) <= 2048
    error_message = "EventBridge takes patterns of up to 2048 characters."
  }

  assert {
    condition     = aws_cloudwatch_event_rule.release_guard.state == "ENABLED" && output.release_guard == { rule = "lambda-fleet-staging-release-guard", window_seconds = 1800 }
    error_message = "The guard watches for half an hour unless told otherwise."
  }

  # Rule starts live.
  assert {
    condition     = aws_cloudwatch_event_target.release_guard.arn == module.release_guard.alias_arn && endswith(module.release_guard.alias_arn, ":live") && aws_cloudwatch_event_target.release_guard.rule == aws_cloudwatch_event_rule.release_guard.name
    error_message = "The rule starts the released version of the guard."
  }

  assert {
    condition     = aws_cloudwatch_event_target.release_guard.retry_policy[0].maximum_event_age_in_seconds == 900
    error_message = "An alarm of more than a quarter of an hour ago is for a person."
  }

  assert {
    condition = (
      aws_lambda_permission.release_guard.qualifier == "live"
      && aws_lambda_permission.release_guard.principal == "events.amazonaws.com"
      && aws_lambda_permission.release_guard.action == "lambda:InvokeFunction"
      && aws_lambda_permission.release_guard.source_arn == aws_cloudwatch_event_rule.release_guard.arn
    )
    error_message = "This rule alone may start the guard, and only the alias."
  }

  assert {
    condition     = output.functions["release-guard"].invokers == ["events.amazonaws.com"]
    error_message = "A validation misses the permission when it is not there."
  }

  # Function.
  assert {
    condition = { for statement in jsondecode(module.release_guard.policy).Statement : statement.Sid => statement.Action } == {
      LookAtImages    = ["ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer"]
      RecordRollbacks = ["dynamodb:ConditionCheckItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"]
      RollBack        = ["lambda:GetAlias", "lambda:UpdateAlias", "lambda:GetFunction", "lambda:UpdateFunctionCode"]
      TellPeople      = ["sns:Publish"]
      WakeVersions    = ["lambda:GetFunction", "lambda:InvokeFunction"]
      WriteOwnLog     = ["logs:CreateLogStream", "logs:PutLogEvents"]
    }
    error_message = "What the guard may do is what a rollback needs."
  }

  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(module.release_guard.policy).Statement : [
        for resource in statement.Resource :
        !strcontains(resource, "release-guard") && (!strcontains(resource, ":function:") || can(regex("^arn:aws:lambda:us-east-1:123456789012:function:lambda-fleet-staging-(${join("|", setsubtract(keys(output.functions), ["release-guard"]))})(:\\*)?$", resource))) && (!strcontains(resource, ":repository/") || can(regex("^arn:aws:ecr:us-east-1:123456789012:repository/lambda-fleet/(${join("|", setsubtract(keys(output.functions), ["release-guard"]))})$", resource)))
      ]
    ]))
    error_message = "The guard may touch this environment's functions, each by name, and never itself."
  }

  assert {
    condition = { for statement in jsondecode(module.release_guard.policy).Statement : statement.Sid => statement.Resource if contains(["RecordRollbacks", "TellPeople"], statement.Sid) } == {
      RecordRollbacks = ["arn:aws:dynamodb:us-east-1:123456789012:table/releases"]
      TellPeople      = [aws_sns_topic.alarms.arn]
    }
    error_message = "It writes to the history of releases, and tells the alarms' topic."
  }

  assert {
    condition = module.release_guard.environment == tomap({
      ENVIRONMENT          = "staging"
      LOG_LEVEL            = "INFO"
      FUNCTION_PREFIX      = "lambda-fleet-staging"
      GUARDED_FUNCTIONS    = join(",", sort(setsubtract(keys(output.functions), ["release-guard"])))
      GUARD_WINDOW_SECONDS = "1800"
      RELEASES_TABLE       = "lambda-fleet-staging-releases"
      ALARM_TOPIC_ARN      = aws_sns_topic.alarms.arn
    })
    error_message = "The guard is told what it guards, and for how long after a release."
  }

  assert {
    condition     = module.release_guard.summary.memory == 512 && module.release_guard.summary.timeout == 120
    error_message = "512 MB and 120 s."
  }

  # Watched.
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.release_guard_not_started.threshold == 1
      && aws_cloudwatch_metric_alarm.release_guard_not_started.treat_missing_data == "notBreaching"
      && aws_cloudwatch_metric_alarm.release_guard_not_started.dimensions == tomap({ RuleName = aws_cloudwatch_event_rule.release_guard.name })
      && tolist(aws_cloudwatch_metric_alarm.release_guard_not_started.alarm_actions) == tolist([aws_sns_topic.alarms.arn])
    )
    error_message = "A guard that could not be started is an alarm."
  }
}

run "switched_off_and_wider" {
  variables {
    release_guard = { enabled = false, window_seconds = 7200 }
  }

  assert {
    condition     = aws_cloudwatch_event_rule.release_guard.state == "DISABLED" && module.release_guard.environment.GUARD_WINDOW_SECONDS == "7200"
    error_message = "The guard can be switched off, and its window set."
  }
}

run "emulator" {
  command = plan

  override_resource {
    target          = aws_ecr_repository.function
    override_during = plan
    values          = { repository_url = "123456789012.dkr.ecr.us-east-1.amazonaws.com/lambda-fleet/mocked" }
  }

  override_resource {
    target          = aws_sns_topic.alarms
    override_during = plan
    values          = { arn = "arn:aws:sns:us-east-1:123456789012:alarms" }
  }

  override_resource {
    target          = module.release_guard.aws_cloudwatch_log_group.this
    override_during = plan
    values          = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:mocked" }
  }

  override_resource {
    target          = aws_dynamodb_table.releases
    override_during = plan
    values          = { arn = "arn:aws:dynamodb:us-east-1:123456789012:table/releases" }
  }

  variables {
    environment = "local"
    emulator    = { endpoint = "http://localhost:4566" }
  }

  assert {
    condition     = one([for statement in jsondecode(module.release_guard.policy).Statement : statement.Action if statement.Sid == "RollBack"]) == ["lambda:ListAliases", "lambda:GetFunction", "lambda:UpdateFunctionCode"]
    error_message = "The emulator authorises calls of aliases under another name."
  }
}
