# Names that `platform` and `function` share. All begin with `<project>-<environment>`, so that two projects, and two
# environments of one, live side by side in an account. scripts/names.sh builds the same names.

variable "project" {
  description = "The project's name: [workspace.metadata.project] of Cargo.toml."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*[a-z0-9]$", var.project))
    error_message = "A project's name has lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "environment" {
  description = "The environment: a file of infra/environments."
  type        = string

  validation {
    # With hyphens, the rights of `production` would reach the functions of `production-eu`.
    condition     = can(regex("^[a-z][a-z0-9]*$", var.environment))
    error_message = "An environment's name has lower-case letters and digits, and begins with a letter."
  }
  validation {
    condition     = length("${var.project}-${var.environment}") <= 40
    error_message = "${var.project}-${var.environment} begins every name, and S3 leaves it 40 characters: take a shorter name (scripts/rename.sh)."
  }
}

variable "account_id" {
  description = "The AWS account."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An AWS account id has 12 digits."
  }
}

output "prefix" {
  description = "What every name begins with, followed by a hyphen."
  value       = "${var.project}-${var.environment}"
}

output "artifact_bucket" {
  description = "Artifacts that are too large for a direct upload. Names of buckets are global."
  value       = "${var.project}-${var.environment}-artifacts-${var.account_id}"
}

output "state_bucket" {
  description = "Terraform's states. scripts/names.sh builds the same name, because a backend takes no variables."
  value       = "${var.project}-${var.environment}-state-${var.account_id}"
}

output "alarm_topic" {
  description = "The SNS topic of all alarms."
  value       = "${var.project}-${var.environment}-alarms"
}

output "function_boundary" {
  description = "The policy that limits what any function's role may do."
  value       = "${var.project}-${var.environment}-functions"
}

output "controller" {
  description = "The function that advances rollouts, and its role: no other function has this name."
  value       = "${var.project}-${var.environment}-controller"
}
