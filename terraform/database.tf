# The device platform's PostgreSQL: RDS of our own, or a database of yours (var.database.existing),
# which is what an emulator has too: a real PostgreSQL in a container.

locals {
  own_database = var.database.existing == null
  database_url = "arn:${local.partition}:rds-db:${var.region}:${local.account_id}:dbuser"

  database = {
    endpoint = local.own_database ? aws_db_instance.this[0].address : var.database.existing.endpoint
    port     = local.own_database ? 5432 : var.database.existing.port
    name     = local.own_database ? aws_db_instance.this[0].db_name : var.database.existing.name
    ca       = local.own_database ? "rds" : var.database.existing.ca
    # Whoever changes the schema logs in with it: RDS keeps and rotates the password.
    admin_secret_arn = local.own_database ? aws_db_instance.this[0].master_user_secret[0].secret_arn : aws_secretsmanager_secret.database["admin"].arn
  }

  # By secret, who logs in with it to a database of yours.
  database_logins = {
    admin   = "migrations log"
    app     = "functions log"
    gateway = "the invoke gateway logs"
  }

  # What migrations make, and what functions log in as.
  database_app_user = "fleet_app"

  database_address = {
    DB_ENDPOINT = local.database.endpoint
    DB_PORT     = tostring(local.database.port)
    DB_NAME     = local.database.name
    DB_CA       = local.database.ca
  }

  # For a function with a database: its variables and its policy. On RDS the function's role signs
  # a token that is good for a quarter of an hour, and there is no password to keep.
  database_environment = merge(local.database_address, local.own_database ? {
    DB_USER = local.database_app_user
    } : {
    DB_SECRET_ARN = aws_secretsmanager_secret.database["app"].arn
  })

  database_policy = local.own_database ? {
    LogInToDatabase = {
      actions   = ["rds-db:connect"]
      resources = ["${local.database_url}:${aws_db_instance.this[0].resource_id}/${local.database_app_user}"]
    }
    } : {
    ReadDatabaseLogin = {
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [aws_secretsmanager_secret.database["app"].arn]
    }
  }

  # The invoke gateway's login has tables of its own, and none of the others'.
  gateway_database_user = "fleet_gateway"

  gateway_database_environment = merge(local.database_address, local.own_database ? {
    DB_USER = local.gateway_database_user
    } : {
    DB_SECRET_ARN = aws_secretsmanager_secret.database["gateway"].arn
  })

  gateway_database_policy = local.own_database ? {
    LogInToDatabase = {
      actions   = ["rds-db:connect"]
      resources = ["${local.database_url}:${aws_db_instance.this[0].resource_id}/${local.gateway_database_user}"]
    }
    } : {
    ReadDatabaseLogin = {
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [aws_secretsmanager_secret.database["gateway"].arn]
    }
  }

  database_security_group_id = local.own_database ? aws_security_group.database[0].id : var.database.existing.security_group_id
}

resource "aws_db_instance" "this" {
  #checkov:skip=CKV_AWS_118:Enhanced monitoring is for finding slow hosts; RDS's own metrics and the alarms tell of a sick database.
  #checkov:skip=CKV_AWS_133:Backups are kept for var.database.backup_days, which its validation holds to 1 or more.
  #checkov:skip=CKV_AWS_157:Multi-AZ is by environment: on in prod, elsewhere by var.database.multi_az.
  #checkov:skip=CKV_AWS_293:Deletion protection is off where an environment is made to be thrown away: dev.
  #checkov:skip=CKV_AWS_353:Performance Insights is by variable: not every instance class has it.
  #checkov:skip=CKV_AWS_354:Performance Insights is encrypted with the account's own key for RDS.
  count = local.own_database ? 1 : 0

  identifier     = local.prefix
  engine         = "postgres"
  engine_version = "17"
  instance_class = var.database.instance_class
  db_name        = "fleet"
  port           = 5432

  username                            = "fleet_admin"
  manage_master_user_password         = true
  iam_database_authentication_enabled = true
  ca_cert_identifier                  = "rds-ca-rsa2048-g1"

  storage_type          = "gp3"
  storage_encrypted     = true
  allocated_storage     = var.database.storage_gb
  max_allocated_storage = var.database.max_storage_gb

  multi_az               = coalesce(var.database.multi_az, var.environment == "prod")
  publicly_accessible    = false
  db_subnet_group_name   = aws_db_subnet_group.this[0].name
  vpc_security_group_ids = [aws_security_group.database[0].id]
  parameter_group_name   = aws_db_parameter_group.this[0].name

  backup_retention_period   = var.database.backup_days
  copy_tags_to_snapshot     = true
  deletion_protection       = coalesce(var.database.deletion_protection, !local.disposable)
  skip_final_snapshot       = local.disposable
  final_snapshot_identifier = local.disposable ? null : "${local.prefix}-final"

  auto_minor_version_upgrade      = true
  apply_immediately               = local.disposable
  enabled_cloudwatch_logs_exports = ["postgresql", "upgrade"]
  performance_insights_enabled    = var.database.performance_insights
}

