# The root that scripts/platform.sh applies, once for an environment: backend, provider, and the environment's file
# (infra/environments), which infra/function reads as well.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }

  # In the bucket that the module makes. scripts/platform.sh moves it there the first time.
  backend "s3" {
    use_lockfile = true
    encrypt      = true
  }
}

provider "aws" {
  allowed_account_ids = [var.account_id]
  region              = var.region

  default_tags {
    tags = merge({ project = var.project, environment = var.environment, managed-by = "terraform" }, var.tags)
  }
}

module "platform" {
  source = "../modules/platform"

  project                = var.project
  environment            = var.environment
  owner                  = var.owner
  account_id             = var.account_id
  region                 = var.region
  tables                 = var.tables
  queues                 = var.queues
  controller             = try(var.platform.controller, null)
  dist                   = var.dist
  rollout_events         = try(var.platform.rollout_events, null)
  function_permissions   = try(var.platform.function_permissions, null)
  kms_key_arns           = try(var.platform.kms_key_arns, null)
  alarm_emails           = try(var.platform.alarm_emails, var.alarm_emails)
  github                 = one([for github in var.github[*] : merge(github, { environments = try(var.platform.github_environments, true) })]) # null of no type
  deletion_protection    = var.deletion_protection
  github_provider_exists = var.github_provider_exists
}

# What a controller that was left out has left of its log is taken up again.
data "aws_cloudwatch_log_groups" "kept" {
  for_each = module.platform.log_groups

  log_group_name_prefix = each.value
}

import {
  for_each = { for key, name in module.platform.log_groups : key => name if contains(data.aws_cloudwatch_log_groups.kept[key].log_group_names, name) }
  to       = module.platform.aws_cloudwatch_log_group.controller[each.key]
  id       = each.value
}

output "github_role_arns" {
  description = "For configure-aws-credentials: plan in pull requests, deploy in the environment, rollback in <environment>-rollback."
  value       = module.platform.github_role_arns
}

output "owner" {
  description = "Whose platform this is: scripts/platform.sh refuses to change that of another project."
  value       = module.platform.owner
}
