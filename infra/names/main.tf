# Names that `platform` gives and `function` uses: said once, here.
#
# What is global (buckets) carries account and region; the rest is unique in its account and region.

variable "account_id" {
  description = "The AWS account."
  type        = string
}

variable "region" {
  description = "The AWS region."
  type        = string
}

output "artifact_bucket" {
  description = "Artifacts that are too large for a direct upload."
  value       = "lambda-artifacts-${var.account_id}-${var.region}"
}

output "alarm_topic" {
  description = "The SNS topic that every alarm speaks to."
  value       = "lambda-alarms"
}

output "state_bucket" {
  description = "Terraform's states. scripts/aws-common.sh spells the same name: a backend takes no variables."
  value       = "lambda-state-${var.account_id}-${var.region}"
}
