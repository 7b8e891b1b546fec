# Alarms for people. A rollout is rolled back by itself; these say that something is wrong with what callers of
# `live` get, whatever it serves. They look at the last 15 minutes, so that three failures of a function that is called
# seldom are seen.

variable "alarm_error_percent" {
  description = "An alarm goes off when more than this percentage fails in 15 minutes, and at least alarm_min_errors."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.alarm_error_percent >= 0 && var.alarm_error_percent < 100
    error_message = "From 0 to below 100 percent."
  }
}

variable "alarm_min_errors" {
  description = "Fewer failures in 15 minutes cause no alarm: one of two would be 50 percent."
  type        = number
  default     = 3
  nullable    = false

  validation {
    condition     = var.alarm_min_errors >= 1
    error_message = "At least 1."
  }
}

variable "build_alarms" {
  description = "Whether each build of the newest pair has alarms too, besides those on all that live serves: 8 alarm metrics, 0.80 USD a month."
  type        = bool
  default     = false
  nullable    = false
}

locals {
  alarm_actions = ["arn:${local.partition}:sns:${var.region}:${local.account_id}:${module.names.alarm_topic}"]
  alarm_period  = 15 * 60

  # The version of each build, which changes with every pair. The architectures are spelled out because
  # `terraform import` knows no versions yet.
  build_dimensions = {
    for architecture in ["arm64", "x86_64"] : architecture => {
      FunctionName    = local.name
      Resource        = "${local.name}:live"
      ExecutedVersion = data.aws_lambda_alias.build[architecture].function_version
    }
  }

  live_dimensions  = { all = { FunctionName = local.name, Resource = "${local.name}:live" } }
  alarm_dimensions = merge(local.live_dimensions, var.build_alarms ? local.build_dimensions : {})

  subjects = { for key in keys(local.alarm_dimensions) : key => key == "all" ? local.name : "The ${key} build of ${local.name}" }
  look     = "Look: rollout status ${local.name}. Roll back: rollout abort ${local.name}."

  # The function's own slow_ms, or else four fifths of its timeout.
  slow_ms = try(local.manifest.rollout.slow_ms, local.manifest.timeout_s * 800)

  # What `shared` counts is by function too (shared/src/telemetry/emf.rs), of any version that `live` serves. Any other
  # metric is by version: the newest pair stands for `live`, which misses what callers get of another one.
  by_version = { Function = "{function}", Version = "{version}" }
  counted_versions = { for name, metric in try(local.manifest.rollout.metrics, {}) : name => alltrue([for it in [metric.failed, metric.of] :
    contains(["Requests", "ServerErrors", "Records", "RecordsFailed"], it.name) && it.dimensions == local.by_version && lookup(it, "namespace", null) == null
  ]) ? tolist(["any"]) : tolist([for build in values(local.build_dimensions) : build.ExecutedVersion]) }

  # Failures by all: Lambda's own, and those that the function counts itself, such as 5xx answers, which Lambda takes for
  # successes.
  failures = merge(
    { for key, dimensions in local.alarm_dimensions : "${key}-errors" => {
      subject = "${local.subjects[key]} fails more than ${var.alarm_error_percent}% of its invocations"
      metrics = { for role, name in { failed = "Errors", of = "Invocations" } : role => [{ namespace = "AWS/Lambda", name = name, dimensions = dimensions }] }
    } },
    { for name, metric in try(local.manifest.rollout.metrics, {}) : name => {
      subject = "${local.name} counts more than ${var.alarm_error_percent}% ${replace(name, "_", " ")}"
      metrics = { for role in ["failed", "of"] : role => [for version in local.counted_versions[name] : {
        namespace = try(metric[role].namespace, lookup(local.manifest.environment, "METRICS_NAMESPACE", "Functions"))
        name      = metric[role].name
        dimensions = {
          for key, value in metric[role].dimensions :
          key => replace(replace(value, "{function}", local.name), "{version}", version) if version != "any" || value != "{version}"
        }
      }] }
    } },
  )
}

resource "aws_cloudwatch_metric_alarm" "failures" {
  for_each = local.failures

  alarm_name          = "${local.name}-live-${each.key}"
  alarm_description   = "${each.value.subject}. ${local.look}"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.alarm_error_percent
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching" # no invocations, no failures
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions

  metric_query {
    id = "percent"
    expression = join("", [
      "IF(${join(" + ", [for index, _ in each.value.metrics.failed : "FILL(failed${index}, 0)"])} >= ${var.alarm_min_errors}, ",
      "100 * (${join(" + ", [for index, _ in each.value.metrics.failed : "FILL(failed${index}, 0)"])})",
      " / (${join(" + ", [for index, _ in each.value.metrics.of : "FILL(of${index}, 0)"])}), 0)",
    ])
    label       = "failed, percent"
    return_data = true
  }
  dynamic "metric_query" {
    for_each = merge([for role, metrics in each.value.metrics : { for index, metric in metrics : "${role}${index}" => metric }]...)

    content {
      id = metric_query.key
      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.name
        dimensions  = metric_query.value.dimensions
        period      = local.alarm_period
        stat        = "Sum"
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "throttles" {
  for_each = local.alarm_dimensions

  alarm_name          = "${local.name}-live-${each.key}-throttles"
  alarm_description   = "${local.subjects[each.key]} is throttled: callers get 429. Raise the account's or the function's concurrency, or send less."
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = var.alarm_min_errors
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions

  namespace   = "AWS/Lambda"
  metric_name = "Throttles"
  dimensions  = each.value
  period      = local.alarm_period
  statistic   = "Sum"
}

resource "aws_cloudwatch_metric_alarm" "slow" {
  for_each = local.alarm_dimensions

  alarm_name          = "${local.name}-live-${each.key}-p99"
  alarm_description   = "${local.subjects[each.key]} takes longer than ${local.slow_ms} ms for 1 in 100 invocations. Compare the builds: rollout report ${local.name}."
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
