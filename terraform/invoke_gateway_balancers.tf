# The way to the service: a network load balancer that ends TLS for gRPC, an application load
# balancer for REST, and who may talk to whom.

locals {
  gateway_balancers = local.gateway_service == null ? {} : {
    # HTTP/2 as it comes: only the gateway itself knows when a call ends.
    grpc = { type = "network", protocol = "TCP", listener = "TLS" }
    rest = { type = "application", protocol = "HTTP", listener = "HTTPS" }
  }

  gateway_balancer_subnets = try(local.gateway_service.internet_facing, false) ? local.gateway_service.public_subnet_ids : local.vpc.subnet_ids
}

resource "aws_lb" "gateway" {
  #checkov:skip=CKV_AWS_91:Access logs are by variable: service.access_log_bucket. The gateway logs who asked for what itself.
  #checkov:skip=CKV2_AWS_28:A web application firewall is the account's to choose; the gateway takes nothing without a token.
  #checkov:skip=CKV_AWS_150:Deletion protection is by environment: on where it is to last.
  #checkov:skip=CKV2_AWS_20:There is no listener on plain HTTP that would have to redirect.
  for_each = local.gateway_balancers

  name               = "${local.prefix}-gw-${each.key}" # 32 characters at most
  load_balancer_type = each.value.type
  internal           = !local.gateway_service.internet_facing
  subnets            = local.gateway_balancer_subnets
  security_groups    = [aws_security_group.gateway_balancer[0].id]

  enable_deletion_protection       = !local.disposable
  enable_cross_zone_load_balancing = true
  drop_invalid_header_fields       = true # of the application load balancer, as is the idle timeout
  # Beyond a request's own time, so that the gateway is the one to give up.
  idle_timeout = local.gateway_service.request_timeout + 10

  dynamic "access_logs" {
    for_each = local.gateway_service.access_log_bucket == null ? [] : [local.gateway_service.access_log_bucket]

    content {
      bucket  = access_logs.value
      prefix  = "${local.prefix}-gateway-${each.key}"
      enabled = true
    }
  }
}

resource "aws_lb_target_group" "gateway" {
  #checkov:skip=CKV_AWS_378:TLS ends at the load balancers; behind them is the private subnet, and this security group alone.
  for_each = local.gateway_balancers

  name_prefix          = "gw-${substr(each.key, 0, 2)}-"
  vpc_id               = local.vpc.id
  target_type          = "ip"
  port                 = local.gateway_ports[each.key]
  protocol             = each.value.protocol
  deregistration_delay = local.gateway_stop_seconds

  # Both are asked for readiness over REST: a task that drains gets nothing new by either.
  health_check {
    protocol            = "HTTP"
    port                = tostring(local.gateway_ports.rest)
    path                = "/ready"
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lb_listener" "gateway" {
  #checkov:skip=CKV_AWS_2:HTTPS and TLS it is, by local.gateway_balancers.
  #checkov:skip=CKV_AWS_103:TLS 1.2 at least, by the policy below.
  for_each = local.gateway_balancers

  load_balancer_arn = aws_lb.gateway[each.key].arn
  port              = 443
  protocol          = each.value.listener
  certificate_arn   = local.gateway_service.certificate_arn
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  # gRPC clients insist on hearing "h2" before they speak it.
  alpn_policy = each.key == "grpc" ? "HTTP2Only" : null

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.gateway[each.key].arn
  }
}

resource "aws_security_group" "gateway_balancer" {
  count = local.gateway_count

  name        = "${local.prefix}-gateway-balancer"
  description = "Load balancers of the invoke gateway: from its clients to its tasks."
  vpc_id      = local.vpc.id

  tags = { Name = "${local.prefix}-gateway-balancer" }
}

resource "aws_vpc_security_group_ingress_rule" "gateway_clients" {
  for_each = toset(try(local.gateway_service.client_cidrs, []))

  security_group_id = aws_security_group.gateway_balancer[0].id
  description       = "TLS from clients."
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = each.value
}

resource "aws_vpc_security_group_egress_rule" "gateway_balancer_to_task" {
  for_each = local.gateway_service == null ? {} : local.gateway_ports

  security_group_id            = aws_security_group.gateway_balancer[0].id
  description                  = "${each.key} of the tasks."
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
  referenced_security_group_id = aws_security_group.gateway_task[0].id
}

resource "aws_security_group" "gateway_task" {
  count = local.gateway_count

  name        = "${local.prefix}-gateway-task"
  description = "Tasks of the invoke gateway: from its load balancers; to the database and endpoints of AWS."
  vpc_id      = local.vpc.id

  tags = { Name = "${local.prefix}-gateway-task" }
}

resource "aws_vpc_security_group_ingress_rule" "gateway_task_from_balancer" {
  for_each = local.gateway_service == null ? {} : local.gateway_ports

  security_group_id            = aws_security_group.gateway_task[0].id
  description                  = "${each.key} from the load balancers."
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
  referenced_security_group_id = aws_security_group.gateway_balancer[0].id
}

resource "aws_vpc_security_group_egress_rule" "gateway_task_to_database" {
  count = local.gateway_count

  security_group_id            = aws_security_group.gateway_task[0].id
  description                  = "PostgreSQL."
  ip_protocol                  = "tcp"
  from_port                    = local.database.port
  to_port                      = local.database.port
  referenced_security_group_id = local.database_security_group_id
  cidr_ipv4                    = local.own_database ? null : var.database.existing.cidr
}

resource "aws_vpc_security_group_ingress_rule" "database_from_gateway_task" {
  count = local.own_database ? local.gateway_count : 0

  security_group_id            = aws_security_group.database[0].id
  description                  = "PostgreSQL from the invoke gateway's tasks."
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
  referenced_security_group_id = aws_security_group.gateway_task[0].id
}

resource "aws_vpc_security_group_egress_rule" "gateway_task_to_endpoints" {
  count = local.gateway_count

  security_group_id            = aws_security_group.gateway_task[0].id
  description                  = "Lambda, Secrets Manager, ECR and logs, through their endpoints."
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  referenced_security_group_id = local.vpc.endpoints ? aws_security_group.endpoints[0].id : var.network.existing.endpoints_security_group_id
}

resource "aws_vpc_security_group_ingress_rule" "endpoints_from_gateway_task" {
  count = local.vpc.endpoints ? local.gateway_count : 0

  security_group_id            = aws_security_group.endpoints[0].id
  description                  = "HTTPS from the invoke gateway's tasks."
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  referenced_security_group_id = aws_security_group.gateway_task[0].id
}

# The image's layers come from S3.
resource "aws_vpc_security_group_egress_rule" "gateway_task_to_gateways" {
  for_each = local.gateway_service == null ? {} : local.gateway_prefix_lists

  security_group_id = aws_security_group.gateway_task[0].id
  description       = "S3 or DynamoDB, through its gateway."
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  prefix_list_id    = each.value
}
