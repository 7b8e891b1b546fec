# From the environment's file.

variable "account_id" {
  description = "The AWS account; credentials of another are refused."
  type        = string
}

variable "region" {
  description = "The AWS region, like eu-central-1."
  type        = string
}

variable "tags" {
  description = "Tags of all resources, besides `project`, `environment` and `managed-by`."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(lower(key), "aws:") && length(key) <= 128])
    error_message = "A tag's key has at most 128 characters and does not begin with aws:."
  }
}

variable "platform" {
  description = "Variables of infra/modules/platform."
  type        = any
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.platform), ["alarm_emails", "controller", "function_permissions", "github_environments", "kms_key_arns", "rollout_events"])) == 0
    error_message = "platform takes alarm_emails, controller, function_permissions, github_environments, kms_key_arns and rollout_events, and not ${join(", ", keys(var.platform))}."
  }
}

variable "function" {
  description = "For infra/function, which reads the same file."
  type        = any
  default     = {}
}

variable "functions" {
  description = "For infra/function, which reads the same file."
  type        = any
  default     = {}
}

# From scripts/platform.sh.

variable "environment" {
  description = "The name of the environment's file."
  type        = string
}

variable "dist" {
  description = "The folder that scripts/build.sh writes to, with the controller's build."
  type        = string
  default     = null
}

variable "deletion_protection" {
  description = "Whether the tables and the bucket of the states refuse to be deleted."
  type        = bool
  default     = true
}

variable "github_provider_exists" {
  description = "Whether the account has GitHub's identity provider from elsewhere."
  type        = bool
}

# From Cargo.toml, by `package resources`.

variable "project" {
  description = "The project's name, which every name begins with."
  type        = string
}

variable "owner" {
  description = "The project's id."
  type        = string
}

variable "tables" {
  description = "DynamoDB tables by name."
  type        = any
}

variable "queues" {
  description = "SQS queues by their name on SQS."
  type        = any
}

variable "github" {
  description = "The repository whose workflows may plan, deploy and roll back."
  type        = any
  default     = null
}

variable "alarm_emails" {
  description = "Who is notified of alarms, where the environment's file names nobody else."
  type        = set(string)
  default     = []
}
