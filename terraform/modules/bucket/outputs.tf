output "name" {
  description = "Name of the bucket."
  value       = aws_s3_bucket.this.bucket
}

output "arn" {
  description = "ARN of the bucket."
  value       = aws_s3_bucket.this.arn
}

output "summary" {
  description = "How the bucket differs from others."
  value = {
    disposable       = aws_s3_bucket.this.force_destroy
    tls_only         = length(aws_s3_bucket_policy.this) == 1
    lifecycle_rules  = length(aws_s3_bucket_lifecycle_configuration.this) == 1
    old_version_days = var.old_version_days
    expire_days      = var.expire_days
  }
}
