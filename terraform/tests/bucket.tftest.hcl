# modules/bucket: what every bucket of the fleet is like.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name       = "lambda-fleet-prod-things-123456789012"
  disposable = false
}

run "by_itself" {
  module {
    source = "./modules/bucket"
  }

  assert {
    condition = (
      aws_s3_bucket_public_access_block.this.block_public_acls && aws_s3_bucket_public_access_block.this.block_public_policy
      && aws_s3_bucket_public_access_block.this.ignore_public_acls && aws_s3_bucket_public_access_block.this.restrict_public_buckets
      && aws_s3_bucket_ownership_controls.this.rule[0].object_ownership == "BucketOwnerEnforced"
    )
    error_message = "The bucket is private."
  }

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled" && one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"
    error_message = "Objects are versioned and encrypted."
  }

  assert {
    condition     = jsondecode(aws_s3_bucket_policy.this[0].policy).Statement[0].Effect == "Deny" && jsondecode(aws_s3_bucket_policy.this[0].policy).Statement[0].Condition.Bool["aws:SecureTransport"] == "false" && jsondecode(aws_s3_bucket_policy.this[0].policy).Statement[0].Principal == "*"
    error_message = "Nobody gets in without TLS."
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this[0].rule[0].noncurrent_version_expiration[0].noncurrent_days == 30 && aws_s3_bucket_lifecycle_configuration.this[0].rule[0].abort_incomplete_multipart_upload[0].days_after_initiation == 7
    error_message = "Old versions and halves of uploads do not stay for ever."
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this[0].rule[0].expiration[0].expired_object_delete_marker
    error_message = "Objects stay, and markers that hide nothing go."
  }

  assert {
    condition     = !aws_s3_bucket.this.force_destroy
    error_message = "A destroy does not throw objects away."
  }
}

run "objects_that_expire" {
  variables {
    expire_days      = 90
    old_version_days = 7
  }

  module {
    source = "./modules/bucket"
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this[0].rule[0].expiration[0].days == 90 && aws_s3_bucket_lifecycle_configuration.this[0].rule[0].noncurrent_version_expiration[0].noncurrent_days == 7
    error_message = "Objects go after so many days, and what is left of them after some more."
  }
}

run "in_an_emulator" {
  variables {
    disposable      = true
    tls_only        = false
    lifecycle_rules = false
  }

  module {
    source = "./modules/bucket"
  }

  assert {
    condition     = aws_s3_bucket.this.force_destroy && length(aws_s3_bucket_policy.this) == 0 && length(aws_s3_bucket_lifecycle_configuration.this) == 0
    error_message = "Over plain http nothing can demand TLS, and a destroy leaves nothing."
  }

  assert {
    condition     = aws_s3_bucket_public_access_block.this.restrict_public_buckets && aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "All else is as everywhere."
  }
}

run "refusals_1" {
  command = plan

  module {
    source = "./modules/bucket"
  }

  variables {
    # A name with a dot.
    name = "things.example"

    # Versions that are gone at once.
    old_version_days = 0

    # Objects that are gone at once.
    expire_days = 0
  }

  expect_failures = [
    var.name,
    var.old_version_days,
    var.expire_days,
  ]
}
