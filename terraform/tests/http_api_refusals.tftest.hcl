# modules/http_api: what it refuses. Each variable of a run breaks a rule of its own.

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

run "refusals_1" {
  command = plan

  module {
    source = "./modules/http_api"
  }

  variables {
    # Method that does not exist.
    routes = { "FETCH /things" = { function = "things", alias_arn = "arn:aws:lambda:us-east-1:123456789012:function:things:live", invoke_arn = "arn" } }

    # No authorization.
    authorization = "NONE"

    # Every web page.
    cors = { allow_origins = ["*"] }

    # Throttled to nothing.
    throttle = { rate = 0 }

    # Alarm on no error.
    alarms = { error_percent = 0 }

    # Name with capitals.
    name = "Devices"

    # No description.
    description = ""
  }

  expect_failures = [
    var.routes,
    var.authorization,
    var.cors,
    var.throttle,
    var.alarms,
    var.name,
    var.description,
  ]
}

run "refusals_2" {
  command = plan

  module {
    source = "./modules/http_api"
  }

  variables {
    # Path without a slash.
    routes = { "GET things" = { function = "things", alias_arn = "arn:aws:lambda:us-east-1:123456789012:function:things:live", invoke_arn = "arn" } }

    # Tokens of nobody.
    authorization = "JWT"

    # Web page with a path.
    cors = { allow_origins = ["https://console.example.com/"] }

    # Half a request at once.
    throttle = { burst = 1.5 }
  }

  expect_failures = [
    var.routes,
    var.jwt,
    var.cors,
    var.throttle,
  ]
}

run "refusals_3" {
  command = plan

  module {
    source = "./modules/http_api"
  }

  variables {
    # No routes.
    routes = {}

    # Tokens that are not asked for.
    jwt = { issuer = "https://login.example.com/", audience = ["devices"] }
  }

  expect_failures = [
    var.routes,
    var.jwt,
  ]
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
