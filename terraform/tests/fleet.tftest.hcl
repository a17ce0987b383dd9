# What concerns all functions: registry, releases, alarms' topic, dashboard.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  environment = "prod"
  image_tag   = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  registry    = { keep_images = 21, rollback_window = 20 }
  digest = {
    supabase_url     = "https://project.supabase.co"
    backend_endpoint = "https://digests.example.com/api/v1/digest"
  }
}

run "the_fleet" {
  # One repository for each folder.
  assert {
    condition     = toset(keys(aws_ecr_repository.function)) == toset([for manifest in fileset("../images", "*/pyproject.toml") : dirname(manifest)])
    error_message = "Every folder under images/ with a pyproject.toml has a repository, and nothing else has one."
  }

  assert {
    condition     = toset(keys(output.functions)) == toset(keys(aws_ecr_repository.function))
    error_message = "Every folder under images/ has a module block, and the other way round."
  }

  assert {
    condition = alltrue([
      for name, repository in aws_ecr_repository.function :
      repository.name == "lambda-fleet/${name}"
      && repository.image_tag_mutability == "IMMUTABLE"
      && repository.image_scanning_configuration[0].scan_on_push
      && !repository.force_delete
    ])
    error_message = "Tags cannot be moved, pushes are scanned, and a destroy does not delete production's images."
  }

  assert {
    condition = alltrue([
      for policy in aws_ecr_lifecycle_policy.function :
      jsondecode(policy.policy).rules[0].selection == { countNumber = 21, countType = "imageCountMoreThan", tagStatus = "any" }
      && length(jsondecode(policy.policy).rules) == 1
      && jsondecode(policy.policy).rules[0].selection.countNumber > var.registry.rollback_window
    ])
    error_message = "Images are kept by count, and more of them than a roll back may reach."
  }

  assert {
    condition = alltrue([
      for name, policy in aws_ecr_repository_policy.function :
      jsondecode(policy.policy).Statement[0].Principal.Service == "lambda.amazonaws.com"
      && jsondecode(policy.policy).Statement[0].Condition.ArnLike["aws:SourceArn"] == "arn:aws:lambda:us-east-1:123456789012:function:lambda-fleet-*-${name}"
    ])
    error_message = "Lambda may pull an image for the function of that name alone."
  }

  # What functions may do.
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
  assert {
    condition     = alltrue([for function in values(output.functions) : length(function.policy) <= 10240])
    error_message = "IAM takes policies of a role of up to 10,240 characters."
  }

  # What leads to a function.
  assert {
    condition     = alltrue([for name in keys(output.routes) : contains(keys(output.functions), name)])
    error_message = "Routes are of functions that exist."
  }

  assert {
    condition = alltrue(flatten([
      for routes in values(output.routes) : [
        for route in routes : startswith(route.url, "https://") && route.expect_status >= 200 && can(regex("^[A-Z]+ /", "${route.method} ${route.path}"))
      ]
    ]))
    error_message = "A route has method, path, an https URL to ask, and the status to expect."
  }

  assert {
    condition     = alltrue(flatten([for function in values(output.functions) : [for service in function.invokers : endswith(service, ".amazonaws.com")]]))
    error_message = "Invokers are AWS services."
  }

  # Releases.
  assert {
    condition     = aws_dynamodb_table.releases.name == "lambda-fleet-prod-releases" && aws_dynamodb_table.releases.hash_key == "function" && aws_dynamodb_table.releases.range_key == "release_id" && aws_dynamodb_table.releases.billing_mode == "PAY_PER_REQUEST"
    error_message = "The history is found by function and in the order of releases."
  }

  assert {
    condition     = output.releases_table == "lambda-fleet-prod-releases"
    error_message = "Releases read the table's name from the outputs."
  }
}

run "registry_of_another_environment" {
  variables {
    registry = { create = false }
  }

  assert {
    condition     = length(aws_ecr_repository.function) == 0 && length(aws_ecr_lifecycle_policy.function) == 0 && length(aws_ecr_repository_policy.function) == 0
    error_message = "No repository is made where another environment owns them."
  }

  assert {
    condition     = alltrue([for function in values(output.functions) : function.repository_url == "123456789012.dkr.ecr.us-east-1.amazonaws.com/elsewhere"])
    error_message = "The functions take their images from the repositories that are there."
  }
}

run "alarms_reach_someone" {
  variables {
    observability = { alarm_email = "on-call@example.com" }
  }

  assert {
    condition     = aws_sns_topic_subscription.email[0].endpoint == "on-call@example.com" && aws_sns_topic_subscription.email[0].protocol == "email"
    error_message = "The address is subscribed to the alarms."
  }

  assert {
    condition     = { for statement in jsondecode(aws_sns_topic_policy.alarms.policy).Statement : statement.Sid => statement.Effect } == { PublishByAlarmsOfThisAccount = "Allow", DenyWithoutTls = "Deny" }
    error_message = "CloudWatch's alarms of this account publish, and nobody without TLS."
  }

  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.fleet.dashboard_body).widgets) == ceil(length(local.dashboard_alarms) / 100) + 4 * (length(output.functions) + length(local.apis)) + length(local.message_rows) + 8
    error_message = "The dashboard has a row for each function, each API, messaging and the lake, below the alarms."
  }

  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
  assert {
    condition = alltrue([
      for widget in jsondecode(aws_cloudwatch_dashboard.fleet.dashboard_body).widgets : length(widget.properties.alarms) <= 100 if widget.type == "alarm"
    ])
    error_message = "CloudWatch takes up to 100 alarms in a widget."
  }

  assert {
    condition = alltrue([
      for widget in jsondecode(aws_cloudwatch_dashboard.fleet.dashboard_body).widgets :
      widget.y >= 4 * ceil(length(local.dashboard_alarms) / 100) if widget.type == "metric"
    ])
    error_message = "Charts are below the alarms, and cover none of them."
  }

  assert {
    condition     = flatten([for widget in jsondecode(aws_cloudwatch_dashboard.fleet.dashboard_body).widgets : widget.properties.alarms if widget.type == "alarm"]) == local.dashboard_alarms && length(local.dashboard_alarms) > 3 * length(output.functions) + 2 * length(local.apis)
    error_message = "The dashboard shows the alarms: of functions, of APIs, of what is between them."
  }
}

run "nobody_by_default" {
  command = plan

  assert {
    condition     = length(aws_sns_topic_subscription.email) == 0
    error_message = "Without an address there is no subscription."
  }
}
