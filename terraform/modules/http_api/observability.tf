# The API's access log and its alarms. What happens inside the functions has their own.

locals {
  # One line of JSON for each request. Nothing in it is as a client wrote it: path and query name
  # devices and objects, and a header may hold quotes. The route says what was asked.
  access_log = {
    requestId          = "$context.requestId"
    requestTime        = "$context.requestTime"
    ip                 = "$context.identity.sourceIp"
    caller             = var.authorization == "JWT" ? "$context.authorizer.claims.sub" : "$context.identity.userArn"
    method             = "$context.httpMethod"
    route              = "$context.routeKey"
    protocol           = "$context.protocol"
    status             = "$context.status"
    responseLength     = "$context.responseLength"
    responseLatency    = "$context.responseLatency"
    integrationLatency = "$context.integrationLatency"
    integrationStatus  = "$context.integrationStatus"
    integrationError   = "$context.integrationErrorMessage"
    authorizerError    = "$context.authorizer.error"
    error              = "$context.error.message"
  }

  alarm_actions    = [var.platform.alarm_topic_arn]
  alarm_dimensions = { ApiId = aws_apigatewayv2_api.this.id, Stage = local.stage_name }
}

resource "aws_cloudwatch_log_group" "access" {
  # AWS lists the groups of delivered logs in one policy of 5,120 characters, except under this
  # prefix, which it allows as a whole.
  name              = "/aws/vendedlogs/apigateway/${local.full_name}"
  retention_in_days = var.platform.log_retention_days
  kms_key_id        = var.platform.log_kms_key_arn
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name        = "${local.full_name}-5xx"
  alarm_description = "More than ${var.alarms.error_percent} % of the requests to ${local.full_name} failed in five minutes, and at least ${var.alarms.error_count}."

  comparison_operator = "GreaterThanThreshold"
  threshold           = var.alarms.error_percent
  evaluation_periods  = 1
  # No data is no request.
  treat_missing_data = "notBreaching"

  metric_query {
    id          = "percent"
    label       = "requests that failed, %"
    expression  = "IF(failed >= ${var.alarms.error_count}, 100 * failed / requests, 0)"
    return_data = true
  }

  metric_query {
    id = "failed"

    metric {
      namespace   = "AWS/ApiGateway"
      metric_name = "5xx"
      dimensions  = local.alarm_dimensions
      stat        = "Sum"
      period      = 300
    }
  }

  metric_query {
    id = "requests"

    metric {
      namespace   = "AWS/ApiGateway"
      metric_name = "Count"
      dimensions  = local.alarm_dimensions
      stat        = "Sum"
      period      = 300
    }
  }

  alarm_actions = local.alarm_actions
  ok_actions    = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "latency" {
  alarm_name        = "${local.full_name}-latency"
  alarm_description = "One request in a hundred to ${local.full_name} takes more than ${var.alarms.latency_p99_ms} ms."

  namespace          = "AWS/ApiGateway"
  metric_name        = "Latency"
  dimensions         = local.alarm_dimensions
  extended_statistic = "p99"
  period             = 300

  comparison_operator = "GreaterThanThreshold"
  threshold           = var.alarms.latency_p99_ms
  evaluation_periods  = 5
  datapoints_to_alarm = 3 # a cold start now and then is the p99 of a quiet API
  treat_missing_data  = "notBreaching"

  alarm_actions = local.alarm_actions
  ok_actions    = local.alarm_actions
}
