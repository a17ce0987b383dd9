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

# One run: each takes as long as a plan of everything.
run "functions_and_buckets" {
  variables {
    devices = { old_version_days = 14, test_report_days = 60 }
  }

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

  assert {
    condition = { for statement in jsondecode(module.insert_ppu_data.policy).Statement : statement.Sid => join(" ", concat(statement.Action, statement.Resource)) if !contains(["ManageNetworkInterfaces", "SendTraces", "WriteOwnLog"], statement.Sid) } == {
      KeepFailedEvents         = "sqs:SendMessage arn:aws:sqs:us-east-1:123456789012:dead-letters"
      LogInToDatabase          = "rds-db:connect arn:aws:rds-db:us-east-1:123456789012:dbuser:db-MOCKED/fleet_app"
      ReadFiles                = "s3:GetObject s3:GetObjectVersion arn:aws:s3:::downloads/treatments/*"
      TellMissingFromForbidden = "s3:ListBucket arn:aws:s3:::downloads"
    }
    error_message = "Treatments are inserted by a database login of their own, and read from files below one prefix."
  }

  assert {
    condition     = module.insert_ppu_data.summary.memory == 1024 && module.insert_ppu_data.summary.timeout == 6 && jsonencode(module.insert_ppu_data.summary.vpc_config) == jsonencode(local.database_vpc_config)
    error_message = "1024 MB and 6 s, in the VPC."
  }

  assert {
    condition = (
      one(aws_s3_bucket_notification.uploads.lambda_function).lambda_function_arn == module.insert_ppu_data.alias_arn
      && one(aws_s3_bucket_notification.uploads.lambda_function).filter_prefix == "treatments/"
      && aws_s3_bucket_notification.uploads.bucket == "lambda-fleet-prod-uploads-123456789012"
    )
    error_message = "A file that is put below the prefix starts the alias."
  }

  assert {
    condition     = aws_lambda_permission.uploads.qualifier == "live" && aws_lambda_permission.uploads.source_account == "123456789012" && aws_lambda_permission.uploads.source_arn == module.uploads.arn && contains(output.functions["insert-ppu-data"].invokers, "s3.amazonaws.com")
    error_message = "S3 may call for this bucket of this account alone."
  }

  assert {
    condition     = { for name, alarm in aws_cloudwatch_metric_alarm.treatments_dead_letters : name => "${alarm.metric_name} ${alarm.threshold} ${alarm.treat_missing_data}" } == { age = "ApproximateAgeOfOldestMessage 86400 notBreaching", depth = "ApproximateNumberOfMessagesVisible 0 notBreaching" }
    error_message = "Somebody hears of a file that could not be stored, and again when nobody looked for a day."
  }

  assert {
    condition     = aws_sqs_queue.treatments_dead_letters.sqs_managed_sse_enabled && jsondecode(aws_sqs_queue.treatments_dead_letters.policy).Statement[0].Sid == "DenyWithoutTls"
    error_message = "What failed is kept encrypted, and comes over TLS."
  }

  assert {
    condition = { for statement in jsondecode(module.api_docs_generator.policy).Statement : statement.Sid => join(" ", concat(statement.Action, statement.Resource)) if !contains(["SendTraces", "WriteOwnLog"], statement.Sid) } == {
      AskFunctions             = "lambda:InvokeFunction ${join(" ", local.documented_arns)}"
      KeepDocuments            = "s3:GetObject s3:PutObject arn:aws:s3:::downloads/*"
      ReadApis                 = "apigateway:GET arn:aws:apigateway:us-east-1::/apis/abc123defg arn:aws:apigateway:us-east-1::/apis/abc123defg/* arn:aws:apigateway:us-east-1::/apis/abc123defg arn:aws:apigateway:us-east-1::/apis/abc123defg/* arn:aws:apigateway:us-east-1::/apis/abc123defg arn:aws:apigateway:us-east-1::/apis/abc123defg/*"
      SeeWhatIsLive            = "lambda:GetAlias ${join(" ", [for arn in local.documented_arns : trimsuffix(arn, ":live")])}"
      TellMissingFromForbidden = "s3:ListBucket arn:aws:s3:::downloads"
    }
    error_message = "It reads the APIs' routes, asks the functions behind them, and keeps what it made."
  }

  assert {
    condition     = alltrue([for arn in local.documented_arns : endswith(arn, ":live") && !strcontains(arn, "api-docs-generator")]) && length(local.documented_arns) == length(local.api_functions) - 1
    error_message = "It asks every function behind the API but itself."
  }

  assert {
    condition     = module.api_docs_generator.environment.API_IDS == "abc123defg,abc123defg,abc123defg" && module.api_docs_generator.summary.memory == 512 && module.api_docs_generator.summary.timeout == 30 && module.api_docs_generator.summary.vpc_config == null
    error_message = "512 MB and 30 s, outside the VPC, for the deployed APIs."
  }

  assert {
    condition = { for statement in jsondecode(module.lambda_test_runner.policy).Statement : statement.Sid => join(" ", concat(statement.Action, statement.Resource)) if !contains(["ManageNetworkInterfaces", "SendTraces", "WriteOwnLog"], statement.Sid) } == {
      InvokeFunctions = "lambda:InvokeFunction ${join(" ", local.tested_arns)}"
      WriteReports    = "s3:PutObject arn:aws:s3:::downloads/test-reports/*"
    }
    error_message = "It invokes the others, and writes reports."
  }

  assert {
    condition     = toset(split(",", module.lambda_test_runner.environment.FUNCTIONS)) == setsubtract(keys(output.functions), ["lambda-test-runner"]) && alltrue([for arn in local.tested_arns : endswith(arn, ":live") && !strcontains(arn, "lambda-test-runner")])
    error_message = "It knows every function but itself, by their alias."
  }

  assert {
    condition     = module.lambda_test_runner.summary.memory == 1024 && module.lambda_test_runner.summary.timeout == 300 && jsonencode(module.lambda_test_runner.summary.vpc_config) == jsonencode(local.database_vpc_config)
    error_message = "1024 MB and 300 s, in the VPC."
  }

  assert {
    condition = { for statement in jsondecode(module.presigned_url_s3_upload.policy).Statement : statement.Sid => join(" ", concat(statement.Action, statement.Resource)) if !contains(["SendTraces", "WriteOwnLog"], statement.Sid) } == {
      WriteUploads = "s3:PutObject arn:aws:s3:::downloads/uploads/*"
    }
    error_message = "It signs uploads below one prefix, and reads nothing."
  }

  assert {
    condition     = module.presigned_url_s3_upload.environment.UPLOAD_BUCKET == "lambda-fleet-prod-uploads-123456789012" && module.presigned_url_s3_upload.summary.memory == 128 && module.presigned_url_s3_upload.summary.timeout == 10 && module.presigned_url_s3_upload.summary.vpc_config == null
    error_message = "128 MB and 10 s, outside the VPC."
  }

  assert {
    condition = { for statement in jsondecode(module.sync_clock.policy).Statement : statement.Sid => join(" ", concat(statement.Action, statement.Resource)) if !contains(["ManageNetworkInterfaces", "SendTraces", "WriteOwnLog"], statement.Sid) } == {
      KeepSyncs = "dynamodb:UpdateItem ${aws_dynamodb_table.clock.arn}"
    }
    error_message = "The clock keeps syncs, and nothing else."
  }

  assert {
    condition     = module.sync_clock.environment.CLOCK_TABLE == "lambda-fleet-prod-clock" && module.sync_clock.summary.memory == 128 && module.sync_clock.summary.timeout == 3 && jsonencode(module.sync_clock.summary.vpc_config) == jsonencode(local.database_vpc_config)
    error_message = "128 MB and 3 s, in the VPC."
  }

  assert {
    condition = { for statement in jsondecode(module.software_event_update_handler.policy).Statement : statement.Sid => join(" ", concat(statement.Action, statement.Resource)) if !contains(["SendTraces", "WriteOwnLog"], statement.Sid) } == {
      KeepEvents = "dynamodb:GetItem dynamodb:PutItem dynamodb:Query ${aws_dynamodb_table.software_updates.arn}"
    }
    error_message = "It reads and writes its table, and deletes nothing."
  }

  assert {
    condition     = module.software_event_update_handler.environment.SOFTWARE_UPDATES_TABLE == "lambda-fleet-prod-software-updates" && module.software_event_update_handler.summary.memory == 128 && module.software_event_update_handler.summary.timeout == 10 && module.software_event_update_handler.summary.vpc_config == null
    error_message = "128 MB and 10 s, outside the VPC."
  }

  assert {
    condition = alltrue([
      for table in [aws_dynamodb_table.clock, aws_dynamodb_table.software_updates] :
      table.billing_mode == "PAY_PER_REQUEST" && table.deletion_protection_enabled && table.point_in_time_recovery[0].enabled
    ])
    error_message = "Tables are on demand, and in prod they can be brought back and not be deleted."
  }

  assert {
    condition     = [aws_dynamodb_table.clock.hash_key, aws_dynamodb_table.clock.ttl[0].attribute_name, aws_dynamodb_table.software_updates.hash_key, aws_dynamodb_table.software_updates.range_key] == ["device_id", "expires_at", "device_id", "sk"]
    error_message = "One item for each device's clock, until it is old; and each event of a device for itself."
  }
}
