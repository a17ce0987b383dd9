# The root module: what it refuses. Each run breaks one rule of one variable.

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

run "region" {
  command = plan

  variables {
    region = "Virginia"
  }

  expect_failures = [var.region]
}

run "local_without_emulator" {
  command = plan

  variables {
    environment = "local"
  }

  expect_failures = [var.emulator]
}

run "emulator_outside_local" {
  command = plan

  variables {
    emulator = { endpoint = "http://localhost:4566" }
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

run "architecture" {
  command = plan

  variables {
    architecture = "amd64"
  }

  expect_failures = [var.architecture]
}

run "short_commit" {
  command = plan

  variables {
    image_tag = "abc1234"
  }

  expect_failures = [var.image_tag]
}

run "tag_that_is_no_commit" {
  command = plan

  variables {
    image_tag = "latest"
  }

  expect_failures = [var.image_tag]
}

run "entry_point_outside_local" {
  command = plan

  variables {
    image_entry_point = ["/usr/local/bin/aws-lambda-rie"]
  }

  expect_failures = [var.image_entry_point]
}

run "no_rollback_window" {
  command = plan

  variables {
    registry = { rollback_window = 0 }
  }

  expect_failures = [var.registry]
}

run "fewer_images_than_the_window" {
  command = plan

  variables {
    registry = { keep_images = 10, rollback_window = 20 }
  }

  expect_failures = [var.registry]
}

run "as_many_images_as_the_window" {
  command = plan

  variables {
    registry = { keep_images = 10, rollback_window = 10 }
  }

  expect_failures = [var.registry]
}

run "half_an_image" {
  command = plan

  variables {
    registry = { keep_images = 20.5, rollback_window = 10 }
  }

  expect_failures = [var.registry]
}

run "log_level" {
  command = plan

  variables {
    observability = { log_level = "TRACE" }
  }

  expect_failures = [var.observability]
}

run "log_retention" {
  command = plan

  variables {
    observability = { log_retention_days = 31 }
  }

  expect_failures = [var.observability]
}

run "log_key" {
  command = plan

  variables {
    observability = { log_kms_key_arn = "alias/logs" }
  }

  expect_failures = [var.observability]
}

run "alarm_email" {
  command = plan

  variables {
    observability = { alarm_email = "on-call" }
  }

  expect_failures = [var.observability]
}

run "supabase_over_http" {
  command = plan

  variables {
    digest = {
      supabase_url     = "http://project.supabase.co"
      backend_endpoint = "https://digests.example.com/api/v1/digest"
    }
  }

  expect_failures = [var.digest]
}

run "backend_over_http" {
  command = plan

  variables {
    digest = {
      supabase_url     = "https://project.supabase.co"
      backend_endpoint = "http://digests.example.com/api/v1/digest"
    }
  }

  expect_failures = [var.digest]
}

run "faster_than_the_backend_allows" {
  command = plan

  variables {
    digest = {
      supabase_url     = "https://project.supabase.co"
      backend_endpoint = "https://digests.example.com/api/v1/digest"
      rate_per_minute  = 51
    }
  }

  expect_failures = [var.digest]
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

run "no_rate" {
  command = plan

  variables {
    digest = {
      supabase_url     = "https://project.supabase.co"
      backend_endpoint = "https://digests.example.com/api/v1/digest"
      rate_per_minute  = 0
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

run "window_shorter_than_an_alarm" {
  command = plan

  variables {
    release_guard = { window_seconds = 599 }
  }

  expect_failures = [var.release_guard]
}

run "window_of_more_than_a_day" {
  command = plan

  variables {
    release_guard = { window_seconds = 86401 }
  }

  expect_failures = [var.release_guard]
}

run "half_a_second" {
  command = plan

  variables {
    release_guard = { window_seconds = 1800.5 }
  }

  expect_failures = [var.release_guard]
}

run "old_versions_gone_at_once" {
  command = plan

  variables {
    devices = { old_version_days = 0 }
  }

  expect_failures = [var.devices]
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
