# One private bucket: no public access, no ACLs, versioned, encrypted, TLS only, and nothing that
# was overwritten or half uploaded stays for ever.

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_144:A copy in another region would be one more thing to keep private; what must last is versioned.
  #checkov:skip=CKV_AWS_145:SSE-S3 is on. A customer key would need kms:Decrypt for every presigned URL.
  #checkov:skip=CKV_AWS_18:Functions are the only ones who read and write; each call is in their logs, with its request id.
  #checkov:skip=CKV2_AWS_62:What an upload triggers is made beside the function that it triggers.
  bucket        = var.name
  force_destroy = var.disposable
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket = aws_s3_bucket.this.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  # The provider watches new rules for 55 s, fixed in its code. An emulator keeps them and never
  # acts on them, so there it would be the longest step of an apply, for nothing.
  count = var.lifecycle_rules ? 1 : 0

  # Rules about old versions mean nothing before versioning is on.
  depends_on = [aws_s3_bucket_versioning.this]

  bucket = aws_s3_bucket.this.id

  rule {
    id     = "old-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.old_version_days
    }

    # S3 takes one or the other: a delete marker that hides nothing goes, or objects expire, which
    # leaves such markers, and these go by themselves then.
    expiration {
      days                         = var.expire_days
      expired_object_delete_marker = var.expire_days == null ? true : null
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  count = var.tls_only ? 1 : 0

  # S3 refuses to change a bucket's policy and its public access block at the same time.
  depends_on = [aws_s3_bucket_public_access_block.this]

  bucket = aws_s3_bucket.this.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DenyWithoutTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
