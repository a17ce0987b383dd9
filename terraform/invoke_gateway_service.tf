# The invoke gateway as a service, where one function is not enough: gRPC and REST from the same
# image, on Fargate, in private subnets of two zones. Off unless var.invoke_gateway.service is set.
# invoke_gateway_balancers.tf has the way to it, invoke_gateway_scaling.tf how many tasks there are.

locals {
  gateway_service = var.invoke_gateway.service
  gateway_count   = local.gateway_service == null ? 0 : 1
  gateway_ports   = { grpc = 50060, rest = 8080 }

  # A task ends what is under way before it goes: a request, and the audit's last batch.
  gateway_stop_seconds = try(min(120, ceil(local.gateway_service.request_timeout) + 20), 0)

  # A container of this image is a function by its entry point; this one makes it the service.
  gateway_container = local.gateway_service == null ? null : {
    name       = "gateway"
    image      = "${local.repository_urls["lambda-action"]}:${local.gateway_service.image_tag}"
    essential  = true
    entryPoint = ["/usr/local/bin/python3", "-m", "lambda_action.serve"]
    command    = []
    user       = "10001:10001"

    readonlyRootFilesystem = true
    stopTimeout            = local.gateway_stop_seconds
    portMappings           = [for name, port in local.gateway_ports : { name = name, containerPort = port, protocol = "tcp" }]
    linuxParameters        = { initProcessEnabled = true, capabilities = { drop = ["ALL"] } }
    ulimits                = [{ name = "nofile", softLimit = 65536, hardLimit = 65536 }]

    environment = [
      for name, value in merge(local.gateway_environment, {
        ENVIRONMENT     = var.environment
        LOG_LEVEL       = var.observability.log_level
        AWS_REGION      = var.region
        GRPC_PORT       = tostring(local.gateway_ports.grpc)
        REST_PORT       = tostring(local.gateway_ports.rest)
        PROCESSES       = tostring(local.gateway_service.processes)
        REQUEST_TIMEOUT = tostring(local.gateway_service.request_timeout)
      }) : { name = name, value = value }
    ]

    # That it lives; whether it takes requests, the load balancers ask.
    healthCheck = {
      command = [
        "CMD", "/usr/local/bin/python3", "-c",
        "import urllib.request as u; u.urlopen('http://127.0.0.1:${local.gateway_ports.rest}/live', timeout=3)",
      ]
      interval    = 15
      timeout     = 5
      retries     = 3
      startPeriod = 30
    }

    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.gateway[0].name
        awslogs-region        = var.region
        awslogs-stream-prefix = "task"
        # A log that cannot be delivered must not stop the service.
        mode            = "non-blocking"
        max-buffer-size = "16m"
      }
    }
  }
}

resource "aws_cloudwatch_log_group" "gateway" {
  count = local.gateway_count

  name              = "/aws/ecs/${local.prefix}-gateway"
  retention_in_days = var.observability.log_retention_days
  kms_key_id        = var.observability.log_kms_key_arn
}

resource "aws_ecs_cluster" "gateway" {
  count = local.gateway_count

  name = "${local.prefix}-gateway"

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_task_definition" "gateway" {
  count = local.gateway_count

  family                   = "${local.prefix}-gateway"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = local.gateway_service.cpu
  memory                   = local.gateway_service.memory
  execution_role_arn       = aws_iam_role.gateway_execution[0].arn
  task_role_arn            = aws_iam_role.gateway_task[0].arn
  container_definitions    = jsonencode([local.gateway_container])

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = upper(var.architecture)
  }
}

resource "aws_ecs_service" "gateway" {
  count = local.gateway_count

  name             = "gateway"
  cluster          = aws_ecs_cluster.gateway[0].id
  task_definition  = aws_ecs_task_definition.gateway[0].arn
  desired_count    = local.gateway_service.min_tasks
  launch_type      = "FARGATE"
  platform_version = "LATEST"

  # New tasks first, old ones after: there are never fewer than were asked for.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  health_check_grace_period_seconds  = 60
  enable_ecs_managed_tags            = true
  propagate_tags                     = "SERVICE"
  wait_for_steady_state              = true

  # Tasks that do not get well bring back the ones before.
  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  # So does an alarm that goes off meanwhile.
  alarms {
    enable      = true
    rollback    = true
    alarm_names = [aws_cloudwatch_metric_alarm.gateway_rest_errors[0].alarm_name]
  }

  network_configuration {
    subnets          = local.vpc.subnet_ids
    security_groups  = [aws_security_group.gateway_task[0].id]
    assign_public_ip = false
  }

  dynamic "load_balancer" {
    for_each = local.gateway_ports

    content {
      target_group_arn = aws_lb_target_group.gateway[load_balancer.key].arn
      container_name   = "gateway"
      container_port   = load_balancer.value
    }
  }

  lifecycle {
    # How many there are is decided by invoke_gateway_scaling.tf.
    ignore_changes = [desired_count]

    precondition {
      condition     = length(local.vpc.subnet_ids) >= 2
      error_message = "The invoke gateway's service needs subnets in two zones."
    }
  }

  # A target group that no listener leads to takes no service.
  depends_on = [aws_lb_listener.gateway, aws_iam_role_policy.gateway_task, aws_iam_role_policy.gateway_execution]
}
