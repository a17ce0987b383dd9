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

# Replace the topic with your own: whoever knows its name can read it.
messages = {
  ntfy_url           = "https://ntfy.sh/lambda-fleet-prod-replace-me"
  log_retention_days = 30
  tracing            = true
}
