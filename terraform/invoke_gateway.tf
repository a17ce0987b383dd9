# The invoke gateway as a function: REST behind an HTTP API of its own. invoke_gateway_service.tf has
# the other form, gRPC and REST from one image on ECS, for when one function is not enough.

locals {
  # What both forms may invoke. A name is compared before it is sent, and this is the second lock.
  gateway_functions = [
    for name in concat(["${var.invoke_gateway.function_prefix}*"], var.invoke_gateway.functions_allowed) :
    "arn:${local.partition}:lambda:${var.region}:${local.account_id}:function:${name}"
  ]

  # A qualifier is part of the ARN that is asked for.
  gateway_invocable = flatten([for arn in local.gateway_functions : endswith(arn, "*") ? [arn] : [arn, "${arn}:*"]])

  gateway_environment = merge(local.gateway_database_environment, {
    MODULE_SECRET_KEY        = "secretsmanager:${aws_secretsmanager_secret.gateway_signing_key.arn}"
    LAMBDA_FUNCTION_PREFIX   = var.invoke_gateway.function_prefix
    LAMBDA_FUNCTIONS_ALLOWED = join(",", var.invoke_gateway.functions_allowed)
    JWT_EXPIRATION_SECONDS   = tostring(var.invoke_gateway.token_seconds)
    MAX_CONCURRENT_REQUESTS  = tostring(var.invoke_gateway.max_concurrent)
    MAX_BATCH                = tostring(var.invoke_gateway.max_batch)
    AUDIT                    = var.invoke_gateway.audit
    AUDIT_PAYLOADS           = tostring(var.invoke_gateway.audit_payloads)
  })

  gateway_policy = merge(local.gateway_database_policy, {
    InvokeFunctions = {
      actions   = ["lambda:InvokeFunction"]
      resources = local.gateway_invocable
    }
    DescribeFunctions = {
      actions   = ["lambda:GetFunctionConfiguration"]
      resources = local.gateway_functions
    }
    ReadSigningKey = {
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [aws_secretsmanager_secret.gateway_signing_key.arn]
    }
  })

  # Every route but health asks the function, which knows its own tokens: API Gateway's authorizer
  # knows none that are signed with a shared key. The probes have none, and are refused.
  gateway_routes = {
    "GET /health"                  = { public = true, probe = {} }
    "POST /api/v1/token"           = { probe = { body = "{}", expect_status = 400 } }
    "POST /api/v1/invoke"          = { probe = { body = "{}", expect_status = 401 } }
    "POST /api/v1/invoke-async"    = { probe = { body = "{}", expect_status = 401 } }
    "POST /api/v1/batch"           = { probe = { body = "{}", expect_status = 401 } }
    "GET /api/v1/functions"        = { probe = { expect_status = 401 } }
    "GET /api/v1/functions/{name}" = { probe = { path = "/api/v1/functions/none", expect_status = 401 } }
  }

  gateway_timeout = 30 # seconds: API Gateway waits no longer
}

module "lambda_action" {
  source = "./modules/function"

  platform       = local.platform
  name           = "lambda-action"
  description    = "Invokes functions for callers that speak REST, with tokens, limits and an audit."
  repository_url = local.repository_urls["lambda-action"]

  memory  = 1024
  timeout = local.gateway_timeout

  vpc_config = local.database_vpc_config

  environment = merge(local.gateway_environment, {
    # Time is left to store what came of it, and to say so.
    REQUEST_TIMEOUT = tostring(local.gateway_timeout - 8)
  })

  policy = local.gateway_policy
  # Lambda lists functions for who may list all; the gateway shows those that it may invoke.
  unscoped_actions = ["lambda:ListFunctions"]
}

module "gateway_api" {
  source = "./modules/http_api"

  platform    = local.platform
  name        = "gateway"
  description = "The invoke gateway: functions, invoked by name."

  authorization = "FUNCTION"
  cors          = var.api.cors
  throttle      = var.api.throttle
  alarms        = var.api.alarms

  routes = {
    for key, route in local.gateway_routes : key => merge(route, {
      function   = "lambda-action"
      alias_arn  = module.lambda_action.alias_arn
      invoke_arn = module.lambda_action.alias_invoke_arn
      timeout    = local.gateway_timeout
    })
  }
}

# What tokens are signed with: JSON, `current` and, while tokens of the key before are good,
# `previous`. Made empty, as a value in Terraform would be in its state:
#   fleet gateway key rotate --env <env>
resource "aws_secretsmanager_secret" "gateway_signing_key" {
  #checkov:skip=CKV_AWS_149:Encrypted with the account's own Secrets Manager key; who may read is decided by IAM.
  #checkov:skip=CKV2_AWS_57:`fleet gateway key rotate` changes it, with two keys good at once.
  name                    = "${local.prefix}-gateway-signing-key"
  description             = "What the invoke gateway's tokens are signed with."
  recovery_window_in_days = local.disposable ? 0 : 30
}
