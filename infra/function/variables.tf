# From the environment's file.

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
}

variable "tags" {
  description = "Tags of all resources, besides `project`, `environment`, `function` and `managed-by`."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(lower(key), "aws:") && length(key) <= 128])
    error_message = "A tag's key has at most 128 characters and does not begin with aws:."
  }
}

variable "function" {
  description = "Variables of infra/modules/function, for every function."
  type        = any
  default     = {}
}

variable "functions" {
  description = "The same for one function each, by its name."
  type        = any
  default     = {}

  validation {
    condition     = length(setsubtract(keys(merge(var.function, try(var.functions[var.name], {}))), local.known)) == 0
    error_message = "infra/environments/${var.environment}.tfvars: function and functions.${var.name} take ${join(", ", local.known)}, and not ${join(", ", setsubtract(keys(merge(var.function, try(var.functions[var.name], {}))), local.known))}."
  }
}

variable "platform" {
  description = "For infra/platform, which reads the same file."
  type        = any
  default     = {}
}

# From scripts/deploy-aws.sh.

variable "name" {
  description = "Name of the function: its folder in functions/ and in dist/."
  type        = string
}

variable "environment" {
  description = "The name of the environment's file."
  type        = string
}

variable "project" {
  description = "The project's name, which every name begins with."
  type        = string
}

variable "owner" {
  description = "The project's id."
  type        = string
}

variable "dist" {
  description = "The folder that scripts/build.sh writes to."
  type        = string
}

variable "commit" {
  description = "The commit to deploy, which the artifacts must be built from; null: any."
  type        = string
  default     = null
}

variable "rollout" {
  description = "The program `rollout`: a path, or a name in PATH."
  type        = string
  default     = "rollout"
}
