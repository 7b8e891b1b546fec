# Alarms for people. `rollout run` rolls a release back by itself; these alarms say that something is wrong with
# either build of the newest pair, or with `live`, whatever it serves: perhaps an older version, after a rollback or
# before the new one has traffic.

variable "alarm_error_percent" {
  description = "An alarm goes off when more than this percentage of a build's invocations fail in a minute with at least alarm_min_invocations."
  type        = number
  default     = 5

  validation {
    condition     = var.alarm_error_percent >= 0 && var.alarm_error_percent < 100
    error_message = "From 0 to below 100 percent."
  }
}

variable "alarm_min_invocations" {
  description = "With fewer invocations in a minute, failures cause no alarm: one of two would be 50 percent."
  type        = number
  default     = 20

  validation {
    condition     = var.alarm_min_invocations >= 1
    error_message = "At least 1."
  }
}

locals {
  alarm_actions = ["arn:${local.partition}:sns:${var.region}:${local.account_id}:${module.names.alarm_topic}"]

  # The version of each build, which changes with every pair. The architectures are spelled out because
  # `terraform import` knows no versions yet.
  build_dimensions = {
    for architecture in ["arm64", "x86_64"] : architecture => {
      FunctionName    = var.function
      Resource        = "${var.function}:live"
      ExecutedVersion = data.aws_lambda_alias.build[architecture].function_version
    }
  }

  alarm_dimensions = merge(local.build_dimensions, { all = { FunctionName = var.function, Resource = "${var.function}:live" } })

  subjects = { for key in keys(local.alarm_dimensions) : key => key == "all" ? "${var.function}, whatever live serves," : "The ${key} build of ${var.function}" }

  # The function's own slow_ms, or else four fifths of its timeout.
  slow_ms = try(local.manifest.rollout.slow_ms, local.manifest.timeout_s * 800)
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  for_each = local.alarm_dimensions

  alarm_name          = "${var.function}-live-${each.key}-errors"
  alarm_description   = "${local.subjects[each.key]} fails more than ${var.alarm_error_percent}% of its invocations. Look: rollout status ${var.function}. Roll back: rollout abort ${var.function}."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.alarm_error_percent
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching" # no invocations, no failures
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions

  metric_query {
    id          = "failed"
    expression  = "IF(invocations >= ${var.alarm_min_invocations}, 100 * errors / invocations, 0)"
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
  for_each = local.alarm_dimensions

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
  for_each = local.alarm_dimensions

  alarm_name          = "${var.function}-live-${each.key}-p99"
  alarm_description   = "${local.subjects[each.key]} takes longer than ${local.slow_ms} ms for 1 in 100 invocations. Compare the builds: rollout report ${var.function}."
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
  # The p99 of a few invocations is just the slowest one.
  evaluate_low_sample_count_percentiles = "ignore"
}

# Failures that the function counts itself, such as 5xx answers, which Lambda takes for successes.
locals {
  counted = merge([
    for name, metric in try(local.manifest.rollout.metrics, {}) : {
      for architecture in keys(local.build_dimensions) : "${architecture}-${name}" => {
        subject = local.subjects[architecture]
        words   = replace(name, "_", " ")
        queries = {
          for role in ["failed", "of"] : role => {
            namespace = try(metric[role].namespace, lookup(local.manifest.environment, "METRICS_NAMESPACE", "Functions"))
            name      = metric[role].name
            dimensions = {
              for key, value in metric[role].dimensions :
              key => replace(replace(value, "{function}", var.function), "{version}", local.build_dimensions[architecture].ExecutedVersion)
            }
          }
        }
      }
    }
  ]...)
}

resource "aws_cloudwatch_metric_alarm" "counted" {
  for_each = local.counted

  alarm_name          = "${var.function}-live-${each.key}"
  alarm_description   = "${each.value.subject} counts more than ${var.alarm_error_percent}% ${each.value.words}. Look: rollout status ${var.function}. Roll back: rollout abort ${var.function}."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.alarm_error_percent
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching" # nothing to count, no failures
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions

  metric_query {
    id          = "percent"
    expression  = "IF(of >= ${var.alarm_min_invocations}, 100 * FILL(failed, 0) / of, 0)"
    label       = "failed, percent"
    return_data = true
  }
  dynamic "metric_query" {
    for_each = each.value.queries

    content {
      id = metric_query.key
      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.name
        dimensions  = metric_query.value.dimensions
        period      = 60
        stat        = "Sum"
      }
    }
  }
}
