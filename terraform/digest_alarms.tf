# What says that digests are not going out. Errors, duration and throttles of the function itself
# are in modules/function.

locals {
  # What the function reports about its runs, in embedded metric format.
  digest_metrics = {
    namespace = "LambdaFleet"
    dimensions = {
      service     = "scheduled-digest"
      environment = var.environment
    }
  }
}

# Silence is the failure that nothing else reports: a schedule that is switched off or broken
# makes no error and no message. A new environment is in alarm until its first daily run.
resource "aws_cloudwatch_metric_alarm" "digest_heartbeat" {
  alarm_name        = "${local.prefix}-digest-heartbeat"
  alarm_description = "No daily run of the digest was completed in the last 25 hours."

  namespace   = local.digest_metrics.namespace
  metric_name = "DailyRunsCompleted"
  dimensions  = local.digest_metrics.dimensions
  statistic   = "Sum"

  # By the hour, and not one period of a day: CloudWatch cuts days at midnight UTC, where a run
  # a minute late would be counted on the wrong side.
  period              = 3600
  evaluation_periods  = 25
  datapoints_to_alarm = 25
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"

  # Where the schedules are off, silence is what was asked for.
  actions_enabled = var.digest.schedules_enabled
  alarm_actions   = [aws_sns_topic.alarms.arn]
  ok_actions      = [aws_sns_topic.alarms.arn]
}

# A run that ends well may still have failed some monitors: a webhook gone, a row malformed.
resource "aws_cloudwatch_metric_alarm" "digest_failed" {
  alarm_name        = "${local.prefix}-digest-failed"
  alarm_description = "Digests were not delivered. The run's log line names the monitors."

  namespace   = local.digest_metrics.namespace
  metric_name = "DigestsFailed"
  dimensions  = local.digest_metrics.dimensions
  statistic   = "Sum"
  period      = 300

  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
}

# A message here is a run that never started.
resource "aws_cloudwatch_metric_alarm" "digest_dead_letters_depth" {
  alarm_name        = "${local.prefix}-digest-dead-letters-depth"
  alarm_description = "A run of the digest could not be started. The message in ${local.digest_dead_letters_name} says why."

  namespace   = "AWS/SQS"
  metric_name = "ApproximateNumberOfMessagesVisible"
  dimensions  = { QueueName = aws_sqs_queue.digest_dead_letters.name }
  statistic   = "Maximum"
  period      = 300

  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 1
  # SQS stops reporting a queue that nobody touched for six hours.
  treat_missing_data = "notBreaching"

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
}

# And one that nobody has looked at for a day.
resource "aws_cloudwatch_metric_alarm" "digest_dead_letters_age" {
  alarm_name        = "${local.prefix}-digest-dead-letters-age"
  alarm_description = "A message has been in ${local.digest_dead_letters_name} for more than a day."

  namespace   = "AWS/SQS"
  metric_name = "ApproximateAgeOfOldestMessage"
  dimensions  = { QueueName = aws_sqs_queue.digest_dead_letters.name }
  statistic   = "Maximum"
  period      = 300

  comparison_operator = "GreaterThanThreshold"
  threshold           = 86400
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
}
