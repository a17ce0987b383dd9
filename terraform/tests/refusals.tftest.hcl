# The root module: what it refuses. Each variable of a run breaks a rule of its own.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  environment = "dev"
  image_tag   = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  digest = {
    supabase_url     = "https://project.supabase.co"
    backend_endpoint = "https://digests.example.com/api/v1/digest"
  }
}

run "unknown_environment" {
  command = plan

  variables {
    environment = "test"
  }

  expect_failures = [var.environment]
}

run "refusals_2" {
  command = plan

  variables {
    # Region.
    region = "Virginia"

    # Emulator outside local.
    emulator = { endpoint = "http://localhost:4566" }

    # Architecture.
    architecture = "amd64"

    # Short commit.
    image_tag = "abc1234"

    # Entry point outside local.
    image_entry_point = ["/usr/local/bin/aws-lambda-rie"]

    # No rollback window.
    registry = { rollback_window = 0 }

    # Log level.
    observability = { log_level = "TRACE" }

    # Supabase over http.
    digest = {
      supabase_url     = "http://project.supabase.co"
      backend_endpoint = "https://digests.example.com/api/v1/digest"
    }

    # Window shorter than an alarm.
    release_guard = { window_seconds = 599 }

    # Old versions gone at once.
    devices = { old_version_days = 0 }
  }

  expect_failures = [
    var.region,
    var.emulator,
    var.architecture,
    var.image_tag,
    var.image_entry_point,
    var.registry,
    var.observability,
    var.digest,
    var.release_guard,
    var.devices,
  ]
}

run "local_without_emulator" {
  command = plan

  variables {
    environment = "local"
  }

  expect_failures = [var.emulator]
}

run "emulator_with_a_path" {
  command = plan

  variables {
    environment = "local"
    emulator    = { endpoint = "http://localhost:4566/aws" }
  }

  expect_failures = [var.emulator]
}

run "refusals_5" {
  command = plan

  variables {
    # Tag that is no commit.
    image_tag = "latest"

    # Fewer images than the window.
    registry = { keep_images = 10, rollback_window = 20 }

    # Log retention.
    observability = { log_retention_days = 31 }

    # Backend over http.
    digest = {
      supabase_url     = "https://project.supabase.co"
      backend_endpoint = "http://digests.example.com/api/v1/digest"
    }

    # Window of more than a day.
    release_guard = { window_seconds = 86401 }
  }

  expect_failures = [
    var.image_tag,
    var.registry,
    var.observability,
    var.digest,
    var.release_guard,
  ]
}

run "refusals_6" {
  command = plan

  variables {
    # As many images as the window.
    registry = { keep_images = 10, rollback_window = 10 }

    # Log key.
    observability = { log_kms_key_arn = "alias/logs" }

    # Faster than the backend allows.
    digest = {
      supabase_url     = "https://project.supabase.co"
      backend_endpoint = "https://digests.example.com/api/v1/digest"
      rate_per_minute  = 51
    }

    # Half a second.
    release_guard = { window_seconds = 1800.5 }
  }

  expect_failures = [
    var.registry,
    var.observability,
    var.digest,
    var.release_guard,
  ]
}

run "refusals_7" {
  command = plan

  variables {
    # Half an image.
    registry = { keep_images = 20.5, rollback_window = 10 }

    # Alarm email.
    observability = { alarm_email = "on-call" }

    # No rate.
    digest = {
      supabase_url     = "https://project.supabase.co"
      backend_endpoint = "https://digests.example.com/api/v1/digest"
      rate_per_minute  = 0
    }
  }

  expect_failures = [
    var.registry,
    var.observability,
    var.digest,
  ]
}

run "faster_than_the_stand_in" {
  command = plan

  variables {
    environment = "local"
    emulator    = { endpoint = "http://localhost:4566" }
    digest = {
      supabase_url     = "http://localhost:54321"
      backend_endpoint = "http://localhost:54322/api/v1/digest"
      rate_per_minute  = 60001
    }
  }

  expect_failures = [var.digest]
}

run "no_concurrency" {
  command = plan

  variables {
    digest = {
      supabase_url     = "https://project.supabase.co"
      backend_endpoint = "https://digests.example.com/api/v1/digest"
      concurrency      = 0
    }
  }

  expect_failures = [var.digest]
}

run "purge_at_once" {
  command = plan

  variables {
    digest = {
      supabase_url     = "https://project.supabase.co"
      backend_endpoint = "https://digests.example.com/api/v1/digest"
      retention_days   = 0
    }
  }

  expect_failures = [var.digest]
}

# Not in digest.tftest.hcl: Terraform 1.11 crashes where a module that has resources is overridden.
run "schedule_that_starts_latest" {
  command = plan

  override_module {
    target = module.scheduled_digest
    outputs = {
      alias_arn        = "arn:aws:lambda:us-east-1:123456789012:function:digest:$LATEST"
      summary          = {}
      alarm_arns       = {}
      alarm_dimensions = {}
      environment      = {}
      policy           = "{}"
    }
  }

  expect_failures = [aws_scheduler_schedule.digest]
}

run "rule_that_starts_latest" {
  command = plan

  override_module {
    target = module.release_guard
    outputs = {
      alias_arn        = "arn:aws:lambda:us-east-1:123456789012:function:guard:$LATEST"
      summary          = { name = "guard" }
      alarm_arns       = {}
      alarm_dimensions = {}
      environment      = {}
      policy           = "{}"
    }
  }

  expect_failures = [aws_cloudwatch_event_target.release_guard]
}
