environment  = "prod"
region       = "us-east-1"
architecture = "arm64"

registry = {
  keep_images     = 100
  rollback_window = 20
}

observability = {
  log_retention_days = 365
  tracing            = true
  # alarm_email      = "on-call@example.com"
}

# Replace both addresses with your own.
digest = {
  supabase_url     = "https://prod-project.supabase.co"
  backend_endpoint = "https://prod.digests.example.com/api/v1/digest"
}

database = {
  instance_class       = "db.m7g.large"
  storage_gb           = 100
  max_storage_gb       = 1000
  max_connections      = 500
  backup_days          = 14
  performance_insights = true
}

# Replace the topic with your own: whoever knows its name can read it.
messages = {
  ntfy_url           = "https://ntfy.sh/lambda-fleet-prod-replace-me"
  log_retention_days = 30
  tracing            = true
}

# Your repository, for releases by GitHub's workflows.
# github = { repository = "owner/name" }
