# The devices' API as the root module makes it: who may call which route.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  environment = "prod"
  image_tag   = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  digest = {
    supabase_url     = "https://project.supabase.co"
    backend_endpoint = "https://digests.example.com/api/v1/digest"
  }
}

run "signed_by_default" {
  assert {
    condition     = output.api.authorization == "AWS_IAM" && output.api.endpoint == "https://abc123defg.execute-api.us-east-1.amazonaws.com" && output.api.access_log == "/aws/vendedlogs/apigateway/lambda-fleet-prod-devices"
    error_message = "The API takes signed requests, and operators are told where it is."
  }

  assert {
    condition     = toset([for key, route in local.api_routes : key if try(route.public, false)]) == toset(["GET /docs", "GET /docs/{asset+}", "GET /openapi.json"])
    error_message = "No route but docs and health is open to everybody."
  }

  assert {
    condition     = alltrue(flatten([for routes in values(module.api.routes) : [for route in routes : route.authorization == (try(local.api_routes["${route.method} ${route.path}"].public, false) ? "NONE" : "AWS_IAM")]]))
    error_message = "`fleet validate` knows which routes refuse strangers."
  }

  assert {
    condition     = toset(flatten([for routes in values(module.api.routes) : [for route in routes : "${route.method} ${route.path}"]])) == toset(keys(local.api_routes))
    error_message = "Every route has a harmless request that shows that it works."
  }
}

run "tokens_of_an_issuer" {
  variables {
    api = {
      authorization = "JWT"
      jwt           = { issuer = "https://login.example.com/", audience = ["devices"] }
      cors          = { allow_origins = ["https://console.example.com"] }
      throttle      = { rate = 200 }
    }
  }

  assert {
    condition     = output.api.authorization == "JWT" && alltrue(flatten([for routes in values(module.api.routes) : [for route in routes : contains(["NONE", "JWT"], route.authorization)]]))
    error_message = "By variable the API takes tokens, and nothing takes signatures then."
  }

  assert {
    condition     = jsonencode(output.api.settings) == jsonencode({ cors = ["https://console.example.com"], rate = 200, burst = 100 })
    error_message = "Web pages and throttling by variable, and what is not said stays as it is."
  }
}
