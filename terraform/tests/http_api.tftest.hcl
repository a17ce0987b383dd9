# modules/http_api: one HTTP API, who may call it, and what is seen of it.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  platform = {
    prefix          = "lambda-fleet-dev"
    environment     = "dev"
    alarm_topic_arn = "arn:aws:sns:us-east-1:123456789012:alarms"
  }
  name        = "devices"
  description = "An API under test."
  routes = {
    "GET /docs" = {
      function   = "docs"
      alias_arn  = "arn:aws:lambda:us-east-1:123456789012:function:lambda-fleet-dev-docs:live"
      invoke_arn = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/docs:live/invocations"
      public     = true
      probe      = {}
    }
    "GET /things/{id}" = {
      function   = "things"
      alias_arn  = "arn:aws:lambda:us-east-1:123456789012:function:lambda-fleet-dev-things:live"
      invoke_arn = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/things:live/invocations"
      timeout    = 6
      probe      = { path = "/things/none", expect_status = 404 }
    }
    "POST /things" = {
      function   = "things"
      alias_arn  = "arn:aws:lambda:us-east-1:123456789012:function:lambda-fleet-dev-things:live"
      invoke_arn = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/things:live/invocations"
      timeout    = 6
      probe      = { body = "{}", expect_status = 400 }
    }
    "ANY /others" = {
      function   = "others"
      alias_arn  = "arn:aws:lambda:us-east-1:123456789012:function:lambda-fleet-dev-others:live"
      invoke_arn = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/others:live/invocations"
      timeout    = 300
    }
    "$default" = {
      function   = "others"
      alias_arn  = "arn:aws:lambda:us-east-1:123456789012:function:lambda-fleet-dev-others:live"
      invoke_arn = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/others:live/invocations"
      timeout    = 300
    }
  }
}

run "by_itself" {
  module {
    source = "./modules/http_api"
  }

  assert {
    condition = { for key, route in aws_apigatewayv2_route.this : key => route.authorization_type } == {
      "$default"         = "AWS_IAM"
      "ANY /others"      = "AWS_IAM"
      "GET /docs"        = "NONE"
      "GET /things/{id}" = "AWS_IAM"
      "POST /things"     = "AWS_IAM"
    }
    error_message = "Every route wants a signature, but those marked public."
  }

  assert {
    condition     = length(aws_apigatewayv2_authorizer.jwt) == 0 && length(aws_apigatewayv2_api.this.cors_configuration) == 0
    error_message = "Unless asked for: no tokens, and no web pages."
  }

  assert {
    condition     = { for name, integration in aws_apigatewayv2_integration.function : name => integration.timeout_milliseconds } == { docs = 30000, others = 30000, things = 16000 }
    error_message = "Nobody waits longer than a function takes to start and to run, nor than API Gateway allows."
  }

  assert {
    condition     = alltrue([for integration in aws_apigatewayv2_integration.function : integration.payload_format_version == "2.0" && integration.integration_type == "AWS_PROXY" && strcontains(integration.integration_uri, ":live/")])
    error_message = "Functions get payload 2.0, through their alias."
  }

  assert {
    condition = { for key, permission in aws_lambda_permission.route : key => [permission.statement_id, permission.function_name, permission.qualifier, trimprefix(permission.source_arn, "arn:aws:execute-api:us-east-1:123456789012:abc123defg/")] } == {
      "$default"         = ["devices-default", "lambda-fleet-dev-others", "live", "*/*"]
      "ANY /others"      = ["devices-ANY-others", "lambda-fleet-dev-others", "live", "*/*/others"]
      "GET /docs"        = ["devices-GET-docs", "lambda-fleet-dev-docs", "live", "*/GET/docs"]
      "GET /things/{id}" = ["devices-GET-things-id", "lambda-fleet-dev-things", "live", "*/GET/things/*"]
      "POST /things"     = ["devices-POST-things", "lambda-fleet-dev-things", "live", "*/POST/things"]
    }
    error_message = "API Gateway may call the alias, for this API and this route."
  }

  assert {
    condition     = alltrue([for permission in aws_lambda_permission.route : permission.principal == "apigateway.amazonaws.com" && permission.action == "lambda:InvokeFunction"])
    error_message = "It may call, and nothing else."
  }

  assert {
    condition     = aws_apigatewayv2_stage.this.name == "$default" && aws_apigatewayv2_stage.this.auto_deploy && aws_apigatewayv2_stage.this.default_route_settings[0].throttling_rate_limit == 50 && aws_apigatewayv2_stage.this.default_route_settings[0].throttling_burst_limit == 100
    error_message = "One stage, throttled."
  }

  assert {
    condition = (
      aws_apigatewayv2_stage.this.access_log_settings[0].destination_arn == aws_cloudwatch_log_group.access.arn
      && aws_cloudwatch_log_group.access.name == "/aws/vendedlogs/apigateway/lambda-fleet-dev-devices"
      && aws_cloudwatch_log_group.access.retention_in_days == 30
    )
    error_message = "Each request is logged, for a limited time."
  }

  assert {
    condition     = jsondecode(aws_apigatewayv2_stage.this.access_log_settings[0].format).requestId == "$context.requestId" && jsondecode(aws_apigatewayv2_stage.this.access_log_settings[0].format).caller == "$context.identity.userArn"
    error_message = "In JSON, and it says who called."
  }

  assert {
    condition     = length([for value in values(jsondecode(aws_apigatewayv2_stage.this.access_log_settings[0].format)) : value if can(regex("path|query|userAgent|body|authorization$", value))]) == 0
    error_message = "Nothing that a client wrote itself is logged: paths and queries name devices, and a header may break the line."
  }

  assert {
    condition     = alltrue([for alarm in [aws_cloudwatch_metric_alarm.errors, aws_cloudwatch_metric_alarm.latency] : alarm.treat_missing_data == "notBreaching" && tolist(alarm.alarm_actions) == tolist(["arn:aws:sns:us-east-1:123456789012:alarms"])])
    error_message = "The alarms' topic hears of both alarms; no request is no alarm."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.latency.dimensions == tomap({ ApiId = "abc123defg", Stage = "$default" }) && aws_cloudwatch_metric_alarm.latency.extended_statistic == "p99" && aws_cloudwatch_metric_alarm.latency.threshold == 5000
    error_message = "The slowest hundredth of the API's requests is watched."
  }

  assert {
    condition = (
      { for query in aws_cloudwatch_metric_alarm.errors.metric_query : query.id => try(query.metric[0].metric_name, query.expression) } == {
        failed   = "5xx"
        percent  = "IF(failed >= 2, 100 * failed / requests, 0)"
        requests = "Count"
      }
      && aws_cloudwatch_metric_alarm.errors.threshold == 5
    )
    error_message = "The share of failed requests is watched, when there are enough."
  }

  assert {
    condition = jsonencode(output.routes) == jsonencode({
      docs   = [{ method = "GET", path = "/docs", url = "https://abc123defg.execute-api.us-east-1.amazonaws.com/docs", body = null, expect_status = 200, authorization = "NONE" }]
      others = []
      things = [
        { method = "GET", path = "/things/{id}", url = "https://abc123defg.execute-api.us-east-1.amazonaws.com/things/none", body = null, expect_status = 404, authorization = "AWS_IAM" },
        { method = "POST", path = "/things", url = "https://abc123defg.execute-api.us-east-1.amazonaws.com/things", body = "{}", expect_status = 400, authorization = "AWS_IAM" },
      ]
    })
    error_message = "`fleet validate` is told what to ask for."
  }
}

