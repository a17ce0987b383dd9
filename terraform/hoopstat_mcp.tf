# Statistics for language models: the Model Context Protocol over the HTTP API, from gold alone.

module "mcp_server" {
  source = "./modules/function"

  platform       = local.platform
  name           = "mcp-server"
  description    = "Answers language models' questions about basketball from the lake's gold layer."
  repository_url = local.repository_urls["mcp-server"]

  memory  = 256
  timeout = 30

  environment = {
    GOLD_BUCKET = local.hoopstat.gold.bucket
    # Pages that the API lets in may ask this function too.
    MCP_ORIGINS = join(",", try(var.api.cors.allow_origins, []))
  }

  policy = {
    ReadGold = {
      actions   = ["s3:GetObject"]
      resources = ["${local.hoopstat.gold.arn}/*"]
    }
    # Without it S3 answers 403 for an artefact that is not there, and nobody could be told so. No
    # condition on s3:prefix: reading an object has none, and would meet no such condition.
    TellMissingFromForbidden = {
      actions   = ["s3:ListBucket"]
      resources = [local.hoopstat.gold.arn]
    }
  }
}
