# AWS's services from inside the VPC, each for what the functions there call and for this
# environment's own resources alone: a stolen credential of another account gets nothing out here.

locals {
  gateway_services = !local.vpc.endpoints ? {} : {
    # Bulk inserts read objects; the test runner writes reports.
    s3 = {
      actions   = ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:PutObject"]
      resources = ["arn:${local.partition}:s3:::${local.prefix}-*", "arn:${local.partition}:s3:::${local.prefix}-*/*"]
    }
    # The clock keeps each device's last syncs.
    dynamodb = {
      actions = [
        "dynamodb:ConditionCheckItem", "dynamodb:DescribeTable", "dynamodb:GetItem",
        "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem",
      ]
      resources = ["arn:${local.partition}:dynamodb:${var.region}:${local.account_id}:table/${local.prefix}-*"]
    }
  }

  interface_services = !local.vpc.endpoints ? {} : merge(local.gateway_service_endpoints, {
    # Logging in to the database by password: migrations always, functions where there is no IAM
    # authentication.
    secretsmanager = {
      actions = ["secretsmanager:GetSecretValue"]
      resources = [
        "arn:${local.partition}:secretsmanager:${var.region}:${local.account_id}:secret:${local.prefix}-*",
        "arn:${local.partition}:secretsmanager:${var.region}:${local.account_id}:secret:rds!db-*",
      ]
    }
    # The test runner calls the others, and a bulk insert that needs longer goes on by itself; the
    # invoke gateway calls what is its own.
    lambda = {
      actions = ["lambda:InvokeFunction", "lambda:GetFunctionConfiguration"]
      resources = concat(
        ["arn:${local.partition}:lambda:${var.region}:${local.account_id}:function:${local.prefix}-*"],
        local.gateway_invocable,
      )
    }
  })

  endpoint_policies = {
    for name, service in merge(local.gateway_services, local.interface_services) : name => jsonencode({
      Version = "2012-10-17"
      Statement = concat([{
        Sid       = "OwnAccountOwnEnvironment"
        Effect    = "Allow"
        Principal = "*"
        Action    = service.actions
        Resource  = service.resources
        Condition = { StringEquals = { "aws:PrincipalAccount" = local.account_id } }
      }], jsondecode(try(local.gateway_endpoint_statements[name], "[]")))
    })
  }
}

resource "aws_vpc_endpoint" "gateway" {
  for_each = local.gateway_services

  vpc_id            = local.vpc.id
  service_name      = "com.amazonaws.${var.region}.${each.key}"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = local.vpc.route_table_ids
  policy            = local.endpoint_policies[each.key]

  tags = { Name = "${local.prefix}-${each.key}" }
}

resource "aws_vpc_endpoint" "interface" {
  for_each = local.interface_services

  vpc_id              = local.vpc.id
  service_name        = "com.amazonaws.${var.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = local.vpc.subnet_ids
  security_group_ids  = [aws_security_group.endpoints[0].id]
  private_dns_enabled = true
  policy              = local.endpoint_policies[each.key]

  tags = { Name = "${local.prefix}-${each.key}" }
}

resource "aws_security_group" "endpoints" {
  #checkov:skip=CKV2_AWS_5:Attached to the interface endpoints below.
  count = local.vpc.endpoints ? 1 : 0

  name        = "${local.prefix}-endpoints"
  description = "Endpoints of AWS: from functions with a database, and to nowhere."
  vpc_id      = local.vpc.id

  tags = { Name = "${local.prefix}-endpoints" }
}

resource "aws_vpc_security_group_ingress_rule" "endpoints_from_functions" {
  count = local.vpc.endpoints ? 1 : 0

  security_group_id            = aws_security_group.endpoints[0].id
  description                  = "HTTPS from functions."
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  referenced_security_group_id = aws_security_group.functions.id
}
