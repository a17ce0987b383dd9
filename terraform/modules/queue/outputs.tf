output "arn" {
  description = "ARN of the queue."
  value       = aws_sqs_queue.this.arn
}

output "url" {
  description = "URL of the queue."
  value       = aws_sqs_queue.this.url
}

output "dead_letters_arn" {
  description = "ARN of the queue of what failed three times."
  value       = aws_sqs_queue.dead_letters.arn
}

output "alarm_arns" {
  description = "ARNs of the alarms on the dead letters."
  value       = { for name, alarm in aws_cloudwatch_metric_alarm.dead_letters : name => alarm.arn }
}
