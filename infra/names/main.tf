# Names that `platform` and `function` share.
#
# Names of buckets are global, and so contain account and region; the others are unique in their account and region.

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
  description = "The SNS topic of all alarms."
  value       = "lambda-alarms"
}

output "function_boundary" {
  description = "The policy that limits what any function's role may do. IAM has no regions, so its name has one."
  value       = "lambda-functions-${var.region}"
}

output "state_bucket" {
  description = "Terraform's states. scripts/aws-common.sh builds the same name, because a backend takes no variables."
  value       = "lambda-state-${var.account_id}-${var.region}"
}
