# How many tasks the service has, and what is watched while they run.

resource "aws_appautoscaling_target" "gateway" {
  count = local.gateway_count

  service_namespace  = "ecs"
  resource_id        = "service/${aws_ecs_cluster.gateway[0].name}/${aws_ecs_service.gateway[0].name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = local.gateway_service.min_tasks
  max_capacity       = local.gateway_service.max_tasks
}

# By requests under way: a gateway waits for others most of the time, so that its CPU says little.
# Each process reports its own, and tells nobody apart; so the target is a process's share.
resource "aws_appautoscaling_policy" "gateway" {
  count = local.gateway_count

  name               = "${local.prefix}-gateway-concurrency"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.gateway[0].service_namespace
  resource_id        = aws_appautoscaling_target.gateway[0].resource_id
  scalable_dimension = aws_appautoscaling_target.gateway[0].scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = local.gateway_service.concurrency_per_task / local.gateway_service.processes
    scale_out_cooldown = 30
    scale_in_cooldown  = 300

    customized_metric_specification {
      namespace   = "LambdaFleet"
      metric_name = "UnderWay"
      statistic   = "Average"

      dimensions {
        name  = "service"
        value = "lambda-action"
      }

      dimensions {
        name  = "environment"
        value = var.environment
      }
    }
  }

  lifecycle {
    precondition {
      condition     = local.gateway_service.concurrency_per_task <= local.gateway_service.processes * var.invoke_gateway.max_concurrent
      error_message = "invoke_gateway.service.concurrency_per_task is above what its processes admit (processes × max_concurrent): requests would be refused before tasks are added."
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "gateway_rest_errors" {
  count = local.gateway_count

  alarm_name        = "${local.prefix}-gateway-rest-errors"
  alarm_description = "The invoke gateway's tasks answered 5xx ten times or more in a minute."

  namespace   = "AWS/ApplicationELB"
  metric_name = "HTTPCode_Target_5XX_Count"
  dimensions  = { LoadBalancer = aws_lb.gateway["rest"].arn_suffix }
  statistic   = "Sum"
  period      = 60

  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 10
  evaluation_periods  = 2
  treat_missing_data  = "notBreaching" # none is reported when there is none

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
}

# By target group: fewer tasks are ready than are always to be there.
resource "aws_cloudwatch_metric_alarm" "gateway_ready" {
  for_each = local.gateway_balancers

  alarm_name        = "${local.prefix}-gateway-${each.key}-ready"
  alarm_description = "Fewer than ${local.gateway_service.min_tasks} tasks of the invoke gateway are ready for ${each.key}."

  namespace   = each.key == "grpc" ? "AWS/NetworkELB" : "AWS/ApplicationELB"
  metric_name = "HealthyHostCount"
  dimensions = {
    LoadBalancer = aws_lb.gateway[each.key].arn_suffix
    TargetGroup  = aws_lb_target_group.gateway[each.key].arn_suffix
  }
  statistic = "Minimum"
  period    = 60

  comparison_operator = "LessThanThreshold"
  threshold           = local.gateway_service.min_tasks
  evaluation_periods  = 5
  treat_missing_data  = "breaching" # a load balancer without targets says nothing

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "gateway_usage" {
  for_each = local.gateway_service == null ? {} : {
    cpu    = { metric = "CPUUtilization", threshold = 85 }
    memory = { metric = "MemoryUtilization", threshold = 85 }
  }

  alarm_name        = "${local.prefix}-gateway-${each.key}"
  alarm_description = "The invoke gateway's tasks use more than ${each.value.threshold} % of their ${each.key}."

  namespace   = "AWS/ECS"
  metric_name = each.value.metric
  dimensions  = { ClusterName = aws_ecs_cluster.gateway[0].name, ServiceName = aws_ecs_service.gateway[0].name }
  statistic   = "Average"
  period      = 60

  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  evaluation_periods  = 5
  treat_missing_data  = "breaching"

  alarm_actions = [aws_sns_topic.alarms.arn]
  ok_actions    = [aws_sns_topic.alarms.arn]
}
