# What says that messages do not arrive. Errors, duration and throttles of each function are in
# modules/function.

locals {
  # What the functions report about messages, in embedded metric format.
  message_metrics = {
    for name in ["message-processor", "message-scheduler", "web-action"] :
    name => { service = name, environment = var.environment }
  }

  # By the dead letter queue: what a message in it is.
  message_losses = {
    "messages"          = "A message could not be sent in three tries"
    "web-actions"       = "A web action could not be done in three tries"
    "message-schedules" = "A schedule's message could not be made"
  }
}

resource "aws_cloudwatch_metric_alarm" "message_dead_letters_depth" {
  for_each = local.message_losses

  alarm_name        = "${local.prefix}-${each.key}-dead-letters-depth"
  alarm_description = "${each.value}: `fleet dlq show` says which and why."

  namespace   = "AWS/SQS"
  metric_name = "ApproximateNumberOfMessagesVisible"
  dimensions  = { QueueName = aws_sqs_queue.messages_dead_letters[each.key].name }
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

resource "aws_cloudwatch_metric_alarm" "message_dead_letters_age" {
  for_each = local.message_losses

  alarm_name        = "${local.prefix}-${each.key}-dead-letters-age"
  alarm_description = "${each.value} more than a day ago, and nobody has dealt with it."

  namespace   = "AWS/SQS"
  metric_name = "ApproximateAgeOfOldestMessage"
  dimensions  = { QueueName = aws_sqs_queue.messages_dead_letters[each.key].name }
  statistic   = "Maximum"
  period      = 300

  comparison_operator = "GreaterThanThreshold"
  threshold           = 86400
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
}

# Nobody takes messages, or not fast enough.
resource "aws_cloudwatch_metric_alarm" "messages_waiting" {
  for_each = local.message_queues

  alarm_name        = "${local.prefix}-${each.key}-waiting"
  alarm_description = "A message has been in ${local.prefix}-${each.key} for longer than two cut-off workers explain."

  namespace   = "AWS/SQS"
  metric_name = "ApproximateAgeOfOldestMessage"
  dimensions  = { QueueName = aws_sqs_queue.messages[each.key].name }
  statistic   = "Maximum"
  period      = 300

  comparison_operator = "GreaterThanThreshold"
  threshold           = 2 * var.messages.visibility_seconds
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
}

# A batch that fails whole is an error of Lambda's; a record that fails alone is told by the
# processor, because its batch ends well.
resource "aws_cloudwatch_metric_alarm" "message_processor_failing" {
  alarm_name        = "${local.prefix}-message-processor-failing"
  alarm_description = "The processor failed more than five times in ten minutes. Its log says why."

  comparison_operator = "GreaterThanThreshold"
  threshold           = 5
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "failures"
    expression  = "FILL(errors, 0) + FILL(tries, 0)"
    label       = "failures"
    return_data = true
  }

  metric_query {
    id = "errors"

    metric {
      namespace   = "AWS/Lambda"
      metric_name = "Errors"
      dimensions  = module.message_processor.alarm_dimensions
      period      = 600
      stat        = "Sum"
    }
  }

  metric_query {
    id = "tries"

    metric {
      namespace   = "LambdaFleet"
      metric_name = "TriesFailed"
      dimensions  = local.message_metrics["message-processor"]
      period      = 600
      stat        = "Sum"
    }
  }

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
}

# Silence is the failure that nothing else reports. By the hour: see digest_heartbeat.
resource "aws_cloudwatch_metric_alarm" "message_schedule_silent" {
  alarm_name        = "${local.prefix}-message-schedule-silent"
  alarm_description = "No scheduled message was made in the last 25 hours."

  namespace   = "LambdaFleet"
  metric_name = "ScheduleHeartbeats"
  dimensions  = local.message_metrics["message-scheduler"]
  statistic   = "Sum"

  period              = 3600
  evaluation_periods  = 25
  datapoints_to_alarm = 25
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"

  actions_enabled = var.messages.schedules_enabled
  alarm_actions   = [aws_sns_topic.alarms.arn]
  ok_actions      = [aws_sns_topic.alarms.arn]
}

# Without the sweep, a message that was stored and not published stays so.
resource "aws_cloudwatch_metric_alarm" "message_sweep_silent" {
  alarm_name        = "${local.prefix}-message-sweep-silent"
  alarm_description = "Nothing has looked for messages that were left behind in the last 15 minutes."

  namespace   = "LambdaFleet"
  metric_name = "MessagesSwept"
  dimensions  = local.message_metrics["message-scheduler"]
  statistic   = "SampleCount"

  period              = 300
  evaluation_periods  = 3
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"

  actions_enabled = var.messages.schedules_enabled
  alarm_actions   = [aws_sns_topic.alarms.arn]
  ok_actions      = [aws_sns_topic.alarms.arn]
}

locals {
  message_alarm_arns = concat(
    values(aws_cloudwatch_metric_alarm.message_dead_letters_depth)[*].arn,
    values(aws_cloudwatch_metric_alarm.message_dead_letters_age)[*].arn,
    values(aws_cloudwatch_metric_alarm.messages_waiting)[*].arn,
    [
      aws_cloudwatch_metric_alarm.message_processor_failing.arn,
      aws_cloudwatch_metric_alarm.message_schedule_silent.arn,
      aws_cloudwatch_metric_alarm.message_sweep_silent.arn,
    ],
  )

  # One row of the dashboard: what comes of messages, what waits, and what was given up.
  message_charts = [
    {
      title = "messages: what came of them", statistic = "Sum"
      metrics = [
        for outcome in ["Completed", "Duplicate", "Retried", "Failed"] : concat(
          ["LambdaFleet", "Messages${outcome}"],
          flatten([for key, value in local.message_metrics["message-processor"] : [key, value]]),
        )
      ]
    },
    {
      title = "messages: waiting", statistic = "Maximum"
      metrics = [
        for queue in aws_sqs_queue.messages : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue.name]
      ]
    },
    {
      title = "messages: age of the oldest, s", statistic = "Maximum"
      metrics = [
        for queue in aws_sqs_queue.messages : ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue.name]
      ]
    },
    {
      title = "messages: dead letters", statistic = "Maximum"
      metrics = [
        for queue in aws_sqs_queue.messages_dead_letters : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue.name]
      ]
    },
  ]

  # Below the rows of functions and APIs.
  message_rows = [
    for column, chart in local.message_charts : {
      type   = "metric"
      x      = column * 6
      y      = local.dashboard_charts_y + length(local.dashboard_subjects) * 6
      width  = 6
      height = 6
      properties = {
        title   = chart.title
        region  = var.region
        view    = "timeSeries"
        period  = 300
        stat    = chart.statistic
        metrics = chart.metrics
      }
    }
  ]
}
