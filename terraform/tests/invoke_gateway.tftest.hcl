# invoke_gateway*.tf: what either form may do, how one gets to it, how it is deployed and watched.

mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target = aws_secretsmanager_secret.gateway_signing_key
  values = { arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:signing-key" }
}

variables {
  environment = "staging"
  image_tag   = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  digest = {
    supabase_url     = "https://project.supabase.co"
    backend_endpoint = "https://digests.example.com/api/v1/digest"
  }
  invoke_gateway = { functions_allowed = ["billing"] }
}

# Each run takes as long as a plan of everything: so there are few, and they look at much.
run "function" {
  assert {
    condition = { for statement in jsondecode(module.lambda_action.policy).Statement : statement.Sid => [statement.Action, statement.Resource] if !contains(["LogInToDatabase", "ManageNetworkInterfaces"], statement.Sid) } == {
      DescribeFunctions = [["lambda:GetFunctionConfiguration"], [
        "arn:aws:lambda:us-east-1:123456789012:function:waddlebot-*", "arn:aws:lambda:us-east-1:123456789012:function:billing",
      ]]
      InvokeFunctions = [["lambda:InvokeFunction"], [
        "arn:aws:lambda:us-east-1:123456789012:function:waddlebot-*", "arn:aws:lambda:us-east-1:123456789012:function:billing", "arn:aws:lambda:us-east-1:123456789012:function:billing:*",
      ]]
      ReadSigningKey  = [["secretsmanager:GetSecretValue"], ["arn:aws:secretsmanager:us-east-1:123456789012:secret:signing-key"]]
      WithoutResource = [["lambda:ListFunctions"], ["*"]]
      WriteOwnLog     = [["logs:CreateLogStream", "logs:PutLogEvents"], ["arn:aws:logs:us-east-1:123456789012:log-group:mocked:*"]]
    }
    error_message = "It may invoke what is under the prefix or listed, read its key, and nothing else."
  }

  assert {
    condition     = [for statement in jsondecode(module.lambda_action.policy).Statement : one(statement.Resource) if statement.Sid == "LogInToDatabase"] == ["arn:aws:rds-db:us-east-1:123456789012:dbuser:db-MOCKED/fleet_gateway"] && module.lambda_action.environment.DB_USER == "fleet_gateway"
    error_message = "It logs in to the database as itself, and as nobody else."
  }

  assert {
    condition = { for name in ["MODULE_SECRET_KEY", "LAMBDA_FUNCTION_PREFIX", "LAMBDA_FUNCTIONS_ALLOWED", "AUDIT", "JWT_EXPIRATION_SECONDS", "REQUEST_TIMEOUT"] : name => module.lambda_action.environment[name] } == {
      MODULE_SECRET_KEY        = "secretsmanager:arn:aws:secretsmanager:us-east-1:123456789012:secret:signing-key"
      LAMBDA_FUNCTION_PREFIX   = "waddlebot-"
      LAMBDA_FUNCTIONS_ALLOWED = "billing"
      AUDIT                    = "required"
      JWT_EXPIRATION_SECONDS   = "3600"
      REQUEST_TIMEOUT          = "22"
    }
    error_message = "It is told where its key is, and not the key; and gives up before Lambda gives it up."
  }

  assert {
    condition     = toset(keys(local.gateway_routes)) == toset(["GET /health", "POST /api/v1/token", "POST /api/v1/invoke", "POST /api/v1/invoke-async", "POST /api/v1/batch", "GET /api/v1/functions", "GET /api/v1/functions/{name}"]) && alltrue([for route in output.routes["lambda-action"] : route.authorization == "NONE" && route.expect_status == (route.path == "/health" ? 200 : endswith(route.path, "/token") ? 400 : 401)])
    error_message = "Every route is there, and `fleet validate` sees that strangers are refused."
  }

  assert {
    condition     = aws_scheduler_schedule.gateway_partitions.state == "ENABLED" && jsondecode(aws_scheduler_schedule.gateway_partitions.target[0].input).action == "partitions" && endswith(aws_scheduler_schedule.gateway_partitions.target[0].arn, ":live") && module.db_migrate.environment.AUDIT_KEEP_MONTHS == "13"
    error_message = "The months of the audit are made and dropped by what is released."
  }

  assert {
    condition     = toset(keys(aws_cloudwatch_log_metric_filter.gateway_audit_lost)) == toset(["function"]) && alltrue([for alarm in aws_cloudwatch_metric_alarm.gateway_audit : alarm.threshold == 0 && tolist(alarm.alarm_actions) == tolist([aws_sns_topic.alarms.arn])]) && aws_cloudwatch_metric_alarm.gateway_partitions_silent.treat_missing_data == "breaching"
    error_message = "A row that is lost is an alarm, and so are nights without the job."
  }

  assert {
    condition     = length(aws_ecs_service.gateway) + length(aws_lb.gateway) + length(aws_appautoscaling_target.gateway) + length(aws_iam_role.gateway_task) == 0 && toset(keys(local.interface_services)) == toset(["lambda", "secretsmanager"]) && output.invoke_gateway.service == null
    error_message = "The service is off."
  }
}

