# Scheduled digests: two schedules, one function, and what keeps a digest from being sent twice
# or lost. digest_schedules.tf has what starts it, digest_alarms.tf what watches it.

locals {
  digest_live_arn = "arn:${local.partition}:lambda:${var.region}:${local.account_id}:function:${local.prefix}-scheduled-digest:live"

  # AWS counts from 1 (SUN) to 7, and wants ? for the field that is not used.
  digest_schedules = {
    daily  = "cron(0 13 * * ? *)"
    weekly = "cron(0 13 ? * MON *)"
  }
}

module "scheduled_digest" {
  source = "./modules/function"

  platform       = local.platform
  name           = "scheduled-digest"
  description    = "Sends the digests of the repositories that are due, and purges deleted monitors."
  repository_url = local.repository_urls["scheduled-digest"]

  memory  = 256
  timeout = 300

  environment = {
    SUPABASE_URL              = var.digest.supabase_url
    SUPABASE_SERVICE_ROLE_KEY = "secretsmanager:${aws_secretsmanager_secret.supabase_key.arn}"
    BACKEND_DIGEST_ENDPOINT   = var.digest.backend_endpoint
    RETENTION_DAYS            = tostring(var.digest.retention_days)
    DIGEST_CONCURRENCY        = tostring(var.digest.concurrency)
    DIGEST_RATE_PER_MINUTE    = tostring(var.digest.rate_per_minute)
    DIGEST_LEDGER_TABLE       = aws_dynamodb_table.digest_ledger.name
  }

  policy = {
    ClaimDigestsAndRate = {
      actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
      resources = [aws_dynamodb_table.digest_ledger.arn]
    }
    ReadSupabaseKey = {
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [aws_secretsmanager_secret.supabase_key.arn]
    }
    # Through the alias: a release in the middle of a run must not mix old and new.
    ContinueItself = {
      actions   = ["lambda:InvokeFunction"]
      resources = [local.digest_live_arn]
    }
  }

  # Ten thousand monitors at 50 a minute are more than 16 runs in a row, after which Lambda would
  # take the continuation for a loop gone wild and stop it.
  recursive_loop = "Allow"

  # A failed run is tried again with the same event; the ledger keeps what was sent from being
  # sent again. An hour later the day's digests are for a person to look at.
  async_invocation = {
    maximum_retry_attempts       = 2
    maximum_event_age_in_seconds = 3600
  }

  alarms = {
    # One run a day: a percentile of one value says nothing more than the value.
    duration_statistic = "Maximum"
  }
}

resource "aws_dynamodb_table" "digest_ledger" {
  #checkov:skip=CKV_AWS_119:Encrypted with the key DynamoDB owns; the items are monitor ids, days and states.
  #checkov:skip=CKV_AWS_28:Point-in-time recovery is on wherever data must last, which is by environment.
  name         = "${local.prefix}-digest-ledger"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"

  attribute {
    name = "pk"
    type = "S"
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  deletion_protection_enabled = !local.disposable

  point_in_time_recovery {
    enabled = !local.disposable
  }
}

# Created empty: a value in Terraform would be in its state for all who may read it.
#   aws secretsmanager put-secret-value --secret-id <name> --secret-string file:///dev/stdin
resource "aws_secretsmanager_secret" "supabase_key" {
  #checkov:skip=CKV_AWS_149:Encrypted with the account's own Secrets Manager key; who may read is decided by IAM.
  #checkov:skip=CKV2_AWS_57:Supabase issues the key and has no rotation call; the function reads a new one after a 401.
  name                    = "${local.prefix}-supabase-service-role-key"
  description             = "Supabase service role key that the scheduled digest reads monitors with."
  recovery_window_in_days = local.disposable ? 0 : 30
}
