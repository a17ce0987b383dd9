# What brings the schema up to date, from inside the VPC. `fleet` invokes it before it changes the
# functions that need the schema.

module "db_migrate" {
  source = "./modules/function"

  platform       = local.platform
  name           = "db-migrate"
  description    = "Brings the schema of PostgreSQL up to date."
  repository_url = local.repository_urls["db-migrate"]

  memory  = 512
  timeout = 300

  vpc_config = local.database_vpc_config

  environment = merge(local.database_address, {
    DB_SECRET_ARN     = local.database.admin_secret_arn
    AUDIT_KEEP_MONTHS = tostring(var.invoke_gateway.audit_keep_months)
    }, local.own_database ? {} : {
    DB_APP_SECRET_ARN     = aws_secretsmanager_secret.database["app"].arn
    DB_GATEWAY_SECRET_ARN = aws_secretsmanager_secret.database["gateway"].arn
  })

  policy = merge({
    ReadAdminLogin = {
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [local.database.admin_secret_arn]
    }
    }, local.own_database ? {} : {
    ReadFunctionsLogin = {
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [for login in ["app", "gateway"] : aws_secretsmanager_secret.database[login].arn]
    }
  })
}
