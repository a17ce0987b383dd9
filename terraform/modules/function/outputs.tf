output "alias_arn" {
  description = "ARN of the alias live: what triggers call."
  value       = aws_lambda_alias.live.arn
}

output "alias_invoke_arn" {
  description = "ARN by which an API's integration calls the alias live."
  value       = aws_lambda_alias.live.invoke_arn
}

output "role_arn" {
  description = "ARN of the function's role."
  value       = aws_iam_role.this.arn
}

output "policy" {
  description = "What the role may do, as JSON."
  value       = aws_iam_role_policy.this.policy
}

output "environment" {
  description = "The function's environment variables."
  value       = aws_lambda_function.this.environment[0].variables
}

output "alarm_arns" {
  description = "ARNs of the function's alarms, by what they watch."
  value = {
    errors    = aws_cloudwatch_metric_alarm.errors.arn
    duration  = aws_cloudwatch_metric_alarm.duration.arn
    throttles = aws_cloudwatch_metric_alarm.throttles.arn
  }
}

output "alarm_dimensions" {
  description = "Dimensions under which the metrics of the alias are found."
  value       = local.alarm_dimensions
}

output "summary" {
  description = "What releases and operators need to know."
  value = {
    name         = aws_lambda_function.this.function_name
    arn          = aws_lambda_function.this.arn
    alias_arn    = aws_lambda_alias.live.arn
    role_arn     = aws_iam_role.this.arn
    role_name    = aws_iam_role.this.name
    log_group    = aws_cloudwatch_log_group.this.name
    architecture = var.platform.architecture
    memory       = var.memory
    timeout      = var.timeout

    # What `fleet validate` holds the function against.
    ephemeral_storage  = var.ephemeral_storage
    tracing            = var.platform.tracing ? "Active" : "PassThrough"
    vpc_config         = var.vpc_config
    log_retention_days = var.platform.log_retention_days
    # Outputs are read by more people than the function: values only as their hash.
    environment_names  = sort(keys(local.variables))
    environment_sha256 = sha256(jsonencode(local.variables))
    policy_name        = aws_iam_role_policy.this.name
    policy             = aws_iam_role_policy.this.policy
    alarm_dimensions   = local.alarm_dimensions
    alarms = [
      aws_cloudwatch_metric_alarm.errors.alarm_name,
      aws_cloudwatch_metric_alarm.duration.alarm_name,
      aws_cloudwatch_metric_alarm.throttles.alarm_name,
    ]
  }
}
