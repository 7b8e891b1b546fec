terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }

  # In the bucket that state.tf makes. scripts/platform.sh moves it there the first time.
  backend "s3" {
    use_lockfile = true
    encrypt      = true
  }
}

provider "aws" {
  allowed_account_ids = [var.account_id]
  region              = var.region

  default_tags {
    tags = merge({ platform = "lambda", managed-by = "terraform" }, var.tags)
  }
}

data "aws_partition" "current" {}

module "names" {
  source = "../names"

  account_id = var.account_id
  region     = var.region
}

locals {
  partition = data.aws_partition.current.partition
}
