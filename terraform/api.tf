# The HTTP API of the devices: which route leads to which function. modules/http_api has the rest:
# who may call, how fast, what is logged, when somebody is told.

locals {
  # By route key. The probe is what `fleet validate` asks: a request that changes nothing, and the
  # status it gets. No route but docs and health is public.
  api_routes = {
    "GET /downloads" = { function = "generate-presigned-url", probe = { expect_status = 400 } } # no key
    "GET /s3url"     = { function = "generate-presigned-url", probe = { expect_status = 400 } }

    "POST /uploads" = { function = "presigned-url-s3-upload", probe = { body = "{}", expect_status = 400 } }

    "GET /clock"  = { function = "sync-clock", probe = {} }
    "POST /clock" = { function = "sync-clock", probe = { body = "{}", expect_status = 400 } }

    "GET /software-updates/{device_id}" = { function = "software-event-update-handler", probe = { path = "/software-updates/none", expect_status = 404 } }
    "POST /software-updates"            = { function = "software-event-update-handler", probe = { body = "{}", expect_status = 400 } }
    "POST /swups"                       = { function = "software-event-update-handler", probe = { body = "{}", expect_status = 400 } }

    "GET /docs"          = { function = "api-docs-generator", public = true, probe = {} }
    "GET /docs/{asset+}" = { function = "api-docs-generator", public = true, probe = { path = "/docs/none", expect_status = 404 } }
    "GET /openapi.json"  = { function = "api-docs-generator", public = true, probe = {} }

    "POST /load"           = { function = "insert-ppu-data", probe = { body = "{}", expect_status = 400 } }
    "POST /ppu/treatments" = { function = "insert-ppu-data", probe = { body = "{}", expect_status = 400 } }

    # A tool list asks nothing of the lake. There are no streams and no sessions: the function
    # answers 405, as the protocol has it.
    "POST /mcp" = {
      function = "mcp-server"
      probe    = { body = jsonencode({ jsonrpc = "2.0", id = 1, method = "tools/list" }) }
    }
    "GET /mcp"    = { function = "mcp-server", probe = { expect_status = 405 } }
    "DELETE /mcp" = { function = "mcp-server", probe = { expect_status = 405 } }
  }

  # For the documentation, which must not wait for the routes: one of them leads to it.
  api_ids = [module.api.id, module.messages_api.id, module.gateway_api.id]
}

module "api" {
  source = "./modules/http_api"

  platform    = local.platform
  name        = "devices"
  description = "The device platform: downloads, uploads, treatments, software updates, clock."

  authorization = var.api.authorization
  jwt           = var.api.jwt
  cors          = var.api.cors
  throttle      = var.api.throttle
  alarms        = var.api.alarms

  routes = {
    for key, route in local.api_routes : key => merge(route, {
      alias_arn  = local.modules[route.function].alias_arn
      invoke_arn = local.modules[route.function].alias_invoke_arn
      timeout    = local.modules[route.function].summary.timeout
    })
  }
}