resource "aws_db_subnet_group" "this" {
  count = local.own_database ? 1 : 0

  name        = local.prefix
  description = "Private subnets of the functions with a database."
  subnet_ids  = local.vpc.subnet_ids
}

resource "aws_db_parameter_group" "this" {
  count = local.own_database ? 1 : 0

  # With a prefix, because a new family wants a new group before the old one is let go.
  name_prefix = "${local.prefix}-"
  family      = "postgres17"
  description = "TLS only, and nothing that waits for ever."

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  # Fixed, so that the alarm knows what full is. Half of this is for functions' warm environments.
  parameter {
    name         = "max_connections"
    value        = tostring(var.database.max_connections)
    apply_method = "pending-reboot"
  }

  # A function that Lambda froze in the middle of a transaction must not hold its locks.
  parameter {
    name  = "idle_in_transaction_session_timeout"
    value = "60000"
  }

  parameter {
    name  = "log_min_duration_statement"
    value = "1000"
  }

  # The log is exported, and rows are patients': a statement is logged without its values, and an
  # error without the row that caused it.
  parameter {
    name  = "log_parameter_max_length"
    value = "0"
  }

  parameter {
    name  = "log_parameter_max_length_on_error"
    value = "0"
  }

  parameter {
    name  = "log_error_verbosity"
    value = "terse"
  }

  # A function that Lambda ended in the middle of a statement is noticed, and its locks are free.
  parameter {
    name  = "client_connection_check_interval"
    value = "2000"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_security_group" "database" {
  #checkov:skip=CKV2_AWS_5:Attached to the database instance.
  count = local.own_database ? 1 : 0

  name        = "${local.prefix}-database"
  description = "PostgreSQL: from functions, and to nowhere."
  vpc_id      = local.vpc.id

  tags = { Name = "${local.prefix}-database" }
}

resource "aws_vpc_security_group_ingress_rule" "database_from_functions" {
  count = local.own_database ? 1 : 0

  security_group_id            = aws_security_group.database[0].id
  description                  = "PostgreSQL from functions."
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
  referenced_security_group_id = aws_security_group.functions.id
}

# Logins of a database of yours, JSON with username and password: admin may make tables and roles,
# app is what functions log in as, gateway the invoke gateway; migrations give them these passwords.
# Made empty, as a value in Terraform would be in its state:
#   aws secretsmanager put-secret-value --secret-id <name> --secret-string file:///dev/stdin
resource "aws_secretsmanager_secret" "database" {
  #checkov:skip=CKV_AWS_149:Encrypted with the account's own Secrets Manager key; who may read is decided by IAM.
  #checkov:skip=CKV2_AWS_57:Rotated by whoever owns the database; functions read a login again when it is refused.
  for_each = local.own_database ? toset([]) : toset(keys(local.database_logins))

  name                    = "${local.prefix}-database-${each.key}"
  description             = "How ${ { admin = "migrations log", app = "functions log", gateway = "the invoke gateway logs" }[each.key]} in to PostgreSQL."
  recovery_window_in_days = local.disposable ? 0 : 30
}
