# A queue that feeds a function, with the dead letters of what failed three times.

locals {
  name = "${var.platform.prefix}-${var.name}"
  dead = "${local.name}-dead-letters"

  # Written beside the queues and not after them: the provider waits half a minute for a policy.
  deny_without_tls = { for queue in [local.name, local.dead] : queue => {
    Sid       = "DenyWithoutTls"
    Effect    = "Deny"
    Principal = "*"
    Action    = "sqs:*"
    Resource  = "${var.arn_prefix}:${queue}"
    Condition = { Bool = { "aws:SecureTransport" = "false" } }
  } if var.tls_only }

  hear_of_bucket = { for arn in var.bucket_arns : arn => {
    Sid       = "HearOfBucket"
    Effect    = "Allow"
    Principal = { Service = "s3.amazonaws.com" }
    Action    = "sqs:SendMessage"
    Resource  = "${var.arn_prefix}:${local.name}"
    # A bucket's ARN has no account, and names can be taken over.
    Condition = {
      ArnEquals    = { "aws:SourceArn" = arn }
      StringEquals = { "aws:SourceAccount" = split(":", var.arn_prefix)[4] }
    }
  } }
}

resource "aws_sqs_queue" "this" {
  name                    = local.name
  sqs_managed_sse_enabled = true
  # Six times the function's timeout, as Lambda asks for: nothing comes back while it is worked on.
  visibility_timeout_seconds = 6 * var.timeout
  message_retention_seconds  = 1209600

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = 3
  })

  policy = !(var.tls_only || length(var.bucket_arns) > 0) ? null : jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      values(local.hear_of_bucket),
      [for queue, statement in local.deny_without_tls : statement if queue == local.name],
    )
  })
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = local.dead
  sqs_managed_sse_enabled   = true
  message_retention_seconds = 1209600

  policy = !var.tls_only ? null : jsonencode({
    Version   = "2012-10-17"
    Statement = [local.deny_without_tls[local.dead]]
  })
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  for_each = {
    depth = { metric = "ApproximateNumberOfMessagesVisible", above = 0, says = "Something failed three times: `fleet dlq show` says which and why." }
    age   = { metric = "ApproximateAgeOfOldestMessage", above = 86400, says = "Something failed more than a day ago, and nobody has dealt with it." }
  }

  alarm_name        = "${local.dead}-${each.key}"
  alarm_description = each.value.says

  namespace   = "AWS/SQS"
  metric_name = each.value.metric
  dimensions  = { QueueName = aws_sqs_queue.dead_letters.name }
  statistic   = "Maximum"
  period      = 300

  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  evaluation_periods  = 1
  # SQS stops reporting a queue that nobody touched for six hours.
  treat_missing_data = "notBreaching"

  alarm_actions = [var.platform.alarm_topic_arn]
  ok_actions    = [var.platform.alarm_topic_arn]
}
