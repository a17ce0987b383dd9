data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  project  = "lambda-fleet"
  prefix   = "${local.project}-${var.environment}"
  emulated = var.emulator != null

  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition

  # Whose repositories the images are in.
  registry_account = coalesce(var.registry.account_id, local.account_id)

  # Where data may be thrown away: a destroy empties buckets and registries, tables are neither
  # protected from deletion nor backed up, and a secret is gone at once.
  disposable = contains(["local", "dev"], var.environment)

  # Over plain http, as to an emulator, a policy that demands TLS locks everybody out.
  tls_only = !startswith(try(var.emulator.endpoint, "https:"), "http:")

  # A folder with a pyproject.toml is a function. Build, registry and tests read the same list.
  functions = toset([
    for manifest in fileset("${path.module}/../images", "*/pyproject.toml") : dirname(manifest)
  ])

  # What every function of the environment shares.
  platform = {
    prefix             = local.prefix
    environment        = var.environment
    architecture       = var.architecture
    image_tag          = var.image_tag
    image_entry_point  = var.image_entry_point
    log_level          = var.observability.log_level
    log_retention_days = var.observability.log_retention_days
    log_kms_key_arn    = var.observability.log_kms_key_arn
    tracing            = var.observability.tracing
    alarm_topic_arn    = aws_sns_topic.alarms.arn
    # AWS reports an alias's metrics under FunctionName and Resource. An emulator may know
    # FunctionName alone, and an alarm on dimensions that never come stays silent.
    alias_metrics = try(var.emulator.alias_metrics, true)
  }

  # The functions by folder name, for outputs, the dashboard and the alarms' list.
  modules = {
    "api-docs-generator"            = module.api_docs_generator
    "bronze-ingestion"              = module.bronze_ingestion
    "db-migrate"                    = module.db_migrate
    "generate-presigned-url"        = module.generate_presigned_url
    "gold-analytics"                = module.gold_analytics
    "insert-ppu-data"               = module.insert_ppu_data
    "lambda-action"                 = module.lambda_action
    "lambda-test-runner"            = module.lambda_test_runner
    "mcp-server"                    = module.mcp_server
    "message-processor"             = module.message_processor
    "message-scheduler"             = module.message_scheduler
    "message-webapi"                = module.message_webapi
    "presigned-url-s3-upload"       = module.presigned_url_s3_upload
    "release-guard"                 = module.release_guard
    "scheduled-digest"              = module.scheduled_digest
    "silver-processing"             = module.silver_processing
    "software-event-update-handler" = module.software_event_update_handler
    "sync-clock"                    = module.sync_clock
    "web-action"                    = module.web_action
  }

  # By folder name, the services that call `live` by a permission on it (aws_lambda_permission),
  # such as apigateway.amazonaws.com. `fleet validate` misses those that are not there.
  invokers = {
    "insert-ppu-data" = ["s3.amazonaws.com"]
    "release-guard"   = ["events.amazonaws.com"]
  }

  # The HTTP APIs, for outputs, the dashboard and the alarms' list.
  apis = {
    "devices"  = module.api
    "gateway"  = module.gateway_api
    "messages" = module.messages_api
  }

  # Queues made by modules/queue, for the dashboard. `fleet new` adds to it.
  queues = {
  }

  # By folder name, requests that show that an API leads to the function.
  routes = {
    for function in distinct(flatten([for api in values(local.apis) : keys(api.routes)])) :
    function => flatten([for api in values(local.apis) : try(api.routes[function], [])])
  }
}
