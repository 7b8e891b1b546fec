terraform {
  # For use_lockfile of the S3 backend, and validations that use other variables.
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }

  # One state a function, so that CI can apply them in parallel. scripts/aws-common.sh passes bucket, key and
  # region; the lock is an object next to the state.
  backend "s3" {
    use_lockfile = true
    encrypt      = true
  }
}

provider "aws" {
  # Credentials of another account are refused before anything is read.
  allowed_account_ids = var.account_id == null ? null : [var.account_id]
  region              = var.region

  default_tags {
    tags = merge({ function = var.function, managed-by = "terraform" }, var.tags)
  }
  # `rollout publish` keeps the function's rollout policy there.
  ignore_tags {
    key_prefixes = ["rollout:"]
  }
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

module "names" {
  source = "../names"

  account_id = local.account_id
  region     = var.region
}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
}
