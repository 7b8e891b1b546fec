variable "account_id" {
  description = "The AWS account; credentials of another are refused."
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

variable "tags" {
  description = "Tags of all resources, besides `platform` and `managed-by`."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(lower(key), "aws:") && length(key) <= 128])
    error_message = "A tag's key has at most 128 characters and does not begin with aws:."
  }
}

# `package resources` writes the next three, from the Cargo.toml of the functions and of shared.

variable "functions" {
  description = "Names of all functions: the deploy role may change only these. Written by scripts/platform.sh."
  type        = list(string)

  validation {
    condition     = alltrue([for name in var.functions : can(regex("^[a-zA-Z0-9_-]{1,64}$", name))])
    error_message = "A function's name has 1 to 64 letters, digits, hyphens and underscores: it is part of the deploy role's permissions."
  }
  validation {
    condition     = length(setintersection(var.functions, ["github-plan", "github-deploy"])) == 0
    error_message = "A function named github-plan or github-deploy would share its role's name with a role of the platform, and the deploy role could rewrite itself: rename it."
  }
}

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

variable "kms_key_arns" {
  description = "Keys that functions may use (kms_key_arn of infra/function): their roles may decrypt with these, and the deploy role may let Lambda use them."
  type        = set(string)
  default     = []

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

  validation {
    condition     = alltrue([for address in var.alarm_emails : can(regex("^[^@ ]+@[^@ ]+$", address))])
    error_message = "An address looks like someone@example.com."
  }
}

variable "github" {
  description = "The repository whose workflows may plan and deploy; null makes neither provider nor roles. The ids (GET /repos/OWNER/NAME: owner.id, id) are in the tokens of repositories created since 2026-07-15."
  type = object({
    repository    = string
    owner_id      = optional(number)
    repository_id = optional(number)
    branch        = optional(string, "main")
    environment   = optional(string, "production")
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
    condition     = var.github == null ? true : !strcontains("${var.github.branch}${var.github.environment}", "*")
    error_message = "One branch and one environment: a wildcard would let others deploy."
  }
}

variable "github_provider_exists" {
  description = "Whether the account already has GitHub's identity provider: AWS allows one per account."
  type        = bool
  default     = false
}
