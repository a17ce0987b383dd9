# The release guard: when the error alarm of a function goes off soon after its release, the
# guard brings the release before it back. People hear of both from the alarms' topic.

locals {
  # All but the guard: one that rolled itself back would stop half way.
  guarded_functions = sort(setsubtract(local.functions, ["release-guard"]))

  # Composed, and not read from the modules: the guard must not wait for what it guards.
  guarded_arns = [
    for name in local.guarded_functions :
    "arn:${local.partition}:lambda:${var.region}:${local.account_id}:function:${local.prefix}-${name}"
  ]

  guarded_repositories = [
    for name in local.guarded_functions :
    "arn:${local.partition}:ecr:${var.region}:${local.registry_account}:repository/${local.project}/${name}"
  ]

  # modules/function/alarms.tf names them.
  guarded_alarms = [for name in local.guarded_functions : "${local.prefix}-${name}-errors"]
}

module "release_guard" {
  source = "./modules/function"

  platform       = local.platform
  name           = "release-guard"
  description    = "Rolls a function back when its error alarm goes off soon after a release."
  repository_url = local.repository_urls["release-guard"]

  # It runs when callers get errors: a fast start is worth the memory. Most of the time limit is
  # for a version that Lambda has put to sleep, and for $LATEST to take its image.
  memory  = 512
  timeout = 120

  environment = {
    FUNCTION_PREFIX      = local.prefix
    GUARDED_FUNCTIONS    = join(",", local.guarded_functions)
    GUARD_WINDOW_SECONDS = tostring(var.release_guard.window_seconds)
    RELEASES_TABLE       = aws_dynamodb_table.releases.name
    ALARM_TOPIC_ARN      = aws_sns_topic.alarms.arn
  }

  policy = {
    # Two statements and not one for each call: IAM takes 10,240 characters, and each list of
    # functions is a quarter of that.
    RollBack = {
      # The emulator takes both calls on aliases for ListAliases.
      actions = concat(
        local.emulated ? ["lambda:ListAliases"] : ["lambda:GetAlias", "lambda:UpdateAlias"],
        ["lambda:GetFunction", "lambda:UpdateFunctionCode"],
      )
      resources = local.guarded_arns
    }
    # Lambda puts a version to sleep that nobody called for weeks; a call wakes it.
    WakeVersions = {
      actions   = ["lambda:GetFunction", "lambda:InvokeFunction"]
      resources = formatlist("%s:*", local.guarded_arns)
    }
    RecordRollbacks = {
      actions   = ["dynamodb:ConditionCheckItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"]
      resources = [aws_dynamodb_table.releases.arn]
    }
    # The guard itself only describes; the other two are what AWS wants of whoever gives a
    # function an image. Pulling it is Lambda's, by the repository's policy.
    LookAtImages = {
      actions   = ["ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer"]
      resources = local.guarded_repositories
    }
    TellPeople = {
      actions   = ["sns:Publish"]
      resources = [aws_sns_topic.alarms.arn]
    }
  }

  # Each attempt goes on where the one before ended. A quarter of an hour later the alarm is for
  # a person, who may have changed something since.
  async_invocation = {
    maximum_retry_attempts       = 2
    maximum_event_age_in_seconds = 900
  }
}

resource "aws_cloudwatch_event_rule" "release_guard" {
  name        = "${local.prefix}-release-guard"
  description = "Error alarms of guarded functions that go off."
  state       = var.release_guard.enabled ? "ENABLED" : "DISABLED"

  event_pattern = jsonencode({
    source        = ["aws.cloudwatch"]
    "detail-type" = ["CloudWatch Alarm State Change"]
    detail = {
      alarmName = local.guarded_alarms
      state     = { value = ["ALARM"] }
    }
  })
}

resource "aws_cloudwatch_event_target" "release_guard" {
  rule = aws_cloudwatch_event_rule.release_guard.name
  # The alias: a release of the guard itself must not guard before it has passed its smoke event.
  arn = module.release_guard.alias_arn

  # For starting it. Once Lambda has taken the event, retries are Lambda's.
  retry_policy {
    maximum_event_age_in_seconds = 900
    maximum_retry_attempts       = 20
  }

  # The permission must be there before the first event.
  depends_on = [aws_lambda_permission.release_guard]

  lifecycle {
    precondition {
      condition     = endswith(module.release_guard.alias_arn, ":live")
      error_message = "The rule must start the alias live, never $LATEST."
    }
  }
}

resource "aws_lambda_permission" "release_guard" {
  statement_id  = "StartByRule"
  function_name = module.release_guard.summary.name
  qualifier     = "live"
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.release_guard.arn
}

# Errors of the guard itself have the alarm that every function has, and nobody rolls it back for
# them. This one goes off when it could not even be started.
resource "aws_cloudwatch_metric_alarm" "release_guard_not_started" {
  alarm_name        = "${local.prefix}-release-guard-not-started"
  alarm_description = "An error alarm went off, and the release guard could not be started."

  namespace   = "AWS/Events"
  metric_name = "FailedInvocations"
  dimensions  = { RuleName = aws_cloudwatch_event_rule.release_guard.name }
  statistic   = "Sum"
  period      = 300

  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 1
  # EventBridge reports this only when there is something to report.
  treat_missing_data = "notBreaching"

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
}
