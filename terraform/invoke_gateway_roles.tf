# What the service's tasks may do, and what starts them: two roles, neither of which has more than
# its own work needs.

locals {
  gateway_task_trust = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      # Not for a task of some other account.
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account_id }
        ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:ecs:${var.region}:${local.account_id}:*" }
      }
    }]
  })
}

resource "aws_iam_role" "gateway_task" {
  count = local.gateway_count

  name               = "${local.prefix}-gateway-task"
  description        = "What the invoke gateway's service may do: as much as its function."
  assume_role_policy = local.gateway_task_trust
}

resource "aws_iam_role_policy" "gateway_task" {
  #checkov:skip=CKV_AWS_355:lambda:ListFunctions knows no resource.
  count = local.gateway_count

  name = "gateway"
  role = aws_iam_role.gateway_task[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [for sid, statement in local.gateway_policy : {
        Sid      = sid
        Effect   = "Allow"
        Action   = statement.actions
        Resource = statement.resources
      }],
      [{
        Sid      = "ListFunctions"
        Effect   = "Allow"
        Action   = ["lambda:ListFunctions"]
        Resource = ["*"]
      }],
    )
  })
}

resource "aws_iam_role" "gateway_execution" {
  count = local.gateway_count

  name               = "${local.prefix}-gateway-execution"
  description        = "Lets ECS start the invoke gateway's tasks: pull the image, write the log."
  assume_role_policy = local.gateway_task_trust
}

resource "aws_iam_role_policy" "gateway_execution" {
  #checkov:skip=CKV_AWS_355:ecr:GetAuthorizationToken knows no resource.
  count = local.gateway_count

  name = "start-tasks"
  role = aws_iam_role.gateway_execution[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "LogInToRegistry"
        Effect   = "Allow"
        Action   = ["ecr:GetAuthorizationToken"]
        Resource = ["*"]
      },
      {
        Sid      = "PullImage"
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = [local.gateway_repository_arn]
      },
      {
        Sid      = "WriteLog"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.gateway[0].arn}:*"]
      },
    ]
  })
}

locals {
  gateway_repository_arn = "arn:${local.partition}:ecr:${var.region}:${local.registry_account}:repository/${local.project}/lambda-action"

  # Tasks without a way to the internet pull and log through endpoints. Which they may use for what:
  gateway_service_endpoints = local.gateway_service == null ? {} : {
    "ecr.api" = {
      actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      resources = [local.gateway_repository_arn]
    }
    "ecr.dkr" = {
      actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      resources = [local.gateway_repository_arn]
    }
    logs = {
      actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      resources = ["arn:${local.partition}:logs:${var.region}:${local.account_id}:log-group:/aws/ecs/${local.prefix}-*:*"]
    }
  }

  gateway_own_account = { StringEquals = { "aws:PrincipalAccount" = local.account_id } }

  # What is on no resource of ours, by endpoint: the gateway's lists of functions; and the service's
  # image, whose login has no resource and whose layers are in a bucket of ECR's own.
  gateway_endpoint_statements = {
    for name, statements in {
      lambda    = jsonencode([{ Sid = "ListFunctions", Effect = "Allow", Principal = "*", Action = ["lambda:ListFunctions"], Resource = ["*"], Condition = local.gateway_own_account }])
      "ecr.api" = jsonencode([{ Sid = "LogInToRegistry", Effect = "Allow", Principal = "*", Action = ["ecr:GetAuthorizationToken"], Resource = ["*"], Condition = local.gateway_own_account }])
      # Signed by ECR, and not by anybody of this account.
      s3 = jsonencode([{ Sid = "ImageLayers", Effect = "Allow", Principal = "*", Action = ["s3:GetObject"], Resource = ["arn:${local.partition}:s3:::prod-${var.region}-starport-layer-bucket/*"] }])
    } : name => statements if name == "lambda" || local.gateway_service != null
  }
}
