# The HTTP API of the devices: which route leads to which function. modules/http_api has the rest:
# who may call, how fast, what is logged, when somebody is told.

locals {
  # By route key. The probe is what `fleet validate` asks: a request that changes nothing, and the
  # status it gets. No route but docs and health is public.
  api_routes = {
    "GET /downloads" = { function = "generate-presigned-url", probe = { expect_status = 400 } } # no key
    "GET /s3url"     = { function = "generate-presigned-url", probe = { expect_status = 400 } }
  }
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
