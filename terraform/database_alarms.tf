# What says that the database is about to be in the way. A database of yours has alarms of yours.

locals {
  database_alarms = !local.own_database ? {} : {
    cpu = {
      description = "The database's processor is busy: above 80 % for a quarter of an hour."
      metric      = "CPUUtilization"
      operator    = "GreaterThanThreshold"
      threshold   = 80
      statistic   = "Average"
    }
    storage = {
      description = "A tenth of the database's storage is left. It grows by itself up to var.database.max_storage_gb."
      metric      = "FreeStorageSpace"
      operator    = "LessThanThreshold"
      threshold   = var.database.storage_gb * 1024 * 1024 * 1024 / 10
      statistic   = "Minimum"
    }
    connections = {
      description = "Four fifths of the connections are taken: functions beyond the last get a 503."
      metric      = "DatabaseConnections"
      operator    = "GreaterThanThreshold"
      threshold   = floor(var.database.max_connections * 0.8)
      statistic   = "Maximum"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "database" {
  for_each = local.database_alarms

  alarm_name        = "${local.prefix}-database-${each.key}"
  alarm_description = each.value.description

  namespace   = "AWS/RDS"
  metric_name = each.value.metric
  dimensions  = { DBInstanceIdentifier = aws_db_instance.this[0].identifier }
  statistic   = each.value.statistic

  period              = 300
  evaluation_periods  = 3
  comparison_operator = each.value.operator
  threshold           = each.value.threshold
  # A database that reports nothing is a database that is away.
  treat_missing_data = "breaching"

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
}
