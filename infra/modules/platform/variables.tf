variable "project" {
  description = "The project's name, which every name begins with."
  type        = string
}

variable "environment" {
  description = "The environment, which comes second in every name."
  type        = string
}

variable "owner" {
  description = "Whose platform this is: the project's id. A checkout with another one is refused (scripts/platform.sh, infra/modules/function)."
  type        = string
}

variable "account_id" {
  description = "The AWS account."
  type        = string
}

variable "region" {
  description = "The AWS region, like eu-central-1."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "A region looks like eu-central-1."
  }
}

# `package resources` writes these two, from the Cargo.toml of the functions and of shared.

variable "tables" {
  description = "DynamoDB tables by name. Written by scripts/platform.sh."
  type = map(object({
    partition_key = object({ name = string, type = string })
    sort_key      = optional(object({ name = string, type = string }))
    indexes = list(object({
      name          = string
      partition_key = object({ name = string, type = string })
      sort_key      = optional(object({ name = string, type = string }))
    }))
    ttl_attribute = optional(string)
  }))
}

variable "queues" {
  description = "SQS queues by their name on SQS. Written by scripts/platform.sh."
  type = map(object({
    dead_letter_queue_name = string
    fifo                   = bool
    visibility_timeout_s   = number
    max_receive_count      = number
  }))
}

variable "function_permissions" {
  description = "What functions may do at most besides logs, aliases, tables, queues and parameters of their own: a function gets what its `permissions` name of it."
  type        = list(object({ actions = list(string), resources = list(string) }))
  default     = []
  nullable    = false
}

variable "kms_key_arns" {
  description = "Keys that functions may use (kms_key_arn of a function): their roles may decrypt with these, and the deploy role may let Lambda use them."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.kms_key_arns : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$", arn))])
    error_message = "Give the ARNs of keys (arn:aws:kms:REGION:ACCOUNT:key/ID), not of aliases."
  }
}

variable "deletion_protection" {
  description = "Whether the tables and the bucket of the states refuse to be deleted. To end the platform, turn it off, apply, and only then destroy."
  type        = bool
  default     = true
}

variable "alarm_emails" {
  description = "Who is notified of alarms; each address must confirm a mail from AWS."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.alarm_emails : can(regex("^[^@ ]+@[^@ ]+$", address))])
    error_message = "An address looks like someone@example.com."
  }
}

variable "github" {
  description = "The repository whose workflows may plan, deploy and roll back; null makes no roles. The ids (GET /repos/OWNER/NAME: owner.id, id) are in the tokens of repositories created since 2026-07-15. Without environments, as in private repositories of GitHub's free plan, the branch alone is trusted."
  type = object({
    repository    = string
    owner_id      = optional(number)
    repository_id = optional(number)
    branch        = optional(string, "main")
    environments  = optional(bool, true)
  })
  default = null

  validation {
    condition     = var.github == null ? true : can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.github.repository))
    error_message = "A repository is owner/name."
  }
  validation {
    condition     = var.github == null ? true : (var.github.owner_id == null) == (var.github.repository_id == null)
    error_message = "Give both owner_id and repository_id, or neither."
  }
  validation {
    condition     = var.github == null ? true : !strcontains(var.github.branch, "*")
    error_message = "One branch: a wildcard would let others deploy."
  }
}

variable "github_provider_exists" {
  description = "Whether the account has GitHub's identity provider from elsewhere: AWS allows one per account. scripts/platform.sh looks."
  type        = bool
  default     = false
}
