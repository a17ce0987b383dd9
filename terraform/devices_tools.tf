# What the platform says of itself: the documentation of its API as it is deployed, and a runner
# that tries every function from inside the VPC.

locals {
  # Composed, and not read from the modules: neither may wait for the functions it calls.
  api_functions = sort(distinct(concat([for route in values(local.api_routes) : route.function], ["lambda-action", "message-webapi"])))
  documented_arns = [
    for name in setsubtract(local.api_functions, ["api-docs-generator"]) :
    "arn:${local.partition}:lambda:${var.region}:${local.account_id}:function:${local.prefix}-${name}:live"
  ]

  tested_functions = sort(setsubtract(local.functions, ["lambda-test-runner"]))
  tested_arns = [
    for name in local.tested_functions :
    "arn:${local.partition}:lambda:${var.region}:${local.account_id}:function:${local.prefix}-${name}:live"
  ]
}

module "api_docs_generator" {
  source = "./modules/function"

  platform       = local.platform
  name           = "api-docs-generator"
  description    = "The HTTP APIs' documentation as they are deployed: a page, and OpenAPI."
  repository_url = local.repository_urls["api-docs-generator"]

  memory  = 512
  timeout = 30

  environment = {
    API_IDS     = join(",", local.api_ids)
    DOCS_BUCKET = module.docs.name
  }

  policy = {
    ReadApis = {
      actions = ["apigateway:GET"]
      resources = flatten([
        for id in local.api_ids : [for path in ["", "/*"] : "arn:${local.partition}:apigateway:${var.region}::/apis/${id}${path}"]
      ])
    }
    AskFunctions = {
      actions   = ["lambda:InvokeFunction"]
      resources = local.documented_arns
    }
    SeeWhatIsLive = {
      # The emulator takes this call for ListAliases, of the function.
      actions   = local.emulated ? ["lambda:ListAliases"] : ["lambda:GetAlias"]
      resources = [for arn in local.documented_arns : trimsuffix(arn, ":live")]
    }
    KeepDocuments = {
      actions   = ["s3:GetObject", "s3:PutObject"]
      resources = ["${module.docs.arn}/*"]
    }
    # Without it S3 answers 403 for a document that is not made yet.
    TellMissingFromForbidden = {
      actions   = ["s3:ListBucket"]
      resources = [module.docs.arn]
    }
  }
}

module "lambda_test_runner" {
  source = "./modules/function"

  platform       = local.platform
  name           = "lambda-test-runner"
  description    = "Invokes the other functions from inside the VPC, and says which of them work."
  repository_url = local.repository_urls["lambda-test-runner"]

  memory  = 1024
  timeout = 300

  vpc_config = local.database_vpc_config

  environment = {
    FUNCTIONS          = join(",", local.tested_functions)
    FUNCTION_PREFIX    = local.prefix
    TEST_REPORT_BUCKET = module.test_reports.name
  }

  policy = {
    InvokeFunctions = {
      actions   = ["lambda:InvokeFunction"]
      resources = local.tested_arns
    }
    WriteReports = {
      actions   = ["s3:PutObject"]
      resources = ["${module.test_reports.arn}/test-reports/*"]
    }
  }

  alarms = {
    # It runs now and then: a percentile of one value says nothing more than the value.
    duration_statistic = "Maximum"
  }
}
