# What says that a layer is not made of the one before it. That gold is behind, and that nothing is
# fetched at all, is in hoopstat_alarms.tf.

locals {
  # What the functions report, in embedded metric format.
  lake_metrics = {
    for layer, service in { silver = "silver-processing", gold = "gold-analytics" } : layer => {
      namespace                    = "LambdaFleet"
      dimensions                   = { service = service, environment = var.environment }
    }
  }

  # A row of the dashboard for each.
  lake_charts = {
    silver = [
      { title = "rows and days", metrics = ["RowsWritten", "DatesWritten"], statistic = "Sum" },
      { title = "refused", metrics = ["DatesRefused", "SchemaChanges"], statistic = "Sum" },
    ]
    gold = [
      { title = "objects", metrics = ["ObjectsWritten"], statistic = "Sum" },
      { title = "seasons, schema changes", metrics = ["SeasonsBroughtUpToDate", "SchemaChanges"], statistic = "Sum" },
    ]
  }

  lake_alarms = {
    silver-schema  = { layer = "silver", metric = "SchemaChanges", says = "Bronze has objects of another schema. Nothing was made of these dates; _refused/ in the silver bucket says why." }
    silver-refused = { layer = "silver", metric = "DatesRefused", says = "Dates were refused, and what was made of them before stays. _refused/ in the silver bucket says why." }
    gold-schema    = { layer = "gold", metric = "SchemaChanges", says = "Silver has files of another schema. Nothing is made of their season until gold-analytics knows it." }
  }

  lake_queue_alarms = merge([
    for layer, name in local.lake_queue_names : {
      "${layer}-depth" = { layer = layer, metric = "ApproximateNumberOfMessagesVisible", threshold = 0, says = "The ${layer} layer could not be made. The message in ${name}-dead-letters names the object that arrived." }
      "${layer}-age"   = { layer = layer, metric = "ApproximateAgeOfOldestMessage", threshold = 86400, says = "A message has been in ${name}-dead-letters for more than a day." }
    }
  ]...)
}

resource "aws_cloudwatch_metric_alarm" "lake" {
  for_each = local.lake_alarms

  alarm_name        = "${local.prefix}-${each.key}"
  alarm_description = each.value.says

  namespace   = local.lake_metrics[each.value.layer].namespace
  metric_name = each.value.metric
  dimensions  = local.lake_metrics[each.value.layer].dimensions
  statistic   = "Sum"
  period      = 300

  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "lake_dead_letters" {
  for_each = local.lake_queue_alarms

  alarm_name        = "${local.lake_queue_names[each.value.layer]}-dead-letters-${split("-", each.key)[1]}"
  alarm_description = each.value.says

  namespace   = "AWS/SQS"
  metric_name = each.value.metric
  dimensions  = { QueueName = aws_sqs_queue.lake_dead_letters[each.value.layer].name }
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
