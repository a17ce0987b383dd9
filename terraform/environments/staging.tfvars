environment  = "staging"
region       = "us-east-1"
architecture = "arm64"

observability = {
  log_retention_days = 30
}

# Replace both addresses with your own.
digest = {
  supabase_url     = "https://staging-project.supabase.co"
  backend_endpoint = "https://staging.digests.example.com/api/v1/digest"
}

database = {
  instance_class = "db.t4g.small"
}

# Replace the topic with your own: whoever knows its name can read it.
messages = {
  ntfy_url           = "https://ntfy.sh/lambda-fleet-staging-replace-me"
  log_retention_days = 7
  tracing            = true
}

# Your repository, for releases by GitHub's workflows.
# github = { repository = "owner/name" }
