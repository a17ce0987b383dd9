# The device platform: links for downloads, and forms for uploads. Two functions, because what one
# signs the other must not. The bucket is given to each by its environment and never by a caller.

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

module "presigned_url_s3_upload" {
  source = "./modules/function"

  platform       = local.platform
  name           = "presigned-url-s3-upload"
  description    = "Time-limited forms by which a device uploads one file to the uploads bucket."
  repository_url = local.repository_urls["presigned-url-s3-upload"]

  memory  = 128
  timeout = 10

  environment = {
    UPLOAD_BUCKET = module.uploads.name
  }

  policy = {
    # A form can do what its signer can. What devices upload nobody reads by it, and files of
    # treatments, below another prefix of the bucket, are not for devices to write.
    WriteUploads = {
      actions   = ["s3:PutObject"]
      resources = ["${module.uploads.arn}/uploads/*"]
    }
  }
}
