output "environment" {
  description = "Environment that this state describes."
  value       = var.environment
}

output "region" {
  description = "AWS region of everything."
  value       = var.region
}

output "architecture" {
  description = "Instruction set that images must have."
  value       = var.architecture
}

output "functions" {
  description = "By folder name: what releases and operators need to know of each function."
  value = {
    for name, function in local.modules : name => merge(function.summary, {
      repository_url = local.repository_urls[name]
      invokers       = try(local.invokers[name], [])
    })
  }
}

output "routes" {
  description = "By folder name: the API routes that end at the function, for `fleet validate`: method, path, url and body of a harmless request, expect_status, authorization."
  value       = local.routes
}

output "api" {
  description = "The HTTP API of the devices: where it is, its id for tools, who may call it, where it logs."
  value = {
    endpoint      = module.api.endpoint
    id            = module.api.id
    execution_arn = module.api.execution_arn
    authorization = var.api.authorization
    access_log    = module.api.access_log
    settings      = module.api.settings
  }
}

output "messages_api" {
  description = "The HTTP API of messaging, whose root is the page for people: the same of it."
  value = {
    endpoint      = module.messages_api.endpoint
    id            = module.messages_api.id
    execution_arn = module.messages_api.execution_arn
    authorization = var.api.authorization
    access_log    = module.messages_api.access_log
    settings      = module.messages_api.settings
  }
}

output "invoke_gateway" {
  description = "The invoke gateway: where its REST is, what its tokens are signed with; and its service's load balancers, where it has one."
  value = {
    endpoint               = module.gateway_api.endpoint
    id                     = module.gateway_api.id
    access_log             = module.gateway_api.access_log
    function_prefix        = var.invoke_gateway.function_prefix
    token_seconds          = var.invoke_gateway.token_seconds
    signing_key_secret_arn = aws_secretsmanager_secret.gateway_signing_key.arn
    partitions_schedule    = aws_scheduler_schedule.gateway_partitions.name
    service = local.gateway_service == null ? null : {
      grpc = "${aws_lb.gateway["grpc"].dns_name}:443"
      rest = "https://${aws_lb.gateway["rest"].dns_name}"
    }
  }
}

output "registry" {
  description = "By folder name: the image repository; and how far back images are kept."
  value = {
    repository_urls = local.repository_urls
    keep_images     = var.registry.keep_images
    rollback_window = var.registry.rollback_window
  }
}

output "releases_table" {
  description = "DynamoDB table with the history of releases."
  value       = aws_dynamodb_table.releases.name
}

output "release_guard" {
  description = "The EventBridge rule that starts the release guard, and for how many seconds after a release it watches."
  value = {
    rule           = aws_cloudwatch_event_rule.release_guard.name
    window_seconds = var.release_guard.window_seconds
  }
}

output "alarm_topic_arn" {
  description = "SNS topic that every alarm of the environment goes to, and every release."
  value       = aws_sns_topic.alarms.arn
}

output "dashboard" {
  description = "CloudWatch dashboard of the environment."
  value       = aws_cloudwatch_dashboard.fleet.dashboard_name
}

output "digest" {
  description = "What the scheduled digest works with, and the secret whose value is set by hand, or locally by `fleet bootstrap`."
  value = {
    ledger_table     = aws_dynamodb_table.digest_ledger.name
    secret_arn       = aws_secretsmanager_secret.supabase_key.arn
    dead_letters_url = aws_sqs_queue.digest_dead_letters.url
    schedules        = { for frequency, schedule in aws_scheduler_schedule.digest : frequency => schedule.name }
  }
}

output "messages" {
  description = "What messaging works with: the tables, the topic, where ntfy's URL is kept, and each queue with its dead letters."
  value = {
    stage          = local.stage
    table          = aws_dynamodb_table.messages.name
    results_table  = aws_dynamodb_table.web_action_results.name
    topic_arn      = aws_sns_topic.messages.arn
    ntfy_parameter = aws_ssm_parameter.ntfy_url.name
    schedule_group = aws_scheduler_schedule_group.message_schedules.name
    secret_prefix  = "${local.prefix}/web-action/"
    queues = {
      for name, queue in aws_sqs_queue.messages : name => {
        url              = queue.url
        dead_letters_url = aws_sqs_queue.messages_dead_letters[name].url
      }
    }
    schedules_dead_letters_url = aws_sqs_queue.messages_dead_letters["message-schedules"].url
  }
}

output "hoopstat" {
  description = "The basketball lake: its layers' buckets, and what the first one works with."
  value = {
    buckets          = { for layer, bucket in local.hoopstat : layer => bucket.bucket }
    queue_url        = aws_sqs_queue.bronze.url
    dead_letters_url = aws_sqs_queue.bronze_dead_letters.url
    table            = aws_dynamodb_table.bronze.name
    schedule         = aws_scheduler_schedule.hoopstat.name
    layers = {
      for layer, queue in aws_sqs_queue.lake : layer => {
        queue_url        = queue.url
        dead_letters_url = aws_sqs_queue.lake_dead_letters[layer].url
      }
    }
  }
}

output "buckets" {
  description = "The device platform's buckets, by what they hold."
  value = {
    docs         = module.docs.name
    downloads    = module.downloads.name
    test_reports = module.test_reports.name
    uploads      = module.uploads.name
  }
}

output "database" {
  description = "Where PostgreSQL is; and, of a database of yours, the secrets whose values are set by hand, or locally by `fleet bootstrap`."
  value = {
    endpoint    = local.database.endpoint
    port        = local.database.port
    name        = local.database.name
    secret_arns = { for login, secret in aws_secretsmanager_secret.database : login => secret.arn }
  }
}

output "github" {
  description = "By purpose, the roles that GitHub's workflows take: the values of their variables DEPLOY_ROLE_ARN and <ENV>_PLAN_ROLE_ARN."
  value       = { for purpose, role in aws_iam_role.github : purpose => role.arn }
}
