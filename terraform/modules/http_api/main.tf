# One HTTP API: routes that end at the alias `live` of functions, and who may call them.

locals {
  full_name  = "${var.platform.prefix}-${var.name}"
  stage_name = "$default"

  # API Gateway's own limit, which cannot be raised, and the time a cold function may take to
  # start before its timeout begins to count.
  longest_wait       = 30 # seconds
  longest_cold_start = 10 # seconds

  # One integration for each function, however many routes lead to it.
  integrations = { for key, route in var.routes : route.function => route... }

  paths = { for key in keys(var.routes) : key => try(regex("^[A-Z]+ (.+)$", key)[0], null) }
}

resource "aws_apigatewayv2_api" "this" {
  name          = local.full_name
  description   = var.description
  protocol_type = "HTTP"

  dynamic "cors_configuration" {
    for_each = var.cors == null ? [] : [var.cors]

    content {
      allow_origins = cors_configuration.value.allow_origins
      allow_methods = cors_configuration.value.allow_methods
      allow_headers = cors_configuration.value.allow_headers
      max_age       = cors_configuration.value.max_age
      # Callers send a signature or a token by hand, so that cookies are never needed.
      allow_credentials = false
    }
  }
}

resource "aws_apigatewayv2_authorizer" "jwt" {
  count = var.authorization == "JWT" ? 1 : 0

  api_id           = aws_apigatewayv2_api.this.id
  name             = "${local.full_name}-jwt"
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]

  jwt_configuration {
    issuer   = var.jwt.issuer
    audience = var.jwt.audience
  }
}

resource "aws_apigatewayv2_integration" "function" {
  for_each = local.integrations

  api_id             = aws_apigatewayv2_api.this.id
  description        = "The function ${each.key}, as it is released."
  integration_type   = "AWS_PROXY"
  integration_method = "POST" # how API Gateway calls Lambda, whatever the client's method
  integration_uri    = each.value[0].invoke_arn
  # One shape of event for all functions.
  payload_format_version = "2.0"
  # No client waits longer than the function can take. One that was just started gets the time
  # that Lambda gives it for that.
  timeout_milliseconds = 1000 * min(local.longest_wait, each.value[0].timeout + local.longest_cold_start)

  lifecycle {
    precondition {
      condition     = endswith(each.value[0].alias_arn, ":live")
      error_message = "The route must lead to the alias live of ${each.key}, never to $LATEST."
    }
  }
}

resource "aws_apigatewayv2_route" "this" {
  #checkov:skip=CKV_AWS_309:Every route but those marked public has an authorization, by API Gateway or by the function itself; variables.tf holds public ones to GET.
  for_each = var.routes

  api_id    = aws_apigatewayv2_api.this.id
  route_key = each.key
  target    = "integrations/${aws_apigatewayv2_integration.function[each.value.function].id}"

  authorization_type   = each.value.public || var.authorization == "FUNCTION" ? "NONE" : var.authorization
  authorizer_id        = each.value.public ? null : one(aws_apigatewayv2_authorizer.jwt[*].id)
  authorization_scopes = each.value.public ? null : try(var.jwt.scopes, null)

  # A route that is there before API Gateway may call its function answers 500.
  depends_on = [aws_lambda_permission.route]
}

resource "aws_lambda_permission" "route" {
  for_each = var.routes

  statement_id  = "${var.name}-${trim(replace(each.key, "/[^A-Za-z0-9]+/", "-"), "-")}"
  function_name = split(":", each.value.alias_arn)[6]
  qualifier     = split(":", each.value.alias_arn)[7]
  action        = "lambda:InvokeFunction"
  principal     = "apigateway.amazonaws.com"

  # This API and this route. API Gateway puts the name of a path parameter where a request has
  # its value, so a wildcard stands for both; the stage is the only one.
  source_arn = join("/", [
    aws_apigatewayv2_api.this.execution_arn,
    "*",
    each.key == "$default" ? "*" : "${replace(split(" ", each.key)[0], "ANY", "*")}${replace(local.paths[each.key], "/\\{[^}]+\\}/", "*")}",
  ])
}

# Changes are live with the apply that makes them: what each request gets is decided by the
# functions' alias, and that is moved by releases.
resource "aws_apigatewayv2_stage" "this" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = local.stage_name
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit    = var.throttle.rate
    throttling_burst_limit   = var.throttle.burst
    detailed_metrics_enabled = true # by route, so that one slow route can be told from the rest
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format          = jsonencode(local.access_log)
  }
}
