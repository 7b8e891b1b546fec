# No resources: applied on a function's state, it ends everything there. So scripts/destroy.sh needs
# neither dist/ nor the function's sources, which may be gone.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }

  backend "s3" {
    use_lockfile = true
    encrypt      = true
  }
}

provider "aws" {
  allowed_account_ids = [var.account_id]
  region              = var.region
}

variable "account_id" {
  description = "The AWS account; credentials of another are refused."
  type        = string
}

variable "region" {
  description = "The AWS region."
  type        = string
}
