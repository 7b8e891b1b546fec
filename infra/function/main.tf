# The root that scripts/deploy.sh applies, for each function in each environment: backend, provider, and the environment's
# file (infra/environments), which infra/platform reads as well.

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
  allowed_account_ids = [var.account_id]
  region              = var.region

  default_tags {
    tags = merge({ project = var.project, environment = var.environment, function = var.name, managed-by = "terraform" }, var.tags)
  }
  # `rollout publish` keeps the function's rollout policy there.
  ignore_tags {
    key_prefixes = ["rollout:"]
  }
}

locals {
  settings = merge(var.function, try(var.functions[var.name], {}))
  known = [
    "alarm_error_percent", "alarm_min_errors", "build_alarms", "code_signing_config_arn", "dashboard", "first_weight_percent", "http_authorization",
    "http_throttling", "kms_key_arn", "log_level", "log_retention_days", "provisioned_concurrency", "reserved_concurrency", "tracing", "vpc",
  ]
}

module "function" {
  source = "../modules/function"

  function    = var.name
  project     = var.project
  environment = var.environment
  owner       = var.owner
  region      = var.region
  dist        = var.dist
  commit      = var.commit
  rollout     = var.rollout

  alarm_error_percent     = try(local.settings.alarm_error_percent, null)
  alarm_min_errors        = try(local.settings.alarm_min_errors, null)
  build_alarms            = try(local.settings.build_alarms, null)
  code_signing_config_arn = try(local.settings.code_signing_config_arn, null)
  dashboard               = try(local.settings.dashboard, null)
  first_weight_percent    = try(local.settings.first_weight_percent, null)
  http_authorization      = try(local.settings.http_authorization, null)
  http_throttling         = try(local.settings.http_throttling, null)
  kms_key_arn             = try(local.settings.kms_key_arn, null)
  log_level               = try(local.settings.log_level, null)
  log_retention_days      = try(local.settings.log_retention_days, null)
  provisioned_concurrency = try(local.settings.provisioned_concurrency, null)
  reserved_concurrency    = try(local.settings.reserved_concurrency, null)
  tracing                 = try(local.settings.tracing, null)
  vpc                     = try(local.settings.vpc, null)
}

# What a destroyed function has left of its logs is taken up again.
data "aws_cloudwatch_log_groups" "kept" {
  for_each = module.function.log_groups

  log_group_name_prefix = each.value
}

locals {
  kept = { for key, name in module.function.log_groups : key => toset([for found in data.aws_cloudwatch_log_groups.kept[key].log_group_names : found if found == name]) }
}

import {
  for_each = local.kept.function
  to       = module.function.aws_cloudwatch_log_group.function
  id       = each.key
}

import {
  for_each = try(local.kept.http, [])
  to       = module.function.aws_cloudwatch_log_group.http["http"]
  id       = each.key
}

output "url" {
  description = "URL of the HTTP API, if the function has one."
  value       = module.function.url
}
