# Who hears what of the invoke gateway, in either form. What every function and API has, they have
# by their modules.

locals {
  gateway_metrics = "${local.project}/invoke-gateway"

  # The log groups of the gateway's forms.
  gateway_log_groups = merge(
    { function = module.lambda_action.summary.log_group },
    local.gateway_service == null ? {} : { service = aws_cloudwatch_log_group.gateway[0].name },
  )
}

# The audit's event says what was lost; with `required` nothing should ever be.
resource "aws_cloudwatch_log_metric_filter" "gateway_audit_lost" {
  for_each = local.gateway_log_groups

  name           = "${local.prefix}-gateway-audit-lost-${each.key}"
  log_group_name = each.value
  pattern        = "{ $.event = \"audit\" && $.lost > 0 }"

  metric_transformation {
    namespace = local.gateway_metrics
    name      = "AuditLost-${var.environment}"
    value     = "$.lost"
  }
}

resource "aws_cloudwatch_log_metric_filter" "gateway_audit_away" {
  for_each = local.gateway_log_groups

  name           = "${local.prefix}-gateway-audit-away-${each.key}"
  log_group_name = each.value
  pattern        = "{ $.event = \"audit_database_away\" }"

  metric_transformation {
    namespace = local.gateway_metrics
    name      = "AuditAway-${var.environment}"
    value     = "1"
  }
}

resource "aws_cloudwatch_metric_alarm" "gateway_audit" {
  for_each = {
    lost = { metric = "AuditLost", says = "Invocations are missing in the invoke gateway's audit." }
    away = { metric = "AuditAway", says = "The invoke gateway's audit cannot reach its database; with `required` requests are refused." }
  }

  alarm_name        = "${local.prefix}-gateway-audit-${each.key}"
  alarm_description = each.value.says

  namespace   = local.gateway_metrics
  metric_name = "${each.value.metric}-${var.environment}"
  statistic   = "Sum"
  period      = 300

  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching" # no such line in the log

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "gateway_partitions_dead_letters" {
  for_each = {
    depth = { metric = "ApproximateNumberOfMessagesVisible", threshold = 0, says = "The months of the invoke gateway's audit could not be made." }
    age   = { metric = "ApproximateAgeOfOldestMessage", threshold = 86400, says = "A message has been in ${local.gateway_partitions_dead_letters_name} for more than a day." }
  }

  alarm_name        = "${local.gateway_partitions_dead_letters_name}-${each.key}"
  alarm_description = each.value.says

  namespace   = "AWS/SQS"
  metric_name = each.value.metric
  dimensions  = { QueueName = aws_sqs_queue.gateway_partitions_dead_letters.name }
  statistic   = "Maximum"
  period      = 300

  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  evaluation_periods  = 1
  # SQS stops reporting a queue that nobody touched for six hours.
  treat_missing_data = "notBreaching"

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
}

# Months are made two ahead, so that a night without is no harm yet: three are.
resource "aws_cloudwatch_metric_alarm" "gateway_partitions_silent" {
  alarm_name        = "${local.prefix}-gateway-partitions-silent"
  alarm_description = "db-migrate was not started for three days, so the months of the invoke gateway's audit are not made."

  namespace   = "AWS/Lambda"
  metric_name = "Invocations"
  dimensions  = module.db_migrate.alarm_dimensions
  statistic   = "Sum"
  period      = 86400

  comparison_operator = "LessThanThreshold"
  threshold           = 1
  evaluation_periods  = 3
  treat_missing_data  = "breaching"
  actions_enabled     = var.invoke_gateway.schedules_enabled

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
}