run "service" {
  variables {
    invoke_gateway = {
      service = {
        image_tag       = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
        certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/1"
        client_cidrs    = ["10.0.0.0/8"]
      }
    }
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.gateway_task[0].policy).Statement : statement.Sid => statement.Resource if statement.Sid != "LogInToDatabase" } == {
      DescribeFunctions = ["arn:aws:lambda:us-east-1:123456789012:function:waddlebot-*"]
      InvokeFunctions   = ["arn:aws:lambda:us-east-1:123456789012:function:waddlebot-*"]
      ListFunctions     = ["*"]
      ReadSigningKey    = ["arn:aws:secretsmanager:us-east-1:123456789012:secret:signing-key"]
    }
    error_message = "A task may invoke what is under the prefix, and nothing else."
  }

  assert {
    condition     = toset(flatten([for statement in jsondecode(aws_iam_role_policy.gateway_execution[0].policy).Statement : statement.Action if contains(statement.Resource, "*")])) == toset(["ecr:GetAuthorizationToken"])
    error_message = "What starts tasks may pull one image and write one log."
  }

  assert {
    condition     = aws_ecs_service.gateway[0].deployment_circuit_breaker[0].enable && aws_ecs_service.gateway[0].deployment_circuit_breaker[0].rollback && aws_ecs_service.gateway[0].alarms[0].rollback && aws_ecs_service.gateway[0].deployment_minimum_healthy_percent == 100
    error_message = "A deployment that does not get well goes back, and takes no task away before."
  }

  assert {
    condition     = length(aws_ecs_service.gateway[0].network_configuration[0].subnets) == 2 && !aws_ecs_service.gateway[0].network_configuration[0].assign_public_ip && aws_ecs_service.gateway[0].desired_count == 2 && length(distinct(aws_subnet.private[*].availability_zone)) == 2
    error_message = "Tasks are in private subnets of two zones, one in each at least."
  }

  assert {
    condition     = [for container in jsondecode(aws_ecs_task_definition.gateway[0].container_definitions) : [container.entryPoint, container.user, container.readonlyRootFilesystem, endswith(container.image, ":bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"), container.stopTimeout]] == [[["/usr/local/bin/python3", "-m", "lambda_action.serve"], "10001:10001", true, true, 50]] && one(aws_ecs_task_definition.gateway[0].runtime_platform).cpu_architecture == "ARM64"
    error_message = "The image serves by its entry point, read-only, without privileges, and has time to drain."
  }

  assert {
    condition     = length(regexall("arn:aws:secretsmanager", aws_ecs_task_definition.gateway[0].container_definitions)) == 1 && length(regexall("(?i)password", aws_ecs_task_definition.gateway[0].container_definitions)) == 0
    error_message = "The definition names where the key is; no secret is in it."
  }

  assert {
    condition = { for name, listener in aws_lb_listener.gateway : name => "${listener.port} ${listener.protocol} ${listener.ssl_policy} ${coalesce(listener.alpn_policy, "-")}" } == {
      grpc = "443 TLS ELBSecurityPolicy-TLS13-1-2-2021-06 HTTP2Only"
      rest = "443 HTTPS ELBSecurityPolicy-TLS13-1-2-2021-06 -"
    }
    error_message = "Both speak TLS; gRPC by HTTP/2."
  }

  assert {
    condition     = alltrue([for balancer in aws_lb.gateway : balancer.internal && balancer.enable_cross_zone_load_balancing && length(balancer.subnets) == 2 && length(balancer.name) <= 32]) && alltrue([for group in aws_lb_target_group.gateway : one(group.health_check).path == "/ready" && one(group.health_check).port == "8080"])
    error_message = "The load balancers are private, in two zones, and ask for readiness."
  }

  assert {
    condition     = [for rule in aws_vpc_security_group_ingress_rule.gateway_clients : [rule.cidr_ipv4, rule.from_port]] == [["10.0.0.0/8", 443]] && alltrue([for rule in aws_vpc_security_group_ingress_rule.gateway_task_from_balancer : rule.cidr_ipv4 == null])
    error_message = "Clients reach the load balancers, and nobody but these reaches the tasks."
  }

  assert {
    condition     = aws_appautoscaling_target.gateway[0].min_capacity == 2 && aws_appautoscaling_target.gateway[0].max_capacity == 10 && one(aws_appautoscaling_policy.gateway[0].target_tracking_scaling_policy_configuration).target_value == 30 && one(one(aws_appautoscaling_policy.gateway[0].target_tracking_scaling_policy_configuration).customized_metric_specification).metric_name == "UnderWay"
    error_message = "There are as many tasks as requests under way want."
  }

  assert {
    condition     = toset(keys(local.interface_services)) == toset(["ecr.api", "ecr.dkr", "lambda", "logs", "secretsmanager"]) && strcontains(local.endpoint_policies["s3"], "starport-layer-bucket") && strcontains(local.endpoint_policies["lambda"], "function:waddlebot-*")
    error_message = "Tasks have a way to their image, their log and Lambda, without the internet."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.gateway_ready : alarm.threshold == 2 && alarm.treat_missing_data == "breaching"]) && toset(keys(aws_cloudwatch_log_metric_filter.gateway_audit_lost)) == toset(["function", "service"]) && length(setsubtract([for alarm in values(aws_cloudwatch_metric_alarm.gateway_usage) : alarm.arn], local.dashboard_alarms)) == 0
    error_message = "Too few tasks, full ones and lost rows are alarms."
  }
}

run "a_service_that_refuses_before_it_grows" {
  command = plan

  variables {
    invoke_gateway = {
      max_concurrent = 20
      service = {
        image_tag       = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
        certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/1"
        client_cidrs    = ["10.0.0.0/8"]
      }
    }
  }

  expect_failures = [aws_appautoscaling_policy.gateway]
}

run "what_makes_no_sense" {
  command = plan

  variables {
    invoke_gateway = {
      function_prefix   = ""
      functions_allowed = ["arn:aws:lambda:us-east-1:123456789012:function:other"]
      service           = { image_tag = "latest", certificate_arn = "none", client_cidrs = [], min_tasks = 1, internet_facing = true }
    }
  }

  expect_failures = [var.invoke_gateway]
}
