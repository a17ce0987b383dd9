# github.tf: whom GitHub has to vouch for, and what the two roles may do.

mock_provider "aws" {
  source = "./tests/mocks"
}

override_resource {
  target = aws_dynamodb_table.releases
  values = { arn = "arn:aws:dynamodb:us-east-1:123456789012:table/releases" }
}

override_resource {
  target = aws_iam_openid_connect_provider.github
  values = { arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
}

variables {
  environment = "staging"
  image_tag   = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  digest = {
    supabase_url     = "https://project.supabase.co"
    backend_endpoint = "https://digests.example.com/api/v1/digest"
  }
  messages = {
    ntfy_url = "https://ntfy.sh/a-topic-of-the-test"
  }
  github = { repository = "owner/fleet" }
}

run "roles" {
  assert {
    condition = { for name, role in aws_iam_role.github : name => jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] } == {
      deploy = ["repo:owner/fleet:environment:staging"]
      plan   = ["repo:owner/fleet:pull_request", "repo:owner/fleet:ref:refs/heads/main"]
    }
    error_message = "Releases are for jobs with this environment, plans for pull requests and main; of this repository, and exactly so."
  }

  assert {
    condition = alltrue([
      for role in aws_iam_role.github :
      jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:aud"] == "sts.amazonaws.com"
      && jsondecode(role.assume_role_policy).Statement[0].Action == "sts:AssumeRoleWithWebIdentity"
      && keys(jsondecode(role.assume_role_policy).Statement[0].Principal) == ["Federated"]
      && length(jsondecode(role.assume_role_policy).Statement) == 1
    ])
    error_message = "A role is taken with a token for AWS, and in no other way."
  }

  assert {
    condition     = aws_iam_openid_connect_provider.github[0].url == "https://token.actions.githubusercontent.com" && aws_iam_openid_connect_provider.github[0].client_id_list == toset(["sts.amazonaws.com"])
    error_message = "The provider is GitHub's."
  }

  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(aws_iam_role_policy.github_deploy[0].policy).Statement : [
        for action in statement.Action :
        !strcontains(action, "*") && !can(regex(":(Delete|Create|Attach|Detach|Pass|Tag|Untag)|^iam:(Put|Update|Add|Set)|^s3:Put|^lambda:(UpdateFunctionConfiguration|AddPermission)|GetSecretValue", action))
      ]
    ]))
    error_message = "A deploy makes and deletes nothing, passes no role, changes no permission and no setting, reads no secret."
  }

  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(aws_iam_role_policy.github_deploy[0].policy).Statement : [
        for resource in statement.Resource :
        resource != "*" || contains(["LogInToRegistry", "Judge"], statement.Sid)
      ]
    ]))
    error_message = "What can be kept to this environment is."
  }

  assert {
    condition = one([for statement in jsondecode(aws_iam_role_policy.github_deploy[0].policy).Statement : statement.Resource if statement.Sid == "Release"]) == [
      "arn:aws:lambda:us-east-1:123456789012:function:lambda-fleet-staging-*"
    ]
    error_message = "Functions of other environments are out of reach."
  }

  assert {
    condition     = length(aws_iam_role_policy.github_deploy[0].policy) < 10240
    error_message = "IAM takes 10,240 characters of inline policy."
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_role_policy.github_plan[0].policy).Statement : statement.Effect == "Deny"])
    error_message = "AWS's list of reads is only made shorter."
  }

  # https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html
  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.github_plan[0].policy).Statement : statement if contains(statement.Action, "kms:Decrypt")] == [{
      Sid      = "NoDecryptionButSettings"
      Effect   = "Deny"
      Action   = ["kms:Decrypt"]
      Resource = ["*"]
      Condition = {
        StringNotEquals = { "kms:EncryptionContext:PARAMETER_ARN" = aws_ssm_parameter.ntfy_url.arn }
        StringNotLike   = { "kms:EncryptionContext:aws:lambda:FunctionArn" = "arn:aws:lambda:us-east-1:123456789012:function:lambda-fleet-staging-*" }
      }
    }]
    error_message = "A plan reads the one encrypted parameter of the state and its functions' settings, and decrypts nothing else."
  }

  assert {
    condition     = aws_iam_role_policy_attachment.github_plan[0].policy_arn == "arn:aws:iam::aws:policy/ReadOnlyAccess" && aws_iam_role_policy_attachment.github_plan[0].role == aws_iam_role.github["plan"].name
    error_message = "A plan reads."
  }
}

