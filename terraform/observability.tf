# Where alarms go, and one dashboard for the environment. The alarms themselves stand beside what
# they watch: modules/function/alarms.tf, digest_alarms.tf, messages_alarms.tf and release_guard.tf.

# Releases and rollbacks are told here too, by whoever makes them: sns:Publish in their own policy
# is enough within an account, so the topic's policy need not name them.
resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26:CloudWatch cannot publish under the key aws/sns, and an alarm's text names functions and thresholds only.
  name = "${local.prefix}-alarms"
}

resource "aws_sns_topic_policy" "alarms" {
  arn = aws_sns_topic.alarms.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "PublishByAlarmsOfThisAccount"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alarms.arn
        Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
      }],
      [for sid in local.tls_only ? ["DenyWithoutTls"] : [] : {
        Sid       = sid
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alarms.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
    )
  })
}

# The address gets a message with a link, and nothing else before that is clicked.
resource "aws_sns_topic_subscription" "email" {
  count = var.observability.alarm_email == null ? 0 : 1

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = var.observability.alarm_email
}

locals {
  # One row of four for each function, in the order of their names.
  dashboard_charts = [
    { title = "invocations", metrics = ["Invocations"], statistic = "Sum" },
    { title = "errors and throttles", metrics = ["Errors", "Throttles"], statistic = "Sum" },
    { title = "duration p99, ms", metrics = ["Duration"], statistic = "p99" },
    { title = "at once", metrics = ["ConcurrentExecutions"], statistic = "Maximum" },
  ]

  # And one row of four for each API, below them.
  dashboard_api_charts = [
    { title = "requests", metrics = ["Count"], statistic = "Sum" },
    { title = "4xx and 5xx", metrics = ["4xx", "5xx"], statistic = "Sum" },
    { title = "latency p99, ms", metrics = ["Latency", "IntegrationLatency"], statistic = "p99" },
    { title = "bytes out", metrics = ["DataProcessed"], statistic = "Sum" },
  ]

  dashboard_alarms = concat(
    flatten([for name in sort(keys(local.modules)) : values(local.modules[name].alarm_arns)]),
    flatten([for name in sort(keys(local.apis)) : values(local.apis[name].alarm_arns)]),
    [for name in sort(keys(aws_cloudwatch_metric_alarm.bronze)) : aws_cloudwatch_metric_alarm.bronze[name].arn],
    [for name in sort(keys(aws_cloudwatch_metric_alarm.database)) : aws_cloudwatch_metric_alarm.database[name].arn],
    [for name in sort(keys(aws_cloudwatch_metric_alarm.gateway_audit)) : aws_cloudwatch_metric_alarm.gateway_audit[name].arn],
    [for name in sort(keys(aws_cloudwatch_metric_alarm.gateway_partitions_dead_letters)) : aws_cloudwatch_metric_alarm.gateway_partitions_dead_letters[name].arn],
    [for name in sort(keys(aws_cloudwatch_metric_alarm.gateway_ready)) : aws_cloudwatch_metric_alarm.gateway_ready[name].arn],
    [for name in sort(keys(aws_cloudwatch_metric_alarm.gateway_usage)) : aws_cloudwatch_metric_alarm.gateway_usage[name].arn],
    aws_cloudwatch_metric_alarm.gateway_rest_errors[*].arn,
    [aws_cloudwatch_metric_alarm.gateway_partitions_silent.arn],
    [for name in sort(keys(aws_cloudwatch_metric_alarm.lake)) : aws_cloudwatch_metric_alarm.lake[name].arn],
    [for name in sort(keys(aws_cloudwatch_metric_alarm.lake_dead_letters)) : aws_cloudwatch_metric_alarm.lake_dead_letters[name].arn],
    [
      aws_cloudwatch_metric_alarm.digest_heartbeat.arn,
      aws_cloudwatch_metric_alarm.digest_failed.arn,
      aws_cloudwatch_metric_alarm.digest_dead_letters_depth.arn,
      aws_cloudwatch_metric_alarm.digest_dead_letters_age.arn,
      aws_cloudwatch_metric_alarm.bronze_dead_letters["age"].arn,
      aws_cloudwatch_metric_alarm.bronze_dead_letters["depth"].arn,
      aws_cloudwatch_metric_alarm.hoopstat_freshness.arn,
      aws_cloudwatch_metric_alarm.hoopstat_heartbeat.arn,
      aws_cloudwatch_metric_alarm.release_guard_not_started.arn,
      aws_cloudwatch_metric_alarm.treatments_dead_letters["age"].arn,
      aws_cloudwatch_metric_alarm.treatments_dead_letters["depth"].arn,
    ],
    local.message_alarm_arns,
    flatten([for name in sort(keys(local.queues)) : values(local.queues[name].alarm_arns)]),
  )

  # CloudWatch takes 100 alarms in a widget.
  dashboard_alarm_widgets = [
    for row, alarms in chunklist(local.dashboard_alarms, 100) : {
      type       = "alarm"
      x          = 0
      y          = row * 4
      width      = 24
      height     = 4
      properties = { title = row == 0 ? "Alarms" : "More alarms", alarms = alarms }
    }
  ]
  dashboard_charts_y = length(local.dashboard_alarm_widgets) * 4

  # What each row shows: the metrics of a function's alias, or of an API.
  dashboard_subjects = concat(
    [
      for name in sort(keys(local.modules)) : {
        name       = name
        namespace  = "AWS/Lambda"
        dimensions = flatten([for key, value in local.modules[name].alarm_dimensions : [key, value]])
        charts     = local.dashboard_charts
      }
    ],
    [
      for name in sort(keys(local.apis)) : {
        name       = "API ${name}"
        namespace  = "AWS/ApiGateway"
        dimensions = flatten([for key, value in local.apis[name].alarm_dimensions : [key, value]])
        charts     = local.dashboard_api_charts
      }
    ],
    [{
      name       = "basketball"
      namespace  = local.bronze_metrics.namespace
      dimensions = flatten([for key, value in local.bronze_metrics.dimensions : [key, value]])
      charts     = local.bronze_charts
    }],
    [
      for layer in ["silver", "gold"] : {
        name       = layer
        namespace  = local.lake_metrics[layer].namespace
        dimensions = flatten([for key, value in local.lake_metrics[layer].dimensions : [key, value]])
        charts     = local.lake_charts[layer]
      }
    ],
  )

  dashboard_rows = flatten([
    for row, subject in local.dashboard_subjects : [
      for column, chart in subject.charts : {
        type   = "metric"
        x      = column * 6
        y      = local.dashboard_charts_y + row * 6
        width  = 6
        height = 6
        properties = {
          title   = "${subject.name}: ${chart.title}"
          region  = var.region
          view    = "timeSeries"
          period  = 300
          stat    = chart.statistic
          metrics = [for metric in chart.metrics : concat([subject.namespace, metric], subject.dimensions)]
        }
      }
    ]
  ])
}

resource "aws_cloudwatch_dashboard" "fleet" {
  dashboard_name = local.prefix

  dashboard_body = jsonencode({
    widgets = concat(
      local.dashboard_alarm_widgets,
      local.dashboard_rows,
      local.message_rows,
    )
  })
}
