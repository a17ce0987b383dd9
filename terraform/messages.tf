# Messaging: the table of messages, the topic they are published to, and the queues they are worked
# on from. messages_functions.tf has who works on them, messages_schedules.tf what makes them by
# itself, messages_alarms.tf what watches all this.

locals {
  # Whoever plans reads it, as it is in Terraform's state (github_policies.tf).
  encrypted_parameter_arn = aws_ssm_parameter.ntfy_url.arn

  # A message's stage is one of three; on one machine it is dev's.
  stage = var.environment == "local" ? "dev" : var.environment

  messages_max_receive_count = 3

  # By the queue's name: which types of messages go there, and whose timeout counts.
  message_queues = {
    "messages" = {
      types   = ["agent_response", "hello_world", "notify", "schedule_creation", "scheduled"]
      timeout = local.message_timeouts.processor
    }
    "web-actions" = {
      types   = ["web_action"]
      timeout = local.message_timeouts.web_action
    }
  }

  # The policies of queues need their ARNs, so names come first.
  message_queue_arns = {
    for name in keys(local.message_queues) :
    name => "arn:${local.partition}:sqs:${var.region}:${local.account_id}:${local.prefix}-${name}"
  }
  message_dead_letters = toset(concat(keys(local.message_queues), ["message-schedules"]))

  # A queue's own dead letters and nobody else's. Those of schedules come from no queue.
  message_redrive_permissions = merge(
    { for name, arn in local.message_queue_arns : name => jsonencode({ redrivePermission = "byQueue", sourceQueueArns = [arn] }) },
    { "message-schedules" = jsonencode({ redrivePermission = "denyAll" }) },
  )

  # Where TLS can be demanded, for each queue.
  messages_tls_statements = {
    for name in concat(keys(local.message_queues), formatlist("%s-dead-letters", local.message_dead_letters)) :
    name => [for sid in local.tls_only ? ["DenyWithoutTls"] : [] : {
      Sid       = sid
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = "arn:${local.partition}:sqs:${var.region}:${local.account_id}:${local.prefix}-${name}"
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  }
}

resource "aws_dynamodb_table" "messages" {
  #checkov:skip=CKV_AWS_119:Encrypted with the key DynamoDB owns; who may read is decided by IAM.
  #checkov:skip=CKV_AWS_28:Point-in-time recovery is on wherever data must last, which is by environment.
  name         = "${local.project}-messages-${local.stage}"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  range_key    = "created_date"

  dynamic "attribute" {
    for_each = ["id", "created_date", "stage", "status"]

    content {
      name = attribute.value
      type = "S"
    }
  }

  # Lists are queries, newest first: of everything, and of what is in one status.
  dynamic "global_secondary_index" {
    for_each = ["stage", "status"]

    content {
      name            = "${global_secondary_index.value}-created_date-index"
      hash_key        = global_secondary_index.value
      range_key       = "created_date"
      projection_type = "ALL"
    }
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  deletion_protection_enabled = !local.disposable

  point_in_time_recovery {
    enabled = !local.disposable
  }
}

resource "aws_dynamodb_table" "web_action_results" {
  #checkov:skip=CKV_AWS_119:Encrypted with the key DynamoDB owns; who may read is decided by IAM.
  #checkov:skip=CKV_AWS_28:Answers are kept for three days, and can be asked for again.
  name         = "${local.project}-web-action-results-${local.stage}"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  dynamic "attribute" {
    for_each = ["id", "message_id"]

    content {
      name = attribute.value
      type = "S"
    }
  }

  global_secondary_index {
    name            = "message_id-index"
    hash_key        = "message_id"
    projection_type = "ALL"
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  deletion_protection_enabled = !local.disposable
}

resource "aws_sns_topic" "messages" {
  #checkov:skip=CKV_AWS_26:A message is here for moments on its way from one encrypted store to another; a key would have to be shared with every publisher.
  name = "${local.prefix}-messages"
}

# Who may publish is said by the publishers' own policies. The queues let in what comes from here.
resource "aws_sns_topic_policy" "messages" {
  count = local.tls_only ? 1 : 0

  arn = aws_sns_topic.messages.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DenyWithoutTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.messages.arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

resource "aws_sns_topic_subscription" "messages" {
  for_each = local.message_queues

  topic_arn            = aws_sns_topic.messages.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.messages[each.key].arn
  raw_message_delivery = true

  filter_policy = jsonencode({
    stage        = [local.stage]
    message_type = each.value.types
    status       = ["queued"]
  })
}

resource "aws_sqs_queue" "messages" {
  for_each = local.message_queues

  name                    = "${local.prefix}-${each.key}"
  sqs_managed_sse_enabled = true
  # For as long a message is hidden whose worker was cut off. One that failed comes back sooner:
  # its worker says when.
  visibility_timeout_seconds = var.messages.visibility_seconds
  message_retention_seconds  = 1209600

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.messages_dead_letters[each.key].arn
    maxReceiveCount     = local.messages_max_receive_count
  })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "PublishedMessages"
        Effect    = "Allow"
        Principal = { Service = "sns.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = local.message_queue_arns[each.key]
        Condition = { ArnEquals = { "aws:SourceArn" = aws_sns_topic.messages.arn } }
      }],
      local.messages_tls_statements[each.key],
    )
  })

  lifecycle {
    precondition {
      # Lambda's own rule of thumb: a batch that is throttled is tried again before it comes back.
      condition     = var.messages.visibility_seconds >= 6 * each.value.timeout
      error_message = "messages.visibility_seconds must be at least six times the function's timeout, ${each.value.timeout} s, or a message comes back while it is worked on."
    }
  }
}

# What three tries could not do, until a person has looked at it: `fleet dlq`.
resource "aws_sqs_queue" "messages_dead_letters" {
  for_each = local.message_dead_letters

  name                      = "${local.prefix}-${each.key}-dead-letters"
  sqs_managed_sse_enabled   = true
  message_retention_seconds = 1209600

  redrive_allow_policy = local.message_redrive_permissions[each.key]

  policy = !local.tls_only ? null : jsonencode({
    Version   = "2012-10-17"
    Statement = local.messages_tls_statements["${each.key}-dead-letters"]
  })
}

# Read by the processor when it is needed, so that a new topic needs no release.
resource "aws_ssm_parameter" "ntfy_url" {
  #checkov:skip=CKV_AWS_337:Encrypted with the account's own Parameter Store key; who may read is decided by IAM.
  name        = "/${local.project}/${local.stage}/ntfy-url"
  description = "The ntfy topic that notifications go to."
  type        = "SecureString"
  value       = coalesce(var.messages.ntfy_url, "unset")
}
