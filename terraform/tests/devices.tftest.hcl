# The device platform: what each function may do, what it is told, and what its buckets keep.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  environment = "prod"
  image_tag   = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  digest = {
    supabase_url     = "https://project.supabase.co"
    backend_endpoint = "https://digests.example.com/api/v1/digest"
  }
}

run "downloads" {
  assert {
    condition = { for statement in jsondecode(module.generate_presigned_url.policy).Statement : statement.Sid => [statement.Action, statement.Resource] } == {
      ReadDownloads            = [["s3:GetObject"], ["arn:aws:s3:::downloads/*"]]
      TellMissingFromForbidden = [["s3:ListBucket"], ["arn:aws:s3:::downloads"]]
      WriteOwnLog              = [["logs:CreateLogStream", "logs:PutLogEvents"], ["arn:aws:logs:us-east-1:123456789012:log-group:mocked:*"]]
    }
    error_message = "The function reads the downloads, and nothing else."
  }

  assert {
    condition     = module.generate_presigned_url.environment == tomap({ ENVIRONMENT = "prod", LOG_LEVEL = "INFO", DOWNLOAD_BUCKET = "lambda-fleet-prod-downloads-123456789012" })
    error_message = "The bucket comes from the environment."
  }

  assert {
    condition     = module.generate_presigned_url.summary.memory == 128 && module.generate_presigned_url.summary.timeout == 10
    error_message = "128 MB and 10 s."
  }
}

run "buckets" {
  variables {
    devices = { old_version_days = 14, test_report_days = 60 }
  }

  assert {
    condition = output.buckets == {
      docs         = "lambda-fleet-prod-docs-123456789012"
      downloads    = "lambda-fleet-prod-downloads-123456789012"
      test_reports = "lambda-fleet-prod-test-reports-123456789012"
      uploads      = "lambda-fleet-prod-uploads-123456789012"
    }
    error_message = "One bucket for each kind, with the account in its name."
  }

  assert {
    condition     = jsonencode([for bucket in [module.docs, module.downloads, module.test_reports, module.uploads] : [bucket.summary.old_version_days, bucket.summary.expire_days]]) == "[[14,null],[14,null],[14,60],[14,null]]"
    error_message = "Old versions go after so many days, and of the objects only reports."
  }
}
