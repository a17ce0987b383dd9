environment  = "dev"
region       = "us-east-1"
architecture = "arm64"

observability = {
  log_level          = "DEBUG"
  log_retention_days = 14
}

# Replace both addresses with your own.
digest = {
  supabase_url     = "https://dev-project.supabase.co"
  backend_endpoint = "https://dev.digests.example.com/api/v1/digest"
  # Started by hand: dev shares the webhooks of real people too easily.
  schedules_enabled = false
}

database = {
  instance_class = "db.t4g.micro"
  backup_days    = 1
}

# Replace the topic with your own: whoever knows its name can read it.
messages = {
  ntfy_url           = "https://ntfy.sh/lambda-fleet-dev-replace-me"
  log_retention_days = 7
  tracing            = true
}

# Your repository, for releases by GitHub's workflows.
# github = { repository = "owner/name" }
