# Alarms of every function. They watch the alias, so that calls of a version that a release is
# still trying out do not count.

locals {
  alarm_dimensions = merge(
    { FunctionName = aws_lambda_function.this.function_name },
    var.platform.alias_metrics ? { Resource = "${aws_lambda_function.this.function_name}:${local.alias_name}" } : {},
  )
  alarm_actions = [var.platform.alarm_topic_arn]
  percentile    = startswith(var.alarms.duration_statistic, "p")
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name        = "${local.full_name}-errors"
  alarm_description = "${local.full_name} failed ${var.alarms.errors} times or more in five minutes."

  namespace   = "AWS/Lambda"
  metric_name = "Errors"
  dimensions  = local.alarm_dimensions
  statistic   = "Sum"
  period      = 300

  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = var.alarms.errors
  evaluation_periods  = 1
  # No data is no invocation. The heartbeat of a schedule is what notices silence.
  treat_missing_data = "notBreaching"

  alarm_actions = local.alarm_actions
  ok_actions    = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "duration" {
  alarm_name        = "${local.full_name}-duration"
  alarm_description = "${local.full_name} takes more than ${var.alarms.duration_share * 100} % of its ${var.timeout} s."

  namespace          = "AWS/Lambda"
  metric_name        = "Duration"
  dimensions         = local.alarm_dimensions
  statistic          = local.percentile ? null : var.alarms.duration_statistic
  extended_statistic = local.percentile ? var.alarms.duration_statistic : null
  period             = 300

  comparison_operator = "GreaterThanThreshold"
  threshold           = var.timeout * 1000 * var.alarms.duration_share # milliseconds
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  alarm_actions = local.alarm_actions
  ok_actions    = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "throttles" {
  alarm_name        = "${local.full_name}-throttles"
  alarm_description = "Lambda refused ${var.alarms.throttles} calls or more of ${local.full_name} in five minutes: no concurrency left."

  namespace   = "AWS/Lambda"
  metric_name = "Throttles"
  dimensions  = local.alarm_dimensions
  statistic   = "Sum"
  period      = 300

  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = var.alarms.throttles
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  alarm_actions = local.alarm_actions
  ok_actions    = local.alarm_actions
}
