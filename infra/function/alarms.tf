# What tells a person. `rollout run` judges a release by itself and takes it back; these say that
# something is wrong with either half of the newest pair, or with `live` whatever it serves: an older
# version after a release was taken back, or before its successor has traffic.

variable "alarm_error_percent" {
  description = "Failed invocations of a half, in percent of a minute with at least alarm_least_invocations, that are worth an alarm."
  type        = number
  default     = 5

  validation {
    condition     = var.alarm_error_percent >= 0 && var.alarm_error_percent < 100
    error_message = "From 0 to below 100 percent."
  }
}

variable "alarm_least_invocations" {
  description = "With fewer invocations in a minute, failures are no alarm: one of two is 50 percent."
  type        = number
  default     = 20

  validation {
    condition     = var.alarm_least_invocations >= 1
    error_message = "At least 1."
  }
}

locals {
  alarm_actions = ["arn:${local.partition}:sns:${var.region}:${local.account_id}:${module.names.alarm_topic}"]

  # The version that each half has now; changes with every pair. `terraform import` knows none yet, and
  # wants to know for which halves.
  half_dimensions = {
    for architecture in ["arm64", "x86_64"] : architecture => {
      FunctionName    = var.function
      Resource        = "${var.function}:live"
      ExecutedVersion = data.aws_lambda_alias.half[architecture].function_version
    }
  }

  watched = merge(local.half_dimensions, { all = { FunctionName = var.function, Resource = "${var.function}:live" } })

  subjects = { for key in keys(local.watched) : key => key == "all" ? "${var.function}, whatever live serves," : "The ${key} half of ${var.function}" }

  # A function that says what is slow is held to it; others to most of their timeout.
  slow_ms = try(local.manifest.rollout.slow_ms, local.manifest.timeout_s * 800)
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  for_each = local.watched

  alarm_name          = "${var.function}-live-${each.key}-errors"
  alarm_description   = "${local.subjects[each.key]} fails more than ${var.alarm_error_percent}% of its invocations. Look: rollout status ${var.function}. Take it back: rollout abort ${var.function}."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.alarm_error_percent
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching" # no invocations, no failures
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions

  metric_query {
    id          = "failed"
    expression  = "IF(invocations >= ${var.alarm_least_invocations}, 100 * errors / invocations, 0)"
    label       = "failed, percent"
    return_data = true
  }
  metric_query {
    id = "errors"
    metric {
      namespace   = "AWS/Lambda"
      metric_name = "Errors"
      dimensions  = each.value
      period      = 60
      stat        = "Sum"
    }
  }
  metric_query {
    id = "invocations"
    metric {
      namespace   = "AWS/Lambda"
      metric_name = "Invocations"
      dimensions  = each.value
      period      = 60
      stat        = "Sum"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "throttles" {
  for_each = local.watched

  alarm_name          = "${var.function}-live-${each.key}-throttles"
  alarm_description   = "${local.subjects[each.key]} is throttled: callers get 429. Raise the account's or the function's concurrency, or send less."
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions

  namespace   = "AWS/Lambda"
  metric_name = "Throttles"
  dimensions  = each.value
  period      = 60
  statistic   = "Sum"
}

resource "aws_cloudwatch_metric_alarm" "slow" {
  for_each = local.watched

  alarm_name          = "${var.function}-live-${each.key}-p99"
  alarm_description   = "${local.subjects[each.key]} takes longer than ${local.slow_ms} ms for 1 in 100 invocations. Compare the halves: rollout report ${var.function}."
  comparison_operator = "GreaterThanThreshold"
  threshold           = local.slow_ms
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions

  namespace          = "AWS/Lambda"
  metric_name        = "Duration"
  dimensions         = each.value
  period             = 60
  extended_statistic = "p99"
  # A p99 of a few invocations is their slowest one.
  evaluate_low_sample_count_percentiles = "ignore"
}
