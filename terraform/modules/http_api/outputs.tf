output "id" {
  description = "Id of the API."
  value       = aws_apigatewayv2_api.this.id
}

output "endpoint" {
  description = "Base URL, without a slash at its end: the API has one stage, and that is not in the path."
  value       = aws_apigatewayv2_api.this.api_endpoint
}

output "execution_arn" {
  description = "Beginning of the ARNs that execute-api:Invoke is allowed on: <this>/<stage>/<METHOD>/<path>."
  value       = aws_apigatewayv2_api.this.execution_arn
}

output "settings" {
  description = "From which web pages the API may be called, how many requests a second it takes, and how many at once."
  value = {
    cors  = try(tolist(one(aws_apigatewayv2_api.this.cors_configuration).allow_origins), [])
    rate  = one(aws_apigatewayv2_stage.this.default_route_settings).throttling_rate_limit
    burst = one(aws_apigatewayv2_stage.this.default_route_settings).throttling_burst_limit
  }
}

output "access_log" {
  description = "Log group of the access log."
  value       = aws_cloudwatch_log_group.access.name
}

output "alarm_arns" {
  description = "ARNs of the API's alarms, by what they watch."
  value = {
    errors  = aws_cloudwatch_metric_alarm.errors.arn
    latency = aws_cloudwatch_metric_alarm.latency.arn
  }
}

output "alarm_dimensions" {
  description = "Dimensions under which the API's metrics are found."
  value       = local.alarm_dimensions
}

output "routes" {
  description = "Requests for `fleet validate`, by the function's folder: a harmless one for each route that has a probe."
  value = {
    for function in keys(local.integrations) : function => [
      for key, route in var.routes : {
        method        = key == "$default" || startswith(key, "ANY ") ? "GET" : split(" ", key)[0]
        path          = coalesce(local.paths[key], "/")
        url           = "${aws_apigatewayv2_api.this.api_endpoint}${coalesce(route.probe.path, local.paths[key])}"
        body          = route.probe.body
        expect_status = route.probe.expect_status
        authorization = route.public || var.authorization == "FUNCTION" ? "NONE" : var.authorization
      } if route.function == function && route.probe != null
    ]
  }
}
