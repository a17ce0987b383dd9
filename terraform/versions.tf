terraform {
  # 1.10 brought locking in the bucket itself (use_lockfile), so no lock table is needed; 1.11
  # override_during, which the tests use.
  required_version = ">= 1.11.0, < 2.0.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # The rest comes from the environment: terraform init -backend-config=environments/<env>.s3.tfbackend
  backend "s3" {
    key          = "lambda-fleet/terraform.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}
