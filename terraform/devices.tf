# The device platform: presigned URLs for downloads. The bucket is given to the function by its
# environment and never by a caller.

module "generate_presigned_url" {
  source = "./modules/function"

  platform       = local.platform
  name           = "generate-presigned-url"
  description    = "Time-limited download URLs for objects of the downloads bucket."
  repository_url = local.repository_urls["generate-presigned-url"]

  memory  = 128
  timeout = 10

  environment = {
    DOWNLOAD_BUCKET = aws_s3_bucket.downloads.bucket
  }

  policy = {
    # A presigned URL can do what its signer can: this is the permission that callers use.
    ReadDownloads = {
      actions   = ["s3:GetObject"]
      resources = ["${aws_s3_bucket.downloads.arn}/*"]
    }
    # Without it S3 answers 403 for a missing object, and the caller could not be told 404.
    TellMissingFromForbidden = {
      actions   = ["s3:ListBucket"]
      resources = [aws_s3_bucket.downloads.arn]
    }
  }
}

resource "aws_s3_bucket" "downloads" {
  #checkov:skip=CKV_AWS_144:Downloads are published here from elsewhere; a copy in another region would be one more thing to keep private.
  #checkov:skip=CKV_AWS_145:SSE-S3 is on. A customer key would need kms:Decrypt for every presigned URL.
  #checkov:skip=CKV_AWS_18:Who asked for which download is in the function's log, with its request id.
  #checkov:skip=CKV2_AWS_62:Nothing is triggered by an upload.
  # Bucket names are global, so the account is part of it.
  bucket        = "${local.prefix}-downloads-${local.account_id}"
  force_destroy = local.disposable
}

resource "aws_s3_bucket_public_access_block" "downloads" {
  bucket = aws_s3_bucket.downloads.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "downloads" {
  bucket = aws_s3_bucket.downloads.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "downloads" {
  bucket = aws_s3_bucket.downloads.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "downloads" {
  bucket = aws_s3_bucket.downloads.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "downloads" {
  # The provider watches new rules for 55 s, fixed in its code. An emulator keeps them and never
  # acts on them, so there it would be the longest step of an apply, for nothing.
  count = local.emulated ? 0 : 1

  # Rules about old versions mean nothing before versioning is on.
  depends_on = [aws_s3_bucket_versioning.downloads]

  bucket = aws_s3_bucket.downloads.id

  rule {
    id     = "old-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.downloads.old_version_days
    }

    expiration {
      expired_object_delete_marker = true
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

resource "aws_s3_bucket_policy" "downloads" {
  count = local.tls_only ? 1 : 0

  # S3 refuses to change a bucket's policy and its public access block at the same time.
  depends_on = [aws_s3_bucket_public_access_block.downloads]

  bucket = aws_s3_bucket.downloads.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DenyWithoutTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.downloads.arn, "${aws_s3_bucket.downloads.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
