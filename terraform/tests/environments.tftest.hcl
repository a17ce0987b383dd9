# The four environments as their files say, and where they differ.

mock_provider "aws" {
  source = "./tests/mocks"
}

# Known to a plan already, so that plans can be looked at.
override_resource {
  target          = aws_ecr_repository.function
  override_during = plan
  values          = { repository_url = "123456789012.dkr.ecr.us-east-1.amazonaws.com/lambda-fleet/mocked" }
}

variables {
  image_tag = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
}

run "local_values" {
  module {
    source = "./tests/tfvars"
  }

  variables {
    environment = "local"
  }

  assert {
    condition     = output.known
    error_message = "tests/tfvars does not hand on a variable of environments/local.tfvars."
  }
}

run "local" {
  command = plan

  variables {
    environment       = run.local_values.values.environment
    region            = run.local_values.values.region
    emulator          = run.local_values.values.emulator
    architecture      = run.local_values.values.architecture
    image_entry_point = run.local_values.values.image_entry_point
    registry          = run.local_values.values.registry
    observability     = run.local_values.values.observability
    digest            = run.local_values.values.digest
    hoopstat          = run.local_values.values.hoopstat
    invoke_gateway    = run.local_values.values.invoke_gateway
    messages          = run.local_values.values.messages
    network           = run.local_values.values.network
    database          = run.local_values.values.database
  }

  assert {
    condition     = !anytrue([for table in [aws_dynamodb_table.clock, aws_dynamodb_table.digest_ledger, aws_dynamodb_table.releases, aws_dynamodb_table.software_updates] : table.deletion_protection_enabled || table.point_in_time_recovery[0].enabled])
    error_message = "Tables can be deleted."
  }

  assert {
    condition     = alltrue([for bucket in [module.bronze, module.docs, module.downloads, module.gold, module.silver, module.test_reports, module.uploads] : bucket.summary.disposable]) && alltrue([for repository in aws_ecr_repository.function : repository.force_delete]) && aws_secretsmanager_secret.supabase_key.recovery_window_in_days == 0
    error_message = "A destroy leaves nothing."
  }

  assert {
    condition     = !anytrue([for bucket in [module.bronze, module.docs, module.downloads, module.gold, module.silver, module.test_reports, module.uploads] : bucket.summary.tls_only || bucket.summary.lifecycle_rules])
    error_message = "Over http nothing can demand TLS, and an emulator expires nothing."
  }

  assert {
    condition     = module.bronze_ingestion.environment.SOURCE_URL == "http://host.docker.internal:54327/stats" && aws_scheduler_schedule.hoopstat.state == "DISABLED"
    error_message = "Games come from a stand-in, when they are asked for."
  }

  assert {
    condition     = module.scheduled_digest.environment.SUPABASE_URL == "http://host.docker.internal:54321"
    error_message = "Functions reach the machine they run on."
  }

  assert {
    condition     = alltrue([for schedule in aws_scheduler_schedule.digest : schedule.state == "DISABLED"]) && !aws_cloudwatch_metric_alarm.digest_heartbeat.actions_enabled
    error_message = "Digests go out when asked for, so silence is no alarm."
  }

  assert {
    condition     = alltrue([for url in values(output.registry.repository_urls) : url == "${replace(var.emulator.endpoint, "http://", "")}/lambda-fleet/mocked"])
    error_message = "Images are pushed to the emulator's own registry, and run from there."
  }

  assert {
    condition     = keys(module.scheduled_digest.alarm_dimensions) == ["FunctionName"]
    error_message = "The emulator reports no metrics of an alias."
  }
}

run "dev_values" {
  module {
    source = "./tests/tfvars"
  }

  variables {
    environment = "dev"
  }

  assert {
    condition     = output.known
    error_message = "tests/tfvars does not hand on a variable of environments/dev.tfvars."
  }
}

run "dev" {
  command = plan

  variables {
    environment       = run.dev_values.values.environment
    region            = run.dev_values.values.region
    emulator          = run.dev_values.values.emulator
    architecture      = run.dev_values.values.architecture
    image_entry_point = run.dev_values.values.image_entry_point
    registry          = run.dev_values.values.registry
    observability     = run.dev_values.values.observability
    digest            = run.dev_values.values.digest
    messages          = run.dev_values.values.messages
    network           = run.dev_values.values.network
    database          = run.dev_values.values.database
  }

  assert {
    condition     = !anytrue([for table in [aws_dynamodb_table.clock, aws_dynamodb_table.digest_ledger, aws_dynamodb_table.releases, aws_dynamodb_table.software_updates] : table.deletion_protection_enabled || table.point_in_time_recovery[0].enabled])
    error_message = "Tables can be deleted."
  }

  assert {
    condition     = alltrue([for bucket in [module.bronze, module.docs, module.downloads, module.gold, module.silver, module.test_reports, module.uploads] : bucket.summary.disposable]) && alltrue([for repository in aws_ecr_repository.function : repository.force_delete]) && aws_secretsmanager_secret.supabase_key.recovery_window_in_days == 0
    error_message = "A destroy leaves nothing."
  }

  assert {
    condition     = alltrue([for bucket in [module.bronze, module.docs, module.downloads, module.gold, module.silver, module.test_reports, module.uploads] : bucket.summary.tls_only && bucket.summary.lifecycle_rules])
    error_message = "Buckets demand TLS and drop old versions."
  }

  assert {
    condition     = output.architecture == "arm64"
    error_message = "The cloud runs arm64."
  }

  assert {
    condition     = alltrue([for schedule in aws_scheduler_schedule.digest : schedule.state == "DISABLED"])
    error_message = "Digests go out by schedule in staging and prod."
  }

  assert {
    condition     = keys(module.scheduled_digest.alarm_dimensions) == ["FunctionName", "Resource"]
    error_message = "Alarms watch the alias."
  }
}

run "staging_values" {
  module {
    source = "./tests/tfvars"
  }

  variables {
    environment = "staging"
  }

  assert {
    condition     = output.known
    error_message = "tests/tfvars does not hand on a variable of environments/staging.tfvars."
  }
}

run "staging" {
  command = plan

  variables {
    environment       = run.staging_values.values.environment
    region            = run.staging_values.values.region
    emulator          = run.staging_values.values.emulator
    architecture      = run.staging_values.values.architecture
    image_entry_point = run.staging_values.values.image_entry_point
    registry          = run.staging_values.values.registry
    observability     = run.staging_values.values.observability
    digest            = run.staging_values.values.digest
    messages          = run.staging_values.values.messages
    network           = run.staging_values.values.network
    database          = run.staging_values.values.database
  }

  assert {
    condition     = alltrue([for table in [aws_dynamodb_table.clock, aws_dynamodb_table.digest_ledger, aws_dynamodb_table.releases, aws_dynamodb_table.software_updates] : table.deletion_protection_enabled && table.point_in_time_recovery[0].enabled])
    error_message = "Tables are protected from deletion and backed up."
  }

  assert {
    condition     = !anytrue([for bucket in [module.bronze, module.docs, module.downloads, module.gold, module.silver, module.test_reports, module.uploads] : bucket.summary.disposable]) && !anytrue([for repository in aws_ecr_repository.function : repository.force_delete]) && aws_secretsmanager_secret.supabase_key.recovery_window_in_days == 30
    error_message = "A destroy empties no bucket and no registry, and a secret can be brought back."
  }

  assert {
    condition     = alltrue([for bucket in [module.bronze, module.docs, module.downloads, module.gold, module.silver, module.test_reports, module.uploads] : bucket.summary.tls_only && bucket.summary.lifecycle_rules])
    error_message = "Buckets demand TLS and drop old versions."
  }

  assert {
    condition     = output.architecture == "arm64"
    error_message = "The cloud runs arm64."
  }

  assert {
    condition     = alltrue([for schedule in aws_scheduler_schedule.digest : schedule.state == "ENABLED"])
    error_message = "Digests go out by schedule in staging and prod."
  }

  assert {
    condition     = keys(module.scheduled_digest.alarm_dimensions) == ["FunctionName", "Resource"]
    error_message = "Alarms watch the alias."
  }
}

run "prod_values" {
  module {
    source = "./tests/tfvars"
  }

  variables {
    environment = "prod"
  }

  assert {
    condition     = output.known
    error_message = "tests/tfvars does not hand on a variable of environments/prod.tfvars."
  }
}

run "prod" {
  command = plan

  variables {
    environment       = run.prod_values.values.environment
    region            = run.prod_values.values.region
    emulator          = run.prod_values.values.emulator
    architecture      = run.prod_values.values.architecture
    image_entry_point = run.prod_values.values.image_entry_point
    registry          = run.prod_values.values.registry
    observability     = run.prod_values.values.observability
    digest            = run.prod_values.values.digest
    messages          = run.prod_values.values.messages
    network           = run.prod_values.values.network
    database          = run.prod_values.values.database
  }

  assert {
    condition     = alltrue([for table in [aws_dynamodb_table.clock, aws_dynamodb_table.digest_ledger, aws_dynamodb_table.releases, aws_dynamodb_table.software_updates] : table.deletion_protection_enabled && table.point_in_time_recovery[0].enabled])
    error_message = "Tables are protected from deletion and backed up."
  }

  assert {
    condition     = !anytrue([for bucket in [module.bronze, module.docs, module.downloads, module.gold, module.silver, module.test_reports, module.uploads] : bucket.summary.disposable]) && !anytrue([for repository in aws_ecr_repository.function : repository.force_delete]) && aws_secretsmanager_secret.supabase_key.recovery_window_in_days == 30
    error_message = "A destroy empties no bucket and no registry, and a secret can be brought back."
  }

  assert {
    condition     = alltrue([for bucket in [module.bronze, module.docs, module.downloads, module.gold, module.silver, module.test_reports, module.uploads] : bucket.summary.tls_only && bucket.summary.lifecycle_rules])
    error_message = "Buckets demand TLS and drop old versions."
  }

  assert {
    condition     = output.architecture == "arm64"
    error_message = "The cloud runs arm64."
  }

  assert {
    condition     = alltrue([for schedule in aws_scheduler_schedule.digest : schedule.state == "ENABLED"])
    error_message = "Digests go out by schedule in staging and prod."
  }

  assert {
    condition     = keys(module.scheduled_digest.alarm_dimensions) == ["FunctionName", "Resource"]
    error_message = "Alarms watch the alias."
  }

  assert {
    condition     = var.observability.log_retention_days == 365 && var.observability.tracing && var.registry.rollback_window == 20
    error_message = "Production keeps logs for a year, traces, and can go back further."
  }
}
