# hoopstat_mcp.tf: what the MCP server may do, what it is told, and who reaches it.

mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target = module.gold.aws_s3_bucket.this
  values = { arn = "arn:aws:s3:::gold" }
}

variables {
  environment = "prod"
  image_tag   = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  digest = {
    supabase_url     = "https://project.supabase.co"
    backend_endpoint = "https://digests.example.com/api/v1/digest"
  }
  api = { cors = { allow_origins = ["https://chat.example.com", "https://b.example.com"] } }
}

# One run: each takes as long as a plan of everything.
run "mcp_server" {
  assert {
    condition = { for statement in jsondecode(module.mcp_server.policy).Statement : statement.Sid => [statement.Action, statement.Resource] } == {
      ReadGold                 = [["s3:GetObject"], ["arn:aws:s3:::gold/*"]]
      TellMissingFromForbidden = [["s3:ListBucket"], ["arn:aws:s3:::gold"]]
      WriteOwnLog              = [["logs:CreateLogStream", "logs:PutLogEvents"], ["arn:aws:logs:us-east-1:123456789012:log-group:mocked:*"]]
    }
    error_message = "The function reads gold, and nothing else."
  }

  assert {
    condition     = module.mcp_server.environment == tomap({ ENVIRONMENT = "prod", LOG_LEVEL = "INFO", GOLD_BUCKET = "lambda-fleet-prod-gold-123456789012", MCP_ORIGINS = "https://chat.example.com,https://b.example.com" })
    error_message = "Bucket and origins come from the environment."
  }

  assert {
    condition     = module.mcp_server.summary.memory == 256 && module.mcp_server.summary.timeout == 30
    error_message = "256 MB and 30 s."
  }

  assert {
    condition     = { for key, route in local.api_routes : key => try(route.public, false) if route.function == "mcp-server" } == { "DELETE /mcp" = false, "GET /mcp" = false, "POST /mcp" = false }
    error_message = "Three routes, none of them open."
  }
}
