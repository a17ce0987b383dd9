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
    DOWNLOAD_BUCKET = module.downloads.name
  }

  policy = {
    # A presigned URL can do what its signer can: this is the permission that callers use.
    ReadDownloads = {
      actions   = ["s3:GetObject"]
      resources = ["${module.downloads.arn}/*"]
    }
    # Without it S3 answers 403 for a missing object, and the caller could not be told 404.
    TellMissingFromForbidden = {
      actions   = ["s3:ListBucket"]
      resources = [module.downloads.arn]
    }
  }
}
