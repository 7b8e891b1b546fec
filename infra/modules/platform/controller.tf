# The controller: one Lambda function that advances every rollout of the environment each minute, and at once on an alarm.
# A person applies it, with the platform: no workflow can change it (permissions.tf).

variable "controller" {
  description = "Whether rollouts advance by themselves. Without the controller, `rollout run` advances one as long as it runs."
  type        = bool
  default     = true
  nullable    = false

  validation {
    condition     = !var.controller || (var.dist == null ? false : fileexists("${var.dist}/controller/function.json"))
    error_message = "The controller is not built: run scripts/build.sh controller, or leave it out (controller = false for the platform in infra/environments/${var.environment}.tfvars)."
  }
}

variable "dist" {
  description = "The folder that scripts/build.sh writes to, with the controller's build."
  type        = string
  default     = null
}

locals {
  controller = var.controller ? toset(["controller"]) : toset([])
  build      = var.controller ? jsondecode(file("${var.dist}/controller/function.json")) : null
}

resource "aws_lambda_function" "controller" {
  # checkov:skip=CKV_AWS_115: two at once are harmless, and accounts that are new may reserve no concurrency
  # checkov:skip=CKV_AWS_116: what fails is kept by the configuration of `live` below
  # checkov:skip=CKV_AWS_117: it calls AWS's public APIs, and nothing in a VPC
  # checkov:skip=CKV_AWS_173: its environment is two names
  # checkov:skip=CKV_AWS_272: its code is what the person who applies has built

  for_each = local.controller

  function_name = module.names.controller
  description   = local.build.description
  role          = aws_iam_role.controller[each.key].arn
  publish       = true # `live` serves a version, so that an update begins between two wakes and not in one

  runtime          = local.build.runtime
  handler          = local.build.handler
  architectures    = ["arm64"]
  filename         = "${var.dist}/controller/${local.build.artifacts["arm64"].zip}"
  source_code_hash = local.build.artifacts["arm64"].code_sha256
  memory_size      = local.build.memory_mib
  timeout          = local.build.timeout_s

  environment {
    variables = merge(local.build.environment, { FUNCTION_PREFIX = "${local.prefix}-", EVENT_BUS = local.event_bus })
  }
  logging_config {
    log_group             = aws_cloudwatch_log_group.controller[each.key].name
    log_format            = "JSON"
    application_log_level = "INFO"
    system_log_level      = "INFO"
  }
  tracing_config {
    mode = "PassThrough"
  }

  depends_on = [aws_iam_role_policy.controller]
}

resource "aws_lambda_alias" "controller" {
  for_each = local.controller

  name             = "live"
  function_name    = aws_lambda_function.controller[each.key].function_name
  function_version = aws_lambda_function.controller[each.key].version
}

# Its log lines are the journal of the rollouts.
resource "aws_cloudwatch_log_group" "controller" {
  # checkov:skip=CKV_AWS_158: names and numbers, encrypted with AWS's own key
  # checkov:skip=CKV_AWS_338: as long as the functions' logs by default; a year of them costs

  for_each = local.controller

  name              = "/aws/lambda/${module.names.controller}"
  retention_in_days = 30
  skip_destroy      = true # what happened stays known; infra/platform takes it up again
}

# An event that failed is kept for somebody to look at, and not tried again: the wake of the next minute makes up for it, and
# nobody has to send it back.
resource "aws_lambda_function_event_invoke_config" "controller" {
  for_each = local.controller

  function_name                = aws_lambda_alias.controller[each.key].function_name
  qualifier                    = aws_lambda_alias.controller[each.key].name
  maximum_retry_attempts       = 0
  maximum_event_age_in_seconds = 60

  destination_config {
    on_failure {
      destination = aws_sqs_queue.controller[each.key].arn
    }
  }
}

resource "aws_sqs_queue" "controller" {
  for_each = local.controller

  name                      = "${module.names.controller}-failed"
  message_retention_seconds = 14 * 24 * 60 * 60
  sqs_managed_sse_enabled   = true
}
