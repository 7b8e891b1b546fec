# Options of Lambda that are off by default. Each is one variable.

variable "reserved_concurrency" {
  description = "How many invocations may run at once, of all versions together; -1: only the account's limit, 0: none, which stops the function."
  type        = number
  default     = -1
  nullable    = false

  validation {
    condition     = var.reserved_concurrency >= -1 && floor(var.reserved_concurrency) == var.reserved_concurrency
    error_message = "Reserved concurrency is a whole number: -1 for none, or 0 and more."
  }
  validation {
    condition     = try(local.manifest.trigger.kind, "none") != "queue" || var.reserved_concurrency < 0 || var.reserved_concurrency >= try(local.manifest.trigger.maximum_concurrency, 2)
    error_message = "The queue's mapping may start more invocations at once (trigger.maximum_concurrency in the function's Cargo.toml) than reserved_concurrency allows: the rest would be throttled and end in the dead-letter queue."
  }
}

variable "provisioned_concurrency" {
  description = "How many environments are kept ready on `live`; 0 for none. AWS refuses it on an alias that routes to two versions, so with it no rollout can move `live` in steps."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.provisioned_concurrency >= 0 && floor(var.provisioned_concurrency) == var.provisioned_concurrency
    error_message = "Provisioned concurrency is a whole number, 0 for none."
  }
  validation {
    # https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
    condition     = var.provisioned_concurrency == 0 || var.first_weight_percent == 0 || var.first_weight_percent == 100
    error_message = "AWS refuses provisioned concurrency on an alias with weights: make first_weight_percent 0 or 100, or provisioned_concurrency 0."
  }
  validation {
    condition     = var.provisioned_concurrency == 0 || var.reserved_concurrency < 0 || var.provisioned_concurrency <= var.reserved_concurrency
    error_message = "Provisioned concurrency cannot exceed reserved_concurrency."
  }
}

variable "vpc" {
  description = "Subnets and security groups to run in; null: no VPC of yours. Private subnets reach AWS only through endpoints or NAT, which cost."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
  default = null

  validation {
    condition     = var.vpc == null ? true : length(var.vpc.subnet_ids) > 0 && length(var.vpc.security_group_ids) > 0
    error_message = "A VPC needs at least one subnet and one security group."
  }
  validation {
    condition = var.vpc == null ? true : alltrue(concat(
      [for id in var.vpc.subnet_ids : startswith(id, "subnet-")],
      [for id in var.vpc.security_group_ids : startswith(id, "sg-")],
    ))
    error_message = "Subnets are named subnet-..., security groups sg-...."
  }
}

variable "tracing" {
  description = "X-Ray: Active samples requests, PassThrough follows the caller's decision."
  type        = string
  default     = "PassThrough"
  nullable    = false

  validation {
    condition     = contains(["Active", "PassThrough"], var.tracing)
    error_message = "X-Ray's modes are Active and PassThrough."
  }
}

variable "kms_key_arn" {
  description = "Key for environment variables and logs; null: AWS's own. Its policy must let CloudWatch Logs use it, and kms_key_arns of infra/platform must name it."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.kms_key_arn))
    error_message = "Give the ARN of a key (arn:aws:kms:REGION:ACCOUNT:key/ID), not of an alias."
  }
}

variable "code_signing_config_arn" {
  description = "Code signing configuration of the function; null: none. Nothing here signs zips: with one that enforces signatures (UntrustedArtifactOnDeployment = Enforce) Lambda refuses those that rollout publishes."
  type        = string
  default     = null

  validation {
    condition     = var.code_signing_config_arn == null || can(regex("^arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:code-signing-config:", var.code_signing_config_arn))
    error_message = "A code signing configuration is named arn:aws:lambda:REGION:ACCOUNT:code-signing-config:csc-...."
  }
}
