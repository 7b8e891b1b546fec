# What all functions of a project share in one environment. Called by infra/platform, or from Terraform of your own.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }
}

data "aws_partition" "current" {}

module "names" {
  source = "../../names"

  project     = var.project
  environment = var.environment
  account_id  = var.account_id
}

locals {
  partition = data.aws_partition.current.partition
  prefix    = module.names.prefix
}
