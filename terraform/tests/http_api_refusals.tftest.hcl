# modules/http_api: what it refuses. Each run breaks one rule.

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
    "GET /things" = { function = "things", alias_arn = "arn:aws:lambda:us-east-1:123456789012:function:things:live", invoke_arn = "arn" }
  }
}

run "method_that_does_not_exist" {
  command = plan

  variables {
    routes = { "FETCH /things" = { function = "things", alias_arn = "arn:aws:lambda:us-east-1:123456789012:function:things:live", invoke_arn = "arn" } }
  }

  module {
    source = "./modules/http_api"
  }

  expect_failures = [var.routes]
}

run "path_without_a_slash" {
  command = plan

  variables {
    routes = { "GET things" = { function = "things", alias_arn = "arn:aws:lambda:us-east-1:123456789012:function:things:live", invoke_arn = "arn" } }
  }

  module {
    source = "./modules/http_api"
  }

  expect_failures = [var.routes]
}

run "no_routes" {
  command = plan

  variables {
    routes = {}
  }

  module {
    source = "./modules/http_api"
  }

  expect_failures = [var.routes]
}

run "everybody_may_write" {
  command = plan

  variables {
    routes = { "POST /things" = { function = "things", alias_arn = "arn:aws:lambda:us-east-1:123456789012:function:things:live", invoke_arn = "arn", public = true } }
  }

  module {
    source = "./modules/http_api"
  }

  expect_failures = [var.routes]
}

run "everybody_may_do_anything" {
  command = plan

  variables {
    routes = { "$default" = { function = "things", alias_arn = "arn:aws:lambda:us-east-1:123456789012:function:things:live", invoke_arn = "arn", public = true } }
  }

  module {
    source = "./modules/http_api"
  }

  expect_failures = [var.routes]
}

run "two_timeouts_of_one_function" {
  command = plan

  variables {
    routes = {
      "GET /things"  = { function = "things", alias_arn = "arn:aws:lambda:us-east-1:123456789012:function:things:live", invoke_arn = "arn", timeout = 5 }
      "POST /things" = { function = "things", alias_arn = "arn:aws:lambda:us-east-1:123456789012:function:things:live", invoke_arn = "arn", timeout = 6 }
    }
  }

  module {
    source = "./modules/http_api"
  }

  expect_failures = [var.routes]
}

run "probe_of_no_particular_thing" {
  command = plan

  variables {
    routes = { "GET /things/{id}" = { function = "things", alias_arn = "arn:aws:lambda:us-east-1:123456789012:function:things:live", invoke_arn = "arn", probe = {} } }
  }

  module {
    source = "./modules/http_api"
  }

  expect_failures = [var.routes]
}

run "probe_without_a_slash" {
  command = plan

  variables {
    routes = { "GET /things" = { function = "things", alias_arn = "arn:aws:lambda:us-east-1:123456789012:function:things:live", invoke_arn = "arn", probe = { path = "things" } } }
  }

  module {
    source = "./modules/http_api"
  }

  expect_failures = [var.routes]
}

run "route_to_latest" {
  command = plan

  variables {
    routes = { "GET /things" = { function = "things", alias_arn = "arn:aws:lambda:us-east-1:123456789012:function:things:$LATEST", invoke_arn = "arn" } }
  }

  module {
    source = "./modules/http_api"
  }

  expect_failures = [aws_apigatewayv2_integration.function["things"]]
}

run "no_authorization" {
  command = plan

  variables {
    authorization = "NONE"
  }

  module {
    source = "./modules/http_api"
  }

  expect_failures = [var.authorization]
}

run "tokens_of_nobody" {
  command = plan

  variables {
    authorization = "JWT"
  }

  module {
    source = "./modules/http_api"
  }

  expect_failures = [var.jwt]
}

run "tokens_that_are_not_asked_for" {
  command = plan

  variables {
    jwt = { issuer = "https://login.example.com/", audience = ["devices"] }
  }

  module {
    source = "./modules/http_api"
  }

  expect_failures = [var.jwt]
}

run "tokens_for_anybody" {
  command = plan

  variables {
    authorization = "JWT"
    jwt           = { issuer = "https://login.example.com/", audience = [] }
  }

  module {
    source = "./modules/http_api"
  }

  expect_failures = [var.jwt]
}

run "tokens_over_plain_http" {
  command = plan

  variables {
    authorization = "JWT"
    jwt           = { issuer = "http://login.example.com/", audience = ["devices"] }
  }

  module {
    source = "./modules/http_api"
  }

  expect_failures = [var.jwt]
}

run "every_web_page" {
  command = plan

  variables {
    cors = { allow_origins = ["*"] }
  }

  module {
    source = "./modules/http_api"
  }

  expect_failures = [var.cors]
}

run "web_page_with_a_path" {
  command = plan

  variables {
    cors = { allow_origins = ["https://console.example.com/"] }
  }

  module {
    source = "./modules/http_api"
  }

  expect_failures = [var.cors]
}

run "throttled_to_nothing" {
  command = plan

  variables {
    throttle = { rate = 0 }
  }

  module {
    source = "./modules/http_api"
  }

  expect_failures = [var.throttle]
}

run "half_a_request_at_once" {
  command = plan

  variables {
    throttle = { burst = 1.5 }
  }

  module {
    source = "./modules/http_api"
  }

  expect_failures = [var.throttle]
}

run "alarm_on_no_error" {
  command = plan

  variables {
    alarms = { error_percent = 0 }
  }

  module {
    source = "./modules/http_api"
  }

  expect_failures = [var.alarms]
}

run "name_with_capitals" {
  command = plan

  variables {
    name = "Devices"
  }

  module {
    source = "./modules/http_api"
  }

  expect_failures = [var.name]
}

run "no_description" {
  command = plan

  variables {
    description = ""
  }

  module {
    source = "./modules/http_api"
  }

  expect_failures = [var.description]
}
