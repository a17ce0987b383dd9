# The HTTP API of messaging: the messages' own API, and the page for people at its root. Every route
# ends at message-webapi.

locals {
  # Each is a route of its own, so that each has its figures, its documentation and its place in a
  # caller's policy. The probe is what `fleet validate` asks: it changes nothing.
  message_api_routes = {
    "GET /"              = { public = true, probe = {} }
    "GET /assets/{name}" = { public = true, probe = { path = "/assets/app.js" } }
    "GET /api/health"    = { public = true, probe = {} }

    "GET /api/messages"             = { probe = { path = "/api/messages?limit=1" } }
    "POST /api/messages"            = { probe = { body = "{}", expect_status = 400 } }
    "GET /api/messages/{id}"        = { probe = { path = "/api/messages/none", expect_status = 404 } }
    "POST /api/messages/{id}/retry" = { probe = { path = "/api/messages/none/retry", expect_status = 404 } }

    "GET /api/metrics"        = { probe = {} }
    "GET /api/metrics/hourly" = { probe = {} }

    "GET /api/schedules"                = { probe = {} }
    "POST /api/schedules"               = { probe = { body = "{}", expect_status = 400 } }
    "DELETE /api/schedules/{name}"      = { probe = { path = "/api/schedules/none", expect_status = 404 } }
    "POST /api/schedules/{name}/pause"  = { probe = { path = "/api/schedules/none/pause", expect_status = 404 } }
    "POST /api/schedules/{name}/resume" = { probe = { path = "/api/schedules/none/resume", expect_status = 404 } }
    "POST /api/schedules/{name}/run"    = { probe = { path = "/api/schedules/none/run", expect_status = 404 } }

    # Anything else is the function's own 404.
    "$default" = { probe = { path = "/none", expect_status = 404 } }
  }
}

module "message_webapi" {
  source = "./modules/function"

  platform       = local.messages_platform
  name           = "message-webapi"
  description    = "The messages' HTTP API, and the page for people."
  repository_url = local.repository_urls["message-webapi"]

  memory  = 256
  timeout = local.message_timeouts.webapi

  environment = merge(local.messages_environment, local.message_schedules_environment, {
    API_AUTHORIZATION = var.api.authorization
  })

  policy = merge(
    local.message_schedules_policy,
    {
      PublishMessages = local.messages_policy.PublishMessages
      ReadMessages = {
        actions   = ["dynamodb:GetItem", "dynamodb:Query"]
        resources = [aws_dynamodb_table.messages.arn, "${aws_dynamodb_table.messages.arn}/index/*"]
      }
      WriteMessages = {
        actions   = ["dynamodb:PutItem", "dynamodb:UpdateItem"]
        resources = [aws_dynamodb_table.messages.arn]
      }
      # Scheduler asks for this permission on all groups at once, whichever is listed. The emulator
      # asks on what it calls *.
      ListSchedules = {
        actions   = ["scheduler:ListSchedules"]
        resources = [local.emulated ? "**" : "arn:${local.partition}:scheduler:${var.region}:${local.account_id}:schedule/*/*"]
      }
    },
  )
}

module "messages_api" {
  source = "./modules/http_api"

  platform    = local.messages_platform
  name        = "messages"
  description = "Messaging: messages, schedules, and a page for people."

  authorization = var.api.authorization
  jwt           = var.api.jwt
  cors          = var.api.cors
  throttle      = var.api.throttle
  alarms        = var.api.alarms

  routes = {
    for key, route in local.message_api_routes : key => merge(route, {
      function   = "message-webapi"
      alias_arn  = module.message_webapi.alias_arn
      invoke_arn = module.message_webapi.alias_invoke_arn
      timeout    = local.message_timeouts.webapi
    })
  }
}
