# What says that games are not coming in, or not as they should. Errors, duration and throttles of
# the function itself are in modules/function.

locals {
  # What the function reports, in embedded metric format.
  bronze_metrics = {
    namespace  = "LambdaFleet"
    dimensions = { service = "bronze-ingestion", environment = var.environment }
  }

  # A row of the dashboard.
  bronze_charts = [
    { title = "requests and box scores", metrics = ["SourceRequests", "BoxScoresLanded"], statistic = "Sum" },
    { title = "days done, runs failed", metrics = ["DaysDone", "RunsFailed"], statistic = "Sum" },
    { title = "refused", metrics = ["Quarantined", "SchemaChanges"], statistic = "Sum" },
    { title = "gold behind, days", metrics = ["GoldDaysBehind"], statistic = "Maximum" },
  ]

  bronze_alarms = {
    # A new shape stops the layer above for as long as nobody has looked.
    schema = { metric = "SchemaChanges", says = "The source has changed its schema. What it sends is in quarantine and the dates stay incomplete: `fleet lake status`." }
    # The quarantine grows. A single game may have been slow; it is tried again the next day.
    quarantine = { metric = "Quarantined", says = "Something the source sent was refused: `fleet lake status` has the classes." }
    failed     = { metric = "RunsFailed", says = "Nothing of a day could be had. The run's log line says why; it is tried again." }
  }

  bronze_queues = {
    depth = { metric = "ApproximateNumberOfMessagesVisible", threshold = 0, says = "A run of bronze-ingestion was given up. The message in ${local.bronze_dead_letters_name} names its days." }
    age   = { metric = "ApproximateAgeOfOldestMessage", threshold = 86400, says = "A message has been in ${local.bronze_dead_letters_name} for more than a day." }
  }
}

resource "aws_cloudwatch_metric_alarm" "bronze" {
  for_each = local.bronze_alarms

  alarm_name        = "${local.prefix}-bronze-${each.key}"
  alarm_description = each.value.says

  namespace   = local.bronze_metrics.namespace
  metric_name = each.value.metric
  dimensions  = local.bronze_metrics.dimensions
  statistic   = "Sum"
  period      = 300

  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "bronze_dead_letters" {
  for_each = local.bronze_queues

  alarm_name        = "${local.bronze_dead_letters_name}-${each.key}"
  alarm_description = each.value.says

  namespace   = "AWS/SQS"
  metric_name = each.value.metric
  dimensions  = { QueueName = aws_sqs_queue.bronze_dead_letters.name }
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

# Silence is the failure that nothing else reports. By the hour for the reason that digest_alarms.tf
# gives. A new environment is in alarm until its first daily run.
resource "aws_cloudwatch_metric_alarm" "hoopstat_heartbeat" {
  alarm_name        = "${local.prefix}-hoopstat-heartbeat"
  alarm_description = "The lake has not looked for games in the last 25 hours."

  namespace   = local.bronze_metrics.namespace
  metric_name = "ScheduledRuns"
  dimensions  = local.bronze_metrics.dimensions
  statistic   = "Sum"

  period              = 3600
  evaluation_periods  = 25
  datapoints_to_alarm = 25
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"

  # Where the schedule is off, silence is what was asked for.
  actions_enabled = var.hoopstat.schedule_enabled
  alarm_actions   = [aws_sns_topic.alarms.arn]
  ok_actions      = [aws_sns_topic.alarms.arn]
}

# Each daily run measures, before it fetches anything, how far what people are answered from is
# behind what the runs before it have fetched. One measure a day, so one of the last day's hours
# decides; that there is none is the heartbeat's to say.
resource "aws_cloudwatch_metric_alarm" "hoopstat_freshness" {
  alarm_name        = "${local.prefix}-hoopstat-freshness"
  alarm_description = "Gold is a day or more behind bronze: games that were fetched a day ago are in no answer."

  namespace   = local.bronze_metrics.namespace
  metric_name = "GoldDaysBehind"
  dimensions  = local.bronze_metrics.dimensions
  statistic   = "Maximum"

  period              = 3600
  evaluation_periods  = 25
  datapoints_to_alarm = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"

  actions_enabled = var.hoopstat.in_season
  alarm_actions   = [aws_sns_topic.alarms.arn]
  ok_actions      = [aws_sns_topic.alarms.arn]
}
