# The function's role: its own log, what the caller lists, and what the platform's options need.

locals {
  # Lambda's network interfaces and X-Ray's segments have no ARN before they exist.
  vpc_statements = var.vpc_config == null ? {} : {
    ManageNetworkInterfaces = {
      actions = [
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
      ]
      resources  = ["*"]
      conditions = {}
    }
  }

  tracing_statements = !var.platform.tracing ? {} : {
    SendTraces = {
      actions    = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      resources  = ["*"]
      conditions = {}
    }
  }

  failure_statements = var.async_invocation.on_failure_queue_arn == null ? {} : {
    KeepFailedEvents = {
      actions    = ["sqs:SendMessage"]
      resources  = [var.async_invocation.on_failure_queue_arn]
      conditions = {}
    }
  }

  unscoped_statements = length(var.unscoped_actions) == 0 ? {} : {
    WithoutResource = {
      actions    = var.unscoped_actions
      resources  = ["*"]
      conditions = {}
    }
  }

  log_statements = {
    # No logs:CreateLogGroup: the group is there first, with its retention and its key, and a
    # group that is deleted stays away until Terraform makes it again.
    WriteOwnLog = {
      actions    = ["logs:CreateLogStream", "logs:PutLogEvents"]
      resources  = ["${aws_cloudwatch_log_group.this.arn}:*"]
      conditions = {}
    }
  }

  statements = merge(
    local.vpc_statements,
    local.tracing_statements,
    local.failure_statements,
    local.log_statements,
    local.unscoped_statements,
    var.policy,
  )
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${local.full_name}"
  retention_in_days = var.platform.log_retention_days
  kms_key_id        = var.platform.log_kms_key_arn
}

resource "aws_iam_role" "this" {
  name        = local.full_name
  description = "What the function ${local.full_name} may do."

  # No aws:SourceArn here: Lambda assumes the role before the function exists.
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "function"
  role = aws_iam_role.this.id

  # Written here and not read from aws_iam_policy_document: a data source waits for an apply when
  # an ARN is new, so a plan would not show the policy, and a mocked provider would invent it.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      for sid, statement in local.statements : merge(
        {
          Sid      = sid
          Effect   = "Allow"
          Action   = statement.actions
          Resource = statement.resources
        },
        length(statement.conditions) == 0 ? {} : { Condition = statement.conditions },
      )
    ]
  })

  lifecycle {
    precondition {
      condition     = length(setintersection(keys(var.policy), ["ManageNetworkInterfaces", "SendTraces", "KeepFailedEvents", "WithoutResource", "WriteOwnLog"])) == 0
      error_message = "policy uses a Sid of the module's own (ManageNetworkInterfaces, SendTraces, KeepFailedEvents, WithoutResource, WriteOwnLog) and would replace that statement."
    }
  }
}
