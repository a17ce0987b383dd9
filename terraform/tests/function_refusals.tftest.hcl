# modules/function: what it refuses.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  platform = {
    prefix          = "lambda-fleet-dev"
    environment     = "dev"
    architecture    = "arm64"
    image_tag       = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    alarm_topic_arn = "arn:aws:sns:us-east-1:123456789012:alarms"
  }
  name           = "generate-presigned-url"
  description    = "A function under test."
  repository_url = "registry.example/lambda-fleet/generate-presigned-url"
  memory         = 128
  timeout        = 10
}

run "architecture" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    platform = {
      prefix          = "lambda-fleet-dev"
      environment     = "dev"
      architecture    = "amd64"
      image_tag       = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      alarm_topic_arn = "arn:aws:sns:us-east-1:123456789012:alarms"
    }
  }

  expect_failures = [var.platform]
}

run "name_with_capitals" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    name = "Digest"
  }

  expect_failures = [var.name]
}

run "folder_without_smoke_event" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    name = "no-such-function"
  }

  expect_failures = [aws_lambda_function.this]
}

run "first_image_missing" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    platform = {
      prefix          = "lambda-fleet-dev"
      environment     = "dev"
      architecture    = "arm64"
      alarm_topic_arn = "arn:aws:sns:us-east-1:123456789012:alarms"
    }
  }

  expect_failures = [aws_lambda_function.this]
}

run "no_description" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    description = ""
  }

  expect_failures = [var.description]
}

run "too_little_memory" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    memory = 64
  }

  expect_failures = [var.memory]
}

run "half_a_megabyte" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    memory = 128.5
  }

  expect_failures = [var.memory]
}

run "too_much_memory" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    memory = 10241
  }

  expect_failures = [var.memory]
}

run "no_timeout" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    timeout = 0
  }

  expect_failures = [var.timeout]
}

run "timeout_above_lambdas" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    timeout = 901
  }

  expect_failures = [var.timeout]
}

run "too_little_storage" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    ephemeral_storage = 511
  }

  expect_failures = [var.ephemeral_storage]
}

run "too_much_storage" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    ephemeral_storage = 10241
  }

  expect_failures = [var.ephemeral_storage]
}

run "platforms_variable_set" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    environment = { LOG_LEVEL = "DEBUG" }
  }

  expect_failures = [var.environment]
}

run "wildcard_action" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    policy = { All = { actions = ["s3:*"], resources = ["arn:aws:s3:::b"] } }
  }

  expect_failures = [var.policy]
}

run "wildcard_resource" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    policy = { Everything = { actions = ["s3:GetObject"], resources = ["*"] } }
  }

  expect_failures = [var.policy]
}

run "statement_without_action" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    policy = { Nothing = { actions = [], resources = ["arn:aws:s3:::b"] } }
  }

  expect_failures = [var.policy]
}

run "sid_with_hyphen" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    policy = { "Not-Ok" = { actions = ["s3:GetObject"], resources = ["arn:aws:s3:::b"] } }
  }

  expect_failures = [var.policy]
}

run "sid_of_the_module" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    policy = { WriteOwnLog = { actions = ["s3:GetObject"], resources = ["arn:aws:s3:::b"] } }
  }

  expect_failures = [aws_iam_role_policy.this]
}

run "one_subnet" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    vpc_config = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }
  }

  expect_failures = [var.vpc_config]
}

run "no_security_group" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    vpc_config = { subnet_ids = ["subnet-1", "subnet-2"], security_group_ids = [] }
  }

  expect_failures = [var.vpc_config]
}

run "negative_concurrency" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    reserved_concurrency = -2
  }

  expect_failures = [var.reserved_concurrency]
}

run "unknown_recursion" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    recursive_loop = "Sometimes"
  }

  expect_failures = [var.recursive_loop]
}

run "too_many_retries" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    async_invocation = { maximum_retry_attempts = 3 }
  }

  expect_failures = [var.async_invocation]
}

run "event_age_too_short" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    async_invocation = { maximum_event_age_in_seconds = 59 }
  }

  expect_failures = [var.async_invocation]
}

run "alarm_on_nothing" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    alarms = { errors = 0 }
  }

  expect_failures = [var.alarms]
}

run "alarm_at_the_timeout" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    alarms = { duration_share = 1 }
  }

  expect_failures = [var.alarms]
}

run "unknown_statistic" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    alarms = { duration_statistic = "Average" }
  }

  expect_failures = [var.alarms]
}
