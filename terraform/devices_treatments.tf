# Treatments: stored by request, or from a file that was put into the uploads.

locals {
  treatments_prefix            = "treatments/"
  treatments_dead_letters_name = "${local.prefix}-treatments-dead-letters"
}

module "insert_ppu_data" {
  source = "./modules/function"

  platform       = local.platform
  name           = "insert-ppu-data"
  description    = "Stores treatments in PostgreSQL, each once, by its timestamp or key."
  repository_url = local.repository_urls["insert-ppu-data"]

  memory  = 1024
  timeout = 6

  vpc_config = local.database_vpc_config

  environment = merge(local.database_environment, {
    TREATMENT_BUCKET = module.uploads.name
    TREATMENT_PREFIX = local.treatments_prefix
  })

  policy = merge(local.database_policy, {
    # The version that an event names, too: another file may be under its key by then.
    ReadFiles = {
      actions   = ["s3:GetObject", "s3:GetObjectVersion"]
      resources = ["${module.uploads.arn}/${local.treatments_prefix}*"]
    }
    # Without it S3 answers 403 for a missing file, and the caller could not be told 404. No
    # condition on s3:prefix: reading an object has none, and would meet no such condition.
    TellMissingFromForbidden = {
      actions   = ["s3:ListBucket"]
      resources = [module.uploads.arn]
    }
  })

  # S3's event of a file is tried twice more. What still fails is kept for a person: the file is
  # in the bucket, and inserting it again changes nothing that is stored already.
  async_invocation = {
    maximum_retry_attempts       = 2
    maximum_event_age_in_seconds = 21600
    on_failure_queue_arn         = aws_sqs_queue.treatments_dead_letters.arn
  }
}

resource "aws_s3_bucket_notification" "uploads" {
  bucket = module.uploads.name

  lambda_function {
    id                  = "insert-treatments"
    lambda_function_arn = module.insert_ppu_data.alias_arn
    events              = ["s3:ObjectCreated:*"]
    filter_prefix       = local.treatments_prefix
  }

  # S3 sees at once whether it may call.
  depends_on = [aws_lambda_permission.uploads]

  lifecycle {
    precondition {
      condition     = endswith(module.insert_ppu_data.alias_arn, ":live")
      error_message = "Uploads must start the alias live, never $LATEST."
    }
  }
}

resource "aws_lambda_permission" "uploads" {
  statement_id   = "InsertUploadedFiles"
  function_name  = module.insert_ppu_data.summary.name
  qualifier      = "live"
  action         = "lambda:InvokeFunction"
  principal      = "s3.amazonaws.com"
  source_arn     = module.uploads.arn
  source_account = local.account_id # a bucket's ARN has none, and names can be taken over
}

# The policy is part of the queue for the reason that digest_schedules.tf gives.
resource "aws_sqs_queue" "treatments_dead_letters" {
  name                      = local.treatments_dead_letters_name
  sqs_managed_sse_enabled   = true
  message_retention_seconds = 1209600

  policy = !local.tls_only ? null : jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DenyWithoutTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = "arn:${local.partition}:sqs:${var.region}:${local.account_id}:${local.treatments_dead_letters_name}"
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

resource "aws_cloudwatch_metric_alarm" "treatments_dead_letters" {
  for_each = {
    depth = { metric = "ApproximateNumberOfMessagesVisible", threshold = 0, says = "A file of treatments could not be stored. The message in ${local.treatments_dead_letters_name} names it." }
    age   = { metric = "ApproximateAgeOfOldestMessage", threshold = 86400, says = "A message has been in ${local.treatments_dead_letters_name} for more than a day." }
  }

  alarm_name        = "${local.treatments_dead_letters_name}-${each.key}"
  alarm_description = each.value.says

  namespace   = "AWS/SQS"
  metric_name = each.value.metric
  dimensions  = { QueueName = aws_sqs_queue.treatments_dead_letters.name }
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
