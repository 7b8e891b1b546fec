# Names that `platform` gives and `function` uses: said once, here.
#
# What is global (buckets) carries account and region; the rest is unique in its account and region.

variable "account_id" {
  description = "The AWS account."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An AWS account id has 12 digits."
  }
}

variable "region" {
  description = "The AWS region, like eu-central-1."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "A region looks like eu-central-1."
  }
}

output "artifact_bucket" {
  description = "Artifacts that are too large for a direct upload."
  value       = "lambda-artifacts-${var.account_id}-${var.region}"
}

output "alarm_topic" {
  description = "The SNS topic that every alarm speaks to."
  value       = "lambda-alarms"
}

output "function_boundary" {
  description = "The policy that bounds what any function's role may do. IAM knows no regions, so the name does."
  value       = "lambda-functions-${var.region}"
}

output "state_bucket" {
  description = "Terraform's states. scripts/aws-common.sh spells the same name: a backend takes no variables."
  value       = "lambda-state-${var.account_id}-${var.region}"
}
