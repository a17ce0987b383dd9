# PostgreSQL: encrypted, private, logged in to without a password, and safe where it is to last.

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

run "in_production" {
  assert {
    condition = (
      aws_db_instance.this[0].storage_encrypted
      && !aws_db_instance.this[0].publicly_accessible
      && aws_db_instance.this[0].manage_master_user_password
      && aws_db_instance.this[0].iam_database_authentication_enabled
    )
    error_message = "Encrypted, private, with a password that RDS keeps and IAM for functions."
  }

  assert {
    condition     = aws_db_instance.this[0].multi_az && aws_db_instance.this[0].deletion_protection && !aws_db_instance.this[0].skip_final_snapshot && aws_db_instance.this[0].backup_retention_period >= 7
    error_message = "In production it stands in two zones, and is not lost by a destroy."
  }

  assert {
    condition     = one([for parameter in aws_db_parameter_group.this[0].parameter : parameter.value if parameter.name == "rds.force_ssl"]) == "1"
    error_message = "It takes no connection without TLS."
  }

  assert {
    condition = alltrue([
      for name, value in { log_parameter_max_length = "0", log_parameter_max_length_on_error = "0", log_error_verbosity = "terse" } :
      one([for parameter in aws_db_parameter_group.this[0].parameter : parameter.value if parameter.name == name]) == value
    ])
    error_message = "No value of a row reaches the exported log."
  }

  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.database)) == toset(["connections", "cpu", "storage"]) && alltrue([for alarm in aws_cloudwatch_metric_alarm.database : alarm.treat_missing_data == "breaching" && length(alarm.alarm_actions) == 1])
    error_message = "It is watched, and its silence is an alarm."
  }

  assert {
    condition     = length(aws_secretsmanager_secret.database) == 0 && join(",", keys(local.database_policy)) == "LogInToDatabase" && local.database_environment.DB_USER == "fleet_app" && local.database_environment.DB_CA == "rds"
    error_message = "Functions have no password: they log in with a token of IAM."
  }

  assert {
    condition     = one(local.database_policy.LogInToDatabase.resources) == "arn:aws:rds-db:us-east-1:123456789012:dbuser:${aws_db_instance.this[0].resource_id}/fleet_app"
    error_message = "A role may log in to this database as this user, and to no other."
  }

  assert {
    condition     = length(jsondecode(module.db_migrate.policy).Statement) == 3 && anytrue([for statement in jsondecode(module.db_migrate.policy).Statement : statement.Sid == "ReadAdminLogin" && one(flatten([statement.Resource])) == aws_db_instance.this[0].master_user_secret[0].secret_arn])
    error_message = "Migrations may read the admin's login, and nothing else of the database."
  }
}

run "in_dev" {
  variables {
    environment = "dev"
  }

  assert {
    condition     = !aws_db_instance.this[0].multi_az && !aws_db_instance.this[0].deletion_protection && aws_db_instance.this[0].skip_final_snapshot && aws_db_instance.this[0].storage_encrypted
    error_message = "In dev it stands in one zone and can be thrown away, and is encrypted all the same."
  }
}

run "in_staging" {
  variables {
    environment = "staging"
  }

  assert {
    condition     = !aws_db_instance.this[0].multi_az && aws_db_instance.this[0].deletion_protection
    error_message = "In staging it stands in one zone, and is protected."
  }
}

run "a_database_of_yours" {
  variables {
    database = {
      existing = { endpoint = "db.example.com", name = "ppu", cidr = "10.9.0.0/24" }
    }
  }

  assert {
    condition     = length(aws_db_instance.this) == 0 && length(aws_security_group.database) == 0 && length(aws_cloudwatch_metric_alarm.database) == 0
    error_message = "No database is made."
  }

  assert {
    condition     = toset(keys(aws_secretsmanager_secret.database)) == toset(["admin", "app", "gateway"]) && toset(keys(output.database.secret_arns)) == toset(["admin", "app", "gateway"])
    error_message = "Its three logins have secrets, to be filled by hand."
  }

  assert {
    condition     = local.database_environment.DB_ENDPOINT == "db.example.com" && local.database_environment.DB_NAME == "ppu" && local.database_environment.DB_CA == "system" && join(",", keys(local.database_policy)) == "ReadDatabaseLogin"
    error_message = "Functions find it, trust the system's authorities, and may read their login."
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.functions_to_database.cidr_ipv4 == "10.9.0.0/24" && aws_vpc_security_group_egress_rule.functions_to_database.referenced_security_group_id == null
    error_message = "Functions may connect to its addresses."
  }
}

run "where_functions_may_connect_must_be_said" {
  command = plan

  variables {
    database = { existing = { endpoint = "db.example.com", name = "ppu" } }
  }

  expect_failures = [var.database]
}

run "a_week_of_backups_in_production" {
  command = plan

  variables {
    database = { backup_days = 3 }
  }

  expect_failures = [var.database]
}

run "storage_grows_and_does_not_shrink" {
  command = plan

  variables {
    database = { storage_gb = 50, max_storage_gb = 20 }
  }

  expect_failures = [var.database]
}

run "connections_enough_for_more_than_one" {
  command = plan

  variables {
    database = { max_connections = 5 }
  }

  expect_failures = [var.database]
}
