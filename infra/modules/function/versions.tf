# One function with what belongs to it alone. Called by infra/function, or from Terraform of your own.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

module "names" {
  source = "../../names"

  project     = var.project
  environment = var.environment
  account_id  = local.account_id
}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  prefix     = module.names.prefix
  # The function's name on Lambda, and of its role, API and rule.
  name = "${local.prefix}-${var.function}"
}
