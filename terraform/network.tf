# Where the functions with a database live: private subnets in two zones, without a route to the
# internet in either direction. What they need of AWS they reach through endpoints, and nothing else.
# Or in a VPC of your own: var.network.existing.

data "aws_availability_zones" "available" {
  #checkov:skip=CKV_AWS_394:Subnets keep the zone they were made in, whatever AWS adds or closes: ignore_changes below.
  count = local.own_vpc ? 1 : 0

  state = "available"
  # Zones of one's own account without asking: no Local Zones or Wavelength Zones, which have
  # neither RDS nor endpoints.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
  # The oldest zone of us-east-1, under any name from a to f, where Lambda and newer services are not.
  exclude_zone_ids = ["use1-az3"]
}

locals {
  own_vpc = var.network.existing == null
  zones = !local.own_vpc ? [] : coalescelist(
    var.network.availability_zones,
    slice(sort(data.aws_availability_zones.available[0].names), 0, 2),
  )

  vpc = {
    id              = local.own_vpc ? aws_vpc.this[0].id : var.network.existing.vpc_id
    subnet_ids      = local.own_vpc ? aws_subnet.private[*].id : var.network.existing.subnet_ids
    route_table_ids = local.own_vpc ? [aws_route_table.private[0].id] : var.network.existing.route_table_ids
    endpoints       = local.own_vpc || try(var.network.existing.create_endpoints, false)
  }

  # By names that are known before the endpoints are.
  gateway_prefix_lists = local.vpc.endpoints ? {
    for name in keys(local.gateway_services) : name => aws_vpc_endpoint.gateway[name].prefix_list_id
  } : { for number, list in try(var.network.existing.gateway_prefix_list_ids, []) : tostring(number) => list }

  # For a function's vpc_config. A function in a VPC has these ways and no others.
  database_vpc_config = {
    subnet_ids         = local.vpc.subnet_ids
    security_group_ids = [aws_security_group.functions.id]
  }
}

resource "aws_vpc" "this" {
  count = local.own_vpc ? 1 : 0

  cidr_block = var.network.cidr
  # Interface endpoints answer under AWS's own names only with both.
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = local.prefix }
}

# Everything that names no security group gets this one; without rules it lets nothing through.
resource "aws_default_security_group" "this" {
  count = local.own_vpc ? 1 : 0

  vpc_id = aws_vpc.this[0].id
}

resource "aws_subnet" "private" {
  count = local.own_vpc ? 2 : 0

  vpc_id            = aws_vpc.this[0].id
  availability_zone = local.zones[count.index]
  # Sixteenths: room for subnets of other kinds later.
  cidr_block = cidrsubnet(var.network.cidr, 4, count.index)

  tags = { Name = "${local.prefix}-private-${count.index}" }

  lifecycle {
    # A zone that AWS adds or closes must not move subnets that functions are in.
    ignore_changes = [availability_zone]
  }
}

# It has the VPC's local route, and those of the gateway endpoints.
resource "aws_route_table" "private" {
  count = local.own_vpc ? 1 : 0

  vpc_id = aws_vpc.this[0].id

  tags = { Name = "${local.prefix}-private" }
}

resource "aws_route_table_association" "private" {
  count = local.own_vpc ? 2 : 0

  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private[0].id
}

resource "aws_security_group" "functions" {
  #checkov:skip=CKV2_AWS_5:Attached to functions, through their vpc_config.
  name        = "${local.prefix}-functions"
  description = "Functions with a database: to the database and to endpoints of AWS, nowhere else."
  vpc_id      = local.vpc.id

  tags = { Name = "${local.prefix}-functions" }
}

resource "aws_vpc_security_group_egress_rule" "functions_to_database" {
  security_group_id            = aws_security_group.functions.id
  description                  = "PostgreSQL."
  ip_protocol                  = "tcp"
  from_port                    = local.database.port
  to_port                      = local.database.port
  referenced_security_group_id = local.database_security_group_id
  cidr_ipv4                    = local.own_database ? null : var.database.existing.cidr
}

resource "aws_vpc_security_group_egress_rule" "functions_to_endpoints" {
  security_group_id            = aws_security_group.functions.id
  description                  = "Secrets Manager and Lambda, through their endpoints."
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  referenced_security_group_id = local.vpc.endpoints ? aws_security_group.endpoints[0].id : var.network.existing.endpoints_security_group_id
}

# Gateway endpoints have no security group; the service's address ranges are a prefix list, which an
# emulator forgets and the provider then cannot plan with.
resource "aws_vpc_security_group_egress_rule" "functions_to_gateways" {
  for_each = local.emulated ? {} : local.gateway_prefix_lists

  security_group_id = aws_security_group.functions.id
  description       = "S3 or DynamoDB, through its gateway."
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  prefix_list_id    = each.value
}

# What was refused is what somebody tried: the rest is noise at a price.
resource "aws_flow_log" "refused" {
  count = local.own_vpc && !local.emulated ? 1 : 0

  vpc_id               = aws_vpc.this[0].id
  traffic_type         = "REJECT"
  log_destination_type = "cloud-watch-logs"
  log_destination      = aws_cloudwatch_log_group.flow_log[0].arn
  iam_role_arn         = aws_iam_role.flow_log[0].arn
}

resource "aws_cloudwatch_log_group" "flow_log" {
  count = local.own_vpc && !local.emulated ? 1 : 0

  name              = "/aws/vpc/${local.prefix}"
  retention_in_days = var.observability.log_retention_days
  kms_key_id        = var.observability.log_kms_key_arn
}

resource "aws_iam_role" "flow_log" {
  count = local.own_vpc && !local.emulated ? 1 : 0

  name        = "${local.prefix}-flow-log"
  description = "Lets the VPC write down what it refused."

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "vpc-flow-logs.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "flow_log" {
  count = local.own_vpc && !local.emulated ? 1 : 0

  name = "write-flow-log"
  role = aws_iam_role.flow_log[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "WriteFlowLog"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.flow_log[0].arn}:*"]
      },
      {
        # Flow logs look for the group among all of them before they write.
        Sid      = "FindLogGroup"
        Effect   = "Allow"
        Action   = ["logs:DescribeLogGroups"]
        Resource = ["*"] # a list of groups cannot be kept to one
      },
    ]
  })
}
