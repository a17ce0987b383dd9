# The fleet on one machine. Nothing here is a secret: the emulator's root is test/test.
environment = "local"

emulator = {
  endpoint = "http://localhost:4566"
}

# The machine's own is given by -var architecture=...
architecture = "x86_64"

# The shipped image under the runtime interface emulator, which the stack mounts into it. A new
# entry point drops the image's command, so the handler is named here.
image_entry_point = [
  "/usr/local/bin/aws-lambda-rie",
  "/usr/local/bin/python3", "-m", "awslambdaric",
  "lambda_function.handler",
]

observability = {
  log_level          = "DEBUG"
  log_retention_days = 1
}

digest = {
  supabase_url     = "http://host.docker.internal:54321"
  backend_endpoint = "http://host.docker.internal:54322/api/v1/digest"
  # Digests go out when they are asked for, and not at 13:00 UTC in the middle of something.
  schedules_enabled = false
}

# A stand-in for stats.nba.com with a season of games, which bears more than the real one.
hoopstat = {
  source_url       = "http://host.docker.internal:54327/stats"
  rate_per_minute  = 60000
  rate_gap         = 0
  schedule_enabled = false
}

# A real PostgreSQL in a container, with TLS. The stack puts the certificate of who vouches for it
# into every function's file system.
database = {
  existing = {
    endpoint = "database"
    name     = "fleet"
    ca       = "/etc/lambda-fleet/database-ca.pem"
    cidr     = "172.16.0.0/12"
  }
}

messages = {
  ntfy_url         = "http://host.docker.internal:54323/alerts"
  http_origins     = ["http://host.docker.internal:54324"]
  token_origins    = ["http://host.docker.internal:54324"]
  weather_origin   = "http://host.docker.internal:54324"
  trusted_networks = ["172.16.0.0/12", "192.168.0.0/16", "10.0.0.0/8"] # a Docker network's gateway
  # Messages are made and swept when that is asked for.
  schedules_enabled = false

  ntfy_seconds   = 6
  ntfy_timeout   = 2
  action_seconds = 6
  lease_seconds  = 12
  retry_seconds  = 1
}

# It invokes this fleet's own functions; the months of its audit are made when that is asked for.
invoke_gateway = {
  function_prefix   = "lambda-fleet-local-"
  schedules_enabled = false
}

# The roles that workflows take: their policies are tried here, with IAM enforced.
github = {
  repository = "example/lambda-fleet"
}
