# One repository for each function's image. They come first: images are pushed between this and
# the rest, because a function cannot be created without its image.
#
#   terraform apply -target=aws_ecr_lifecycle_policy.function -target=aws_ecr_repository_policy.function
#
# Targets bring what they depend on, so these two bring the repositories too.

locals {
  owned_repositories = var.registry.create ? local.functions : toset([])
  # The emulator names its registry as AWS would, and answers under its own address alone.
  repository_urls = {
    for name, url in merge(
      { for name, repository in aws_ecr_repository.function : name => repository.repository_url },
      { for name, repository in data.aws_ecr_repository.function : name => repository.repository_url },
    ) : name => local.emulated ? replace(url, "/^[^/]+/", replace(var.emulator.endpoint, "/^https?:\\/\\//", "")) : url
  }
}

resource "aws_ecr_repository" "function" {
  #checkov:skip=CKV_AWS_136:AES256 is on; a customer key would buy nothing here, since whoever may pull may read.
  for_each = local.owned_repositories

  name = "${local.project}/${each.key}"
  # A tag is a commit for good: what was tested under it is what runs, and what a roll back finds.
  image_tag_mutability = "IMMUTABLE"
  force_delete         = local.disposable

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "AES256"
  }
}

data "aws_ecr_repository" "function" {
  for_each = setsubtract(local.functions, local.owned_repositories)

  name        = "${local.project}/${each.key}"
  registry_id = var.registry.account_id
}

# By count and never by age: after a quiet year the last images are still those to go back to.
resource "aws_ecr_lifecycle_policy" "function" {
  for_each = aws_ecr_repository.function

  repository = each.value.name
  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "Keep the last ${var.registry.keep_images} images; a roll back may reach ${var.registry.rollback_window} releases back."
      selection = {
        tagStatus   = "any"
        countType   = "imageCountMoreThan"
        countNumber = var.registry.keep_images
      }
      action = { type = "expire" }
    }]
  })
}

# Lambda writes such a policy by itself when it may and finds none. Declared, it is reviewed, and
# it lets in the functions of this fleet alone.
resource "aws_ecr_repository_policy" "function" {
  for_each = aws_ecr_repository.function

  repository = each.value.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "PullByThisFunction"
        Effect    = "Allow"
        Principal = { Service = "lambda.amazonaws.com" }
        Action    = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Condition = {
          ArnLike = {
            "aws:SourceArn" = "arn:${local.partition}:lambda:${var.region}:${local.account_id}:function:${local.project}-*-${each.key}"
          }
        }
      }],
      [for accounts in length(var.registry.shared_with) == 0 ? [] : [var.registry.shared_with] : {
        Sid       = "PullByItInOtherAccounts"
        Effect    = "Allow"
        Principal = { Service = "lambda.amazonaws.com" }
        Action    = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Condition = {
          ArnLike = {
            "aws:SourceArn" = formatlist("arn:${local.partition}:lambda:${var.region}:%s:function:${local.project}-*-${each.key}", accounts)
          }
        }
      }],
      # Who gives a function an image of another account must be let in to it there too. Images are
      # pushed by this account alone.
      [for accounts in length(var.registry.shared_with) == 0 ? [] : [var.registry.shared_with] : {
        Sid       = "TakeByOtherAccounts"
        Effect    = "Allow"
        Principal = { AWS = formatlist("arn:${local.partition}:iam::%s:root", accounts) }
        Action = [
          "ecr:BatchGetImage",
          "ecr:DescribeImages",
          "ecr:DescribeRepositories",
          "ecr:GetDownloadUrlForLayer",
          "ecr:GetRepositoryPolicy",
        ]
      }],
    )
  })
}
