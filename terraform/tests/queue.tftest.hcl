# modules/queue.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  platform   = { prefix = "lambda-fleet-dev", alarm_topic_arn = "arn:aws:sns:us-east-1:123456789012:alarms" }
  name       = "reports"
  arn_prefix = "arn:aws:sqs:us-east-1:123456789012"
  timeout    = 10
}

run "emulated" {
  command = plan

  module {
    source = "./modules/queue"
  }

  variables {
    tls_only = false
  }

  assert {
    condition     = length(local.deny_without_tls) == 0
    error_message = "Over plain http a policy that demands TLS would lock everybody out."
  }
}

run "of_a_bucket" {
  module {
    source = "./modules/queue"
  }

  variables {
    bucket_arns = ["arn:aws:s3:::reports"]
  }

  assert {
    condition     = aws_sqs_queue.this.visibility_timeout_seconds == 60 && jsondecode(aws_sqs_queue.this.redrive_policy).maxReceiveCount == 3
    error_message = "A record comes back after six times the function's timeout, three times at most."
  }

  assert {
    condition     = { for s in jsondecode(aws_sqs_queue.this.policy).Statement : s.Sid => [s.Effect, s.Resource] } == { HearOfBucket = ["Allow", "arn:aws:sqs:us-east-1:123456789012:lambda-fleet-dev-reports"], DenyWithoutTls = ["Deny", "arn:aws:sqs:us-east-1:123456789012:lambda-fleet-dev-reports"] }
    error_message = "The bucket may send, and nobody without TLS."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.this.policy).Statement[0].Condition == { ArnEquals = { "aws:SourceArn" = "arn:aws:s3:::reports" }, StringEquals = { "aws:SourceAccount" = "123456789012" } }
    error_message = "That bucket alone, and of this account."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.dead_letters.policy).Statement[0].Resource == "arn:aws:sqs:us-east-1:123456789012:lambda-fleet-dev-reports-dead-letters"
    error_message = "Dead letters are refused without TLS too."
  }

  assert {
    condition     = { for name, alarm in aws_cloudwatch_metric_alarm.dead_letters : name => [alarm.metric_name, alarm.threshold] } == { depth = ["ApproximateNumberOfMessagesVisible", 0], age = ["ApproximateAgeOfOldestMessage", 86400] }
    error_message = "Somebody is told of a dead letter, and again after a day."
  }
}

run "refusals" {
  command = plan

  module {
    source = "./modules/queue"
  }

  variables {
    name = "Reports"
  }

  expect_failures = [var.name]
}
