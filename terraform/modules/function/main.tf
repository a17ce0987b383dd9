# One image function. Terraform owns its configuration; releases own its image and its alias.

locals {
  full_name  = "${var.platform.prefix}-${var.name}"
  alias_name = "live"

  # What `fleet` sends to a new version before it gets traffic.
  smoke_file = "${path.module}/../../../images/${var.name}/events/smoke.json"

  variables = merge(var.environment, {
    ENVIRONMENT = var.platform.environment
    LOG_LEVEL   = var.platform.log_level
  })
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_50:Tracing is by environment: platform.tracing.
  #checkov:skip=CKV_AWS_116:A dead letter queue is for asynchronous calls: async_invocation.on_failure_queue_arn.
  #checkov:skip=CKV_AWS_173:Variables hold names and addresses, never a secret; Lambda encrypts them with its own key.
  #checkov:skip=CKV_AWS_272:Code signing does not exist for images; releases pin them by digest.
  function_name = local.full_name
  description   = var.description
  role          = aws_iam_role.this.arn
  architectures = [var.platform.architecture]

  package_type = "Image"
  # For the first image only. A null tag becomes one that no image has: see the postcondition.
  image_uri = "${var.repository_url}:${coalesce(var.platform.image_tag, "none")}"
  # Only a release makes versions: one made here would have passed no smoke event.
  publish = false

  memory_size                    = var.memory
  timeout                        = var.timeout
  reserved_concurrent_executions = var.reserved_concurrency

  ephemeral_storage {
    size = var.ephemeral_storage
  }

  environment {
    variables = local.variables
  }

  logging_config {
    # The functions write JSON themselves. Lambda's own JSON format would wrap it once more.
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.this.name
  }

  tracing_config {
    mode = var.platform.tracing ? "Active" : "PassThrough"
  }

  dynamic "image_config" {
    for_each = var.platform.image_entry_point == null ? [] : [var.platform.image_entry_point]

    content {
      entry_point = image_config.value
    }
  }

  dynamic "vpc_config" {
    for_each = var.vpc_config == null ? [] : [var.vpc_config]

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  # Lambda checks at creation that the role may make network interfaces, and a function that
  # runs before its policy is there fails its first call.
  depends_on = [aws_iam_role_policy.this]

  lifecycle {
    # Releases set the image, by digest. Without this an apply would bring the first one back.
    ignore_changes = [image_uri]

    precondition {
      condition     = try(jsondecode(file(local.smoke_file)).event.test, false) == true
      error_message = "images/${var.name}/events/smoke.json must exist and hold the event {\"test\": true}: a release sends it to every new version."
    }

    postcondition {
      # Of a function that exists this is its present image, so the tag is asked for only once.
      condition     = !endswith(self.image_uri, ":none")
      error_message = "The function ${var.name} is new and needs its first image: push one and give its tag, -var image_tag=<commit SHA>."
    }
  }
}

# Everything that calls the function calls this. It starts at $LATEST because there is no version
# yet; from the first release on it points at versions that passed their smoke event.
resource "aws_lambda_alias" "live" {
  name             = local.alias_name
  description      = "The released version. Moved by releases only."
  function_name    = aws_lambda_function.this.function_name
  function_version = "$LATEST"

  lifecycle {
    # Releases move it, and split its traffic while they do.
    ignore_changes = [description, function_version, routing_config]
  }
}

resource "aws_lambda_function_event_invoke_config" "live" {
  function_name                = aws_lambda_function.this.function_name
  qualifier                    = aws_lambda_alias.live.name
  maximum_retry_attempts       = var.async_invocation.maximum_retry_attempts
  maximum_event_age_in_seconds = var.async_invocation.maximum_event_age_in_seconds

  dynamic "destination_config" {
    for_each = var.async_invocation.on_failure_queue_arn == null ? [] : [var.async_invocation.on_failure_queue_arn]

    content {
      on_failure {
        destination = destination_config.value
      }
    }
  }
}

# Terminate is what Lambda does by itself.
resource "aws_lambda_function_recursion_config" "this" {
  count = var.recursive_loop == "Allow" ? 1 : 0

  function_name  = aws_lambda_function.this.function_name
  recursive_loop = var.recursive_loop
}