# https://docs.github.com/en/actions/reference/security/oidc#immutable-subject-claims
run "a_repository_with_numbers_in_its_tokens" {
  variables {
    github = { repository = "owner/fleet", owner_id = "123456", repository_id = "456789" }
  }

  assert {
    condition = { for name, role in aws_iam_role.github : name => jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] } == {
      deploy = ["repo:owner@123456/fleet@456789:environment:staging"]
      plan   = ["repo:owner@123456/fleet@456789:pull_request", "repo:owner@123456/fleet@456789:ref:refs/heads/main"]
    }
    error_message = "Names alone, which somebody may take over, get no role."
  }
}

run "one_number_is_not_enough" {
  command = plan

  variables {
    github = { repository = "owner/fleet", owner_id = "123456" }
  }

  expect_failures = [var.github]
}

run "numbers_are_digits" {
  command = plan

  variables {
    github = { repository = "owner/fleet", owner_id = "*", repository_id = "456789" }
  }

  expect_failures = [var.github]
}

run "second_environment_of_an_account" {
  variables {
    github = { repository = "owner/fleet", create_provider = false, state_bucket = "state-of-mine" }
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0 && jsondecode(aws_iam_role.github["deploy"].assume_role_policy).Statement[0].Principal.Federated == "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    error_message = "An account has one provider for GitHub, and each environment its own roles."
  }

  assert {
    condition     = one([for statement in jsondecode(aws_iam_role_policy.github_deploy[0].policy).Statement : statement.Resource if statement.Sid == "ReadState"]) == ["arn:aws:s3:::state-of-mine/lambda-fleet/terraform.tfstate"]
    error_message = "The state is where the backend has it."
  }
}

run "without_github" {
  command = plan

  override_resource {
    target          = aws_ecr_repository.function
    override_during = plan
    values          = { repository_url = "123456789012.dkr.ecr.us-east-1.amazonaws.com/lambda-fleet/mocked" }
  }

  variables {
    github = null
  }

  assert {
    condition     = length(aws_iam_role.github) == 0 && length(aws_iam_openid_connect_provider.github) == 0 && length(aws_iam_role_policy.github_deploy) == 0
    error_message = "Without a repository there is nothing for GitHub."
  }
}

run "refusals_1" {
  command = plan

  variables {
    # Wildcard repository.
    github = { repository = "owner/*" }

    # Registry of two owners.
    registry = { account_id = "210987654321" }
  }

  expect_failures = [
    var.github,
    var.registry,
  ]
}

run "registry_of_another_account" {
  variables {
    registry = { create = false, account_id = "210987654321" }
    invoke_gateway = {
      service = {
        image_tag       = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
        certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/1"
        client_cidrs    = ["10.0.0.0/8"]
      }
    }
  }

  assert {
    condition     = length(aws_ecr_repository.function) == 0 && alltrue([for repository in data.aws_ecr_repository.function : repository.registry_id == "210987654321"])
    error_message = "Images are where another account has them."
  }

  assert {
    condition     = strcontains(local.github_repository_arn, ":210987654321:repository/lambda-fleet/")
    error_message = "The role that deploys looks there."
  }

  assert {
    condition     = alltrue([for arn in one([for statement in jsondecode(module.release_guard.policy).Statement : statement.Resource if statement.Sid == "LookAtImages"]) : startswith(arn, "arn:aws:ecr:us-east-1:210987654321:repository/lambda-fleet/")])
    error_message = "The release guard looks there."
  }

  assert {
    condition     = one([for statement in jsondecode(aws_iam_role_policy.gateway_execution[0].policy).Statement : statement.Resource if statement.Sid == "PullImage"]) == ["arn:aws:ecr:us-east-1:210987654321:repository/lambda-fleet/lambda-action"]
    error_message = "The gateway's service pulls from there."
  }

  assert {
    condition     = alltrue([for name in ["ecr.api", "ecr.dkr"] : jsondecode(aws_vpc_endpoint.interface[name].policy).Statement[0].Resource == ["arn:aws:ecr:us-east-1:210987654321:repository/lambda-fleet/lambda-action"]])
    error_message = "The endpoints let its image through."
  }
}

run "registry_for_other_accounts" {
  variables {
    registry = { shared_with = ["210987654321"] }
  }

  assert {
    condition = alltrue([
      for policy in aws_ecr_repository_policy.function : [for s in jsondecode(policy.policy).Statement : s.Sid] == ["PullByThisFunction", "PullByItInOtherAccounts", "TakeByOtherAccounts"]
    ])
    error_message = "Functions and releases of the other account are let in."
  }

  assert {
    condition     = !strcontains(jsonencode([for policy in aws_ecr_repository_policy.function : policy.policy]), "ecr:PutImage")
    error_message = "Only the account that owns the images pushes them."
  }
}