run "tokens" {
  variables {
    authorization = "JWT"
    jwt           = { issuer = "https://login.example.com/", audience = ["devices"], scopes = ["devices/write"] }
  }

  module {
    source = "./modules/http_api"
  }

  assert {
    condition     = aws_apigatewayv2_authorizer.jwt[0].jwt_configuration[0].issuer == "https://login.example.com/" && aws_apigatewayv2_authorizer.jwt[0].jwt_configuration[0].audience == toset(["devices"]) && aws_apigatewayv2_authorizer.jwt[0].identity_sources == toset(["$request.header.Authorization"])
    error_message = "Tokens of that issuer, for this audience, in the usual header."
  }

  assert {
    condition = alltrue([
      for key, route in aws_apigatewayv2_route.this : key == "GET /docs"
      ? route.authorization_type == "NONE" && route.authorizer_id == null && route.authorization_scopes == null
      : route.authorization_type == "JWT" && route.authorizer_id == aws_apigatewayv2_authorizer.jwt[0].id && route.authorization_scopes == toset(["devices/write"])
    ])
    error_message = "Every route but those marked public takes a token."
  }

  assert {
    condition     = jsondecode(aws_apigatewayv2_stage.this.access_log_settings[0].format).caller == "$context.authorizer.claims.sub"
    error_message = "The log says whose token it was."
  }
}

run "web_pages" {
  variables {
    cors     = { allow_origins = ["https://console.example.com"] }
    throttle = { rate = 5, burst = 10 }
    alarms   = { error_percent = 1, error_count = 10, latency_p99_ms = 800 }
  }

  module {
    source = "./modules/http_api"
  }

  assert {
    condition     = aws_apigatewayv2_api.this.cors_configuration[0].allow_origins == toset(["https://console.example.com"]) && aws_apigatewayv2_api.this.cors_configuration[0].allow_methods == toset(["GET", "POST"]) && contains(aws_apigatewayv2_api.this.cors_configuration[0].allow_headers, "authorization") && !aws_apigatewayv2_api.this.cors_configuration[0].allow_credentials
    error_message = "The named pages may call, with a signature and without cookies."
  }

  assert {
    condition     = aws_apigatewayv2_stage.this.default_route_settings[0].throttling_rate_limit == 5 && aws_apigatewayv2_stage.this.default_route_settings[0].throttling_burst_limit == 10
    error_message = "Throttled as asked."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.errors.threshold == 1 && aws_cloudwatch_metric_alarm.latency.threshold == 800
    error_message = "Alarms as asked."
  }
}
