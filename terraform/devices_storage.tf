# Where the device platform keeps things: one bucket for each kind, so that a function which may
# write one cannot read another.

module "downloads" {
  source = "./modules/bucket"

  name             = "${local.prefix}-downloads-${local.account_id}"
  disposable       = local.disposable
  tls_only         = local.tls_only
  lifecycle_rules  = !local.emulated
  old_version_days = var.devices.old_version_days
}

module "uploads" {
  source = "./modules/bucket"

  name             = "${local.prefix}-uploads-${local.account_id}"
  disposable       = local.disposable
  tls_only         = local.tls_only
  lifecycle_rules  = !local.emulated
  old_version_days = var.devices.old_version_days
}

module "docs" {
  source = "./modules/bucket"

  name             = "${local.prefix}-docs-${local.account_id}"
  disposable       = local.disposable
  tls_only         = local.tls_only
  lifecycle_rules  = !local.emulated
  old_version_days = var.devices.old_version_days
}

module "test_reports" {
  source = "./modules/bucket"

  name             = "${local.prefix}-test-reports-${local.account_id}"
  disposable       = local.disposable
  tls_only         = local.tls_only
  lifecycle_rules  = !local.emulated
  old_version_days = var.devices.old_version_days
  # A report says how things were: a quarter later nobody asks.
  expire_days = var.devices.test_report_days
}

# The bucket of the downloads was here before the module: it moves, and nothing is made anew.
moved {
  from = aws_s3_bucket.downloads
  to   = module.downloads.aws_s3_bucket.this
}

moved {
  from = aws_s3_bucket_public_access_block.downloads
  to   = module.downloads.aws_s3_bucket_public_access_block.this
}

moved {
  from = aws_s3_bucket_ownership_controls.downloads
  to   = module.downloads.aws_s3_bucket_ownership_controls.this
}

moved {
  from = aws_s3_bucket_versioning.downloads
  to   = module.downloads.aws_s3_bucket_versioning.this
}

moved {
  from = aws_s3_bucket_server_side_encryption_configuration.downloads
  to   = module.downloads.aws_s3_bucket_server_side_encryption_configuration.this
}

moved {
  from = aws_s3_bucket_lifecycle_configuration.downloads
  to   = module.downloads.aws_s3_bucket_lifecycle_configuration.this
}

moved {
  from = aws_s3_bucket_policy.downloads
  to   = module.downloads.aws_s3_bucket_policy.this
}
