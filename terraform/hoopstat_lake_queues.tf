# How a layer hears of the one before it: S3 to a queue, and what nobody could deal with to another.

locals {
  lake_queue_names = { for layer in keys(local.lake_timeouts) : layer => "${local.prefix}-${layer}" }

  # Whose objects a layer hears of.
  lake_sources = { silver = local.hoopstat.bronze, gold = local.hoopstat.silver }

  lake_deny_without_tls = {
    for name in flatten([for name in values(local.lake_queue_names) : [name, "${name}-dead-letters"]]) :
    name => {
      Sid       = "DenyWithoutTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = "arn:${local.partition}:sqs:${var.region}:${local.account_id}:${name}"
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }
  }
}

# The policies are part of the queues for the reason that digest_schedules.tf gives.
resource "aws_sqs_queue" "lake" {
  for_each = local.lake_queue_names

  name                    = each.value
  sqs_managed_sse_enabled = true
  # Six times the timeout, as Lambda asks for: no message comes back while it is worked on.
  visibility_timeout_seconds = 6 * local.lake_timeouts[each.key]
  message_retention_seconds  = 1209600

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.lake_dead_letters[each.key].arn
    maxReceiveCount     = 3
  })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "HearOfTheLayerBefore"
        Effect    = "Allow"
        Principal = { Service = "s3.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = "arn:${local.partition}:sqs:${var.region}:${local.account_id}:${each.value}"
        # A bucket's ARN has no account, and names can be taken over.
        Condition = {
          ArnEquals    = { "aws:SourceArn" = local.lake_sources[each.key].arn }
          StringEquals = { "aws:SourceAccount" = local.account_id }
        }
      }],
      [for statement in [local.lake_deny_without_tls[each.value]] : statement if local.tls_only],
    )
  })
}

resource "aws_sqs_queue" "lake_dead_letters" {
  for_each = local.lake_queue_names

  name                      = "${each.value}-dead-letters"
  sqs_managed_sse_enabled   = true
  message_retention_seconds = 1209600

  policy = !local.tls_only ? null : jsonencode({
    Version   = "2012-10-17"
    Statement = [local.lake_deny_without_tls["${each.value}-dead-letters"]]
  })
}

# Bronze writes it last, when a date has changed.
resource "aws_s3_bucket_notification" "bronze" {
  bucket = local.hoopstat.bronze.bucket

  queue {
    id            = "make-silver"
    queue_arn     = aws_sqs_queue.lake["silver"].arn
    events        = ["s3:ObjectCreated:*"]
    filter_prefix = "_metadata/summary.json"
  }
}

resource "aws_s3_bucket_notification" "silver" {
  bucket = local.hoopstat.silver.bucket

  queue {
    id            = "make-gold"
    queue_arn     = aws_sqs_queue.lake["gold"].arn
    events        = ["s3:ObjectCreated:*"]
    filter_prefix = "season="
    filter_suffix = "/player_games.parquet"
  }
}
