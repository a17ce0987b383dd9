# What the two roles of github.tf may do, statement by statement.

locals {
  github_deploy_statements = [
    {
      Sid    = "Release"
      Effect = "Allow"
      Action = concat(
        # The emulator takes both calls on aliases for ListAliases.
        local.emulated ? ["lambda:ListAliases"] : ["lambda:GetAlias", "lambda:UpdateAlias"],
        [
          "lambda:GetFunction",
          "lambda:GetPolicy",
          "lambda:GetProvisionedConcurrencyConfig",
          "lambda:InvokeFunction",
          "lambda:PublishVersion",
          "lambda:UpdateFunctionCode",
        ],
      )
      # Its versions and `live` have the function's name in front.
      Resource = [local.github_function_arn]
    },
    {
      Sid      = "RecordReleases"
      Effect   = "Allow"
      Action   = ["dynamodb:ConditionCheckItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"]
      Resource = [aws_dynamodb_table.releases.arn]
    },
    {
      Sid    = "LogInToRegistry"
      Effect = "Allow"
      # The emulator does not see which repository DescribeRepositories means.
      Action   = concat(["ecr:GetAuthorizationToken"], local.emulated ? ["ecr:DescribeRepositories"] : [])
      Resource = ["*"] # it has no ARN
    },
    {
      # An image that is there can be neither changed nor deleted: tags are for good.
      Sid    = "PushAndLookAtImages"
      Effect = "Allow"
      Action = [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:CompleteLayerUpload",
        "ecr:DescribeImages",
        "ecr:DescribeRepositories",
        "ecr:GetDownloadUrlForLayer",
        "ecr:GetRepositoryPolicy",
        "ecr:InitiateLayerUpload",
        "ecr:PutImage",
        "ecr:UploadLayerPart",
      ]
      Resource = [local.github_repository_arn]
    },
    {
      Sid      = "Judge"
      Effect   = "Allow"
      Action   = ["cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "logs:DescribeLogGroups"]
      Resource = ["*"] # reads that cannot be kept to some alarms, metrics or groups
    },
    {
      Sid      = "TellPeople"
      Effect   = "Allow"
      Action   = ["sns:Publish"]
      Resource = [aws_sns_topic.alarms.arn]
    },
    {
      # fleet validate holds each function's permissions against Terraform.
      Sid      = "ReadPermissions"
      Effect   = "Allow"
      Action   = ["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"]
      Resource = ["arn:${local.partition}:iam::${local.account_id}:role/${local.prefix}-*"]
    },
    {
      Sid      = "AskRoutes"
      Effect   = "Allow"
      Action   = ["execute-api:Invoke"]
      Resource = [for api in values(local.apis) : "${api.execution_arn}/*"]
    },
    {
      Sid      = "ReadState"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = ["${local.github_state_arn}/lambda-fleet/terraform.tfstate"]
    },
    {
      Sid      = "FindState"
      Effect   = "Allow"
      Action   = ["s3:ListBucket"]
      Resource = [local.github_state_arn]
    },
  ]

  # AWS's list of reads lets its holder read data too. Terraform's state, the history of releases
  # and plain parameters are what a plan needs of that.
  github_plan_statements = [
    {
      Sid      = "NoSecrets"
      Effect   = "Deny"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = ["*"]
    },
    {
      # What decrypts in the name of whoever asks: Parameter Store for the one encrypted parameter
      # that is in Terraform's state, and Lambda for its functions' settings. The keys are AWS's own,
      # whose policies let everybody in who may use the service; so an Allow is not missing.
      Sid      = "NoDecryptionButSettings"
      Effect   = "Deny"
      Action   = ["kms:Decrypt"]
      Resource = ["*"]
      # Refused where both differ, or are not there.
      Condition = {
        StringNotEquals = { "kms:EncryptionContext:PARAMETER_ARN" = local.encrypted_parameter_arn }
        StringNotLike   = { "kms:EncryptionContext:aws:lambda:FunctionArn" = local.github_function_arn }
      }
    },
    {
      Sid         = "NoObjectsButState"
      Effect      = "Deny"
      Action      = ["s3:GetObject", "s3:GetObjectVersion"]
      NotResource = ["${local.github_state_arn}/lambda-fleet/terraform.tfstate"]
    },
    {
      Sid         = "NoItemsButReleases"
      Effect      = "Deny"
      Action      = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:GetRecords", "dynamodb:PartiQLSelect", "dynamodb:Query", "dynamodb:Scan"]
      NotResource = [aws_dynamodb_table.releases.arn]
    },
    {
      Sid      = "NoLogsAndMessages"
      Effect   = "Deny"
      Action   = ["logs:FilterLogEvents", "logs:GetLogEvents", "logs:GetLogRecord", "logs:GetQueryResults", "logs:StartLiveTail", "logs:StartQuery", "sqs:ReceiveMessage"]
      Resource = ["*"]
    },
  ]
}
