# modules/function: what it refuses. Each variable of a run breaks a rule of its own.

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

run "refusals_1" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    # Architecture.
    platform = {
      prefix          = "lambda-fleet-dev"
      environment     = "dev"
      architecture    = "amd64"
      image_tag       = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      alarm_topic_arn = "arn:aws:sns:us-east-1:123456789012:alarms"
    }

    # Name with capitals.
    name = "Digest"

    # No description.
    description = ""

    # Too little memory.
    memory = 64

    # No timeout.
    timeout = 0

    # Too little storage.
    ephemeral_storage = 511

    # Platforms variable set.
    environment = { LOG_LEVEL = "DEBUG" }

    # Wildcard action.
    policy = { All = { actions = ["s3:*"], resources = ["arn:aws:s3:::b"] } }

    # One subnet.
    vpc_config = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }

    # Negative concurrency.
    reserved_concurrency = -2

    # Unknown recursion.
    recursive_loop = "Sometimes"

    # Too many retries.
    async_invocation = { maximum_retry_attempts = 3 }

    # Alarm on nothing.
    alarms = { errors = 0 }
  }

  expect_failures = [
    var.platform,
    var.name,
    var.description,
    var.memory,
    var.timeout,
    var.ephemeral_storage,
    var.environment,
    var.policy,
    var.vpc_config,
    var.reserved_concurrency,
    var.recursive_loop,
    var.async_invocation,
    var.alarms,
  ]
}

run "refusals_2" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    # Half a megabyte.
    memory = 128.5

    # Timeout above lambdas.
    timeout = 901

    # Too much storage.
    ephemeral_storage = 10241

    # Wildcard resource.
    policy = { Everything = { actions = ["s3:GetObject"], resources = ["*"] } }

    # No security group.
    vpc_config = { subnet_ids = ["subnet-1", "subnet-2"], security_group_ids = [] }

    # Event age too short.
    async_invocation = { maximum_event_age_in_seconds = 59 }

    # Alarm at the timeout.
    alarms = { duration_share = 1 }
  }

  expect_failures = [
    var.memory,
    var.timeout,
    var.ephemeral_storage,
    var.policy,
    var.vpc_config,
    var.async_invocation,
    var.alarms,
  ]
}

run "refusals_3" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    # Too much memory.
    memory = 10241

    # Statement without action.
    policy = { Nothing = { actions = [], resources = ["arn:aws:s3:::b"] } }

    # Unknown statistic.
    alarms = { duration_statistic = "Average" }
  }

  expect_failures = [
    var.memory,
    var.policy,
    var.alarms,
  ]
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
