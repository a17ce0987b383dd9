# What GitHub's workflows may do here: a role that deploys and a role that plans, each for a few
# minutes and by OIDC. No key is stored anywhere. Who applies Terraform can make any role, so that
# role is not made here: docs/runbooks/first-deploy.md.

locals {
  github_issuer = "token.actions.githubusercontent.com"
  github_roles  = var.github == null ? {} : local.github_trust
  github_provider_arn = var.github == null ? null : (
    var.github.create_provider
    ? aws_iam_openid_connect_provider.github[0].arn
    : "arn:${local.partition}:iam::${local.account_id}:oidc-provider/${local.github_issuer}"
  )

  # How GitHub's tokens name the repository. With the numbers of owner and repository in it, nobody
  # takes the roles by making a repository of the same name once this one is gone.
  github_names = split("/", try(var.github.repository, "/"))
  github_subject = try(var.github.owner_id, null) == null ? "repo:${join("/", local.github_names)}" : (
    "repo:${local.github_names[0]}@${var.github.owner_id}/${local.github_names[1]}@${var.github.repository_id}"
  )

  # Whom GitHub vouches for. A job with an environment is named by it alone, after the environment's
  # protection has let it through; a plan is for pull requests of this repository and for main.
  github_trust = {
    deploy = ["${local.github_subject}:environment:${var.environment}"]
    plan   = ["${local.github_subject}:pull_request", "${local.github_subject}:ref:refs/heads/main"]
  }

  github_function_arn   = "arn:${local.partition}:lambda:${var.region}:${local.account_id}:function:${local.prefix}-*"
  github_repository_arn = "arn:${local.partition}:ecr:${var.region}:${local.registry_account}:repository/${local.project}/*"
  github_state_arn      = "arn:${local.partition}:s3:::${try(coalesce(var.github.state_bucket), "${local.prefix}-state")}"
}

resource "aws_iam_openid_connect_provider" "github" {
  count = try(var.github.create_provider, false) ? 1 : 0

  # AWS checks GitHub's certificate itself, and wants no thumbprint.
  url            = "https://${local.github_issuer}"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "github" {
  for_each = local.github_roles

  name                 = "${local.prefix}-github-${each.key}"
  description          = "What GitHub's workflows may do in ${var.environment}: ${each.key}."
  max_session_duration = 7200

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = local.github_provider_arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        StringEquals = {
          "${local.github_issuer}:aud" = "sts.amazonaws.com"
          "${local.github_issuer}:sub" = each.value
        }
      }
    }]
  })
}

# fleet build, push, release, rollback, resume, promote, validate and status, of this environment.
resource "aws_iam_role_policy" "github_deploy" {
  count = var.github == null ? 0 : 1

  name   = "deploy"
  role   = aws_iam_role.github["deploy"].id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.github_deploy_statements })
}

# A plan reads every setting, for which AWS keeps a list of its own; what people stored it does not.
resource "aws_iam_role_policy_attachment" "github_plan" {
  count = var.github == null ? 0 : 1

  role       = aws_iam_role.github["plan"].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/ReadOnlyAccess"
}

resource "aws_iam_role_policy" "github_plan" {
  count = var.github == null ? 0 : 1

  name   = "no-data"
  role   = aws_iam_role.github["plan"].id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.github_plan_statements })
}
