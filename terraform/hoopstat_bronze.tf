# The lake's first layer: what the source sends, within its rate. hoopstat_schedule.tf has what
# starts it, hoopstat_alarms.tf what watches it.

locals {
  bronze_queue_name        = "${local.prefix}-bronze"
  bronze_dead_letters_name = "${local.prefix}-bronze-dead-letters"
  bronze_timeout           = 300
}

module "bronze_ingestion" {
  source = "./modules/function"

  platform       = local.platform
  name           = "bronze-ingestion"
  description    = "Keeps the schedules and box scores of stats.nba.com as they came, within its rate."
  repository_url = local.repository_urls["bronze-ingestion"]

  memory  = 256
  timeout = local.bronze_timeout

  environment = {
    BRONZE_BUCKET       = local.hoopstat.bronze.bucket
    GOLD_BUCKET         = local.hoopstat.gold.bucket
    INGESTION_QUEUE_URL = aws_sqs_queue.bronze.url
    INGESTION_TABLE     = aws_dynamodb_table.bronze.name
    SOURCE_URL          = var.hoopstat.source_url
    RATE_PER_MINUTE     = tostring(var.hoopstat.rate_per_minute)
    RATE_GAP            = tostring(var.hoopstat.rate_gap)
  }

  policy = {
    KeepObjects = {
      actions   = ["s3:GetObject", "s3:PutObject"]
      resources = ["${local.hoopstat.bronze.arn}/*"]
    }
    # To see what is missing; and without it S3 answers 403 for what is not there yet.
    FindObjects = {
      actions   = ["s3:ListBucket"]
      resources = [local.hoopstat.bronze.arn]
    }
    KeepRate = {
      actions   = ["dynamodb:GetItem", "dynamodb:PutItem"]
      resources = [aws_dynamodb_table.bronze.arn]
    }
    # Lambda's pollers take and delete with the function's role; the function sends.
    GoOnByQueue = {
      actions   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage"]
      resources = [aws_sqs_queue.bronze.arn]
    }
    # How far behind people are answered: one object, and whether it is there.
    ReadGoldIndex = {
      actions   = ["s3:GetObject"]
      resources = ["${local.hoopstat.gold.arn}/index/latest.json"]
    }
    FindGoldIndex = {
      actions   = ["s3:ListBucket"]
      resources = [local.hoopstat.gold.arn]
    }
  }

  # A season is some 1,400 invocations in a row, each sent by the one before through the queue;
  # Lambda would take them for a loop gone wild after 16.
  recursive_loop = "Allow"

  # A failed run is tried again with the same event: what has landed is not fetched again.
  async_invocation = {
    maximum_retry_attempts       = 2
    maximum_event_age_in_seconds = 21600
    on_failure_queue_arn         = aws_sqs_queue.bronze_dead_letters.arn
  }

  alarms = {
    duration_statistic = "Maximum"
  }
}

# One message at a time, to the released version.
resource "aws_lambda_event_source_mapping" "bronze" {
  event_source_arn        = aws_sqs_queue.bronze.arn
  function_name           = module.bronze_ingestion.alias_arn
  batch_size              = 1
  function_response_types = ["ReportBatchItemFailures"]

  # The least there is. More would only wait for the source's rate together.
  scaling_config {
    maximum_concurrency = 2
  }
}

# What goes on later. The policies are part of the queues for the reason that digest_schedules.tf
# gives.
resource "aws_sqs_queue" "bronze" {
  name                    = local.bronze_queue_name
  sqs_managed_sse_enabled = true
  # Six times the timeout, as Lambda asks for: no message comes back while it is worked on. It is
  # also how long a failed day rests.
  visibility_timeout_seconds = 6 * local.bronze_timeout
  # A run waits here, at most a quarter of an hour at a time.
  message_retention_seconds = 1209600

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.bronze_dead_letters.arn
    maxReceiveCount     = 3
  })

  policy = !local.tls_only ? null : jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DenyWithoutTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = "arn:${local.partition}:sqs:${var.region}:${local.account_id}:${local.bronze_queue_name}"
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

resource "aws_sqs_queue" "bronze_dead_letters" {
  name                      = local.bronze_dead_letters_name
  sqs_managed_sse_enabled   = true
  message_retention_seconds = 1209600

  policy = !local.tls_only ? null : jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DenyWithoutTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = "arn:${local.partition}:sqs:${var.region}:${local.account_id}:${local.bronze_dead_letters_name}"
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

# The source's rate, and which dates were announced as they are.
resource "aws_dynamodb_table" "bronze" {
  #checkov:skip=CKV_AWS_119:Encrypted with the key DynamoDB owns; the items are times, dates and digests.
  #checkov:skip=CKV_AWS_28:Without it a day is announced once more; nothing is lost.
  name         = "${local.prefix}-bronze"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"

  attribute {
    name = "pk"
    type = "S"
  }

  deletion_protection_enabled = !local.disposable
}
