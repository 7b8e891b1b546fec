# The settings of a deploy. Everything about the function itself is in its function.json.

variable "function" {
  description = "Name of the function: its folder in functions/ and in dist/. On Lambda the prefix of all names comes before it."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]+$", var.function)) && length("${var.project}-${var.environment}-${var.function}") <= 64
    error_message = "A function's name has letters, digits, hyphens and underscores, and with ${var.project}-${var.environment}- before it 64 characters at most."
  }
  validation {
    condition     = var.function != "controller"
    error_message = "controller is the function that advances rollouts, which infra/platform makes (scripts/platform.sh): give yours another name."
  }
  validation {
    condition     = fileexists("${var.dist}/${var.function}/function.json")
    error_message = "${var.dist}/${var.function}/function.json is missing: build it (scripts/build.sh ${var.function}). If the function was renamed or removed, end what is left of it: scripts/destroy.sh ${var.function}."
  }
}

variable "project" {
  description = "The project's name, which every name begins with."
  type        = string
}

variable "environment" {
  description = "The environment, which comes second in every name."
  type        = string
}

variable "owner" {
  description = "Whose platform this is: the project's id, as infra/modules/platform has it."
  type        = string
}

variable "dist" {
  description = "The folder that scripts/build.sh writes to."
  type        = string
  default     = "../../dist"
}

variable "commit" {
  description = "The commit to deploy, which the artifacts must be built from; null: any."
  type        = string
  default     = null

  validation {
    condition = var.commit == null || !fileexists("${var.dist}/${var.function}/function.json") ? true : alltrue([
      for artifact in jsondecode(file("${var.dist}/${var.function}/function.json")).artifacts : artifact.commit == var.commit
    ])
    error_message = "dist/${var.function} was built from another commit than ${coalesce(var.commit, "-")}: build it again (scripts/build.sh ${var.function})."
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

variable "rollout" {
  description = "The program `rollout`: a path, or a name in PATH."
  type        = string
  default     = "rollout"
}

variable "first_weight_percent" {
  description = "The arm64 build's share of `live` when `live` is created, in percent; the x86_64 build gets the rest. Afterwards the weight belongs to `rollout`."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.first_weight_percent >= 0 && var.first_weight_percent <= 100
    error_message = "A weight is 0 to 100 percent. (Lambda's own weights are fractions, and Terraform would accept 1.5.)"
  }
}

variable "log_retention_days" {
  description = "How long CloudWatch keeps log lines, in days."
  type        = number
  default     = 30
  nullable    = false

  validation {
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "CloudWatch Logs takes 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."
  }
}

variable "log_level" {
  description = "Lowest level of the function's own log lines."
  type        = string
  default     = "INFO"
  nullable    = false

  validation {
    condition     = contains(["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"], var.log_level)
    error_message = "Lambda's levels are TRACE, DEBUG, INFO, WARN, ERROR and FATAL."
  }
}
