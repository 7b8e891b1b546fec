# What callers of `live` get has alarms, which fire with little traffic too.

mock_provider "aws" {
  source = "./tests/mocks"
}

override_data {
  target = data.aws_lambda_alias.build["arm64"]
  values = { function_version = "2" }
}

variables {
  dist        = "tests/dist"
  project     = "shop"
  environment = "production"
  owner       = "shop-id"
  region      = "eu-central-1"
  rollout     = "true"
}

run "what_live_serves_has_alarms_and_what_the_function_counts" {
  variables {
    function = "http"
  }

  assert {
    condition = toset([for alarm in concat(values(aws_cloudwatch_metric_alarm.failures), values(aws_cloudwatch_metric_alarm.throttles), values(aws_cloudwatch_metric_alarm.slow)) : alarm.alarm_name]) == toset([
      "shop-production-http-live-all-errors", "shop-production-http-live-all-throttles", "shop-production-http-live-all-p99", "shop-production-http-live-server_errors",
      "shop-production-http-live-declined_payments",
    ])
    error_message = "no alarm for each build, which costs, unless asked for"
  }
  assert {
    condition     = length(aws_cloudwatch_dashboard.builds) == 0
    error_message = "no dashboard either"
  }
  assert {
    condition = { for query in aws_cloudwatch_metric_alarm.failures["all-errors"].metric_query : query.id => [query.metric[0].namespace, query.metric[0].metric_name, query.metric[0].stat, query.metric[0].period, query.metric[0].dimensions] if length(query.metric) > 0 } == {
      failed0 = ["AWS/Lambda", "Errors", "Sum", 900, tomap({ FunctionName = "shop-production-http", Resource = "shop-production-http:live" })]
      of0     = ["AWS/Lambda", "Invocations", "Sum", 900, tomap({ FunctionName = "shop-production-http", Resource = "shop-production-http:live" })]
    }
    error_message = "failures by invocations in 15 minutes"
  }
  assert {
    condition = [for query in aws_cloudwatch_metric_alarm.failures["all-errors"].metric_query : [query.expression, query.return_data] if length(query.metric) == 0] == [
      ["IF(FILL(failed0, 0) >= 3, 100 * (FILL(failed0, 0)) / (FILL(of0, 0)), 0)", true]
    ]
    error_message = "percent, from 3 failures on"
  }
  # After a rollback, or beside a rollout, `live` serves another pair than the newest.
  assert {
    condition = { for query in aws_cloudwatch_metric_alarm.failures["server_errors"].metric_query : query.id => [query.metric[0].namespace, query.metric[0].metric_name, query.metric[0].dimensions] if length(query.metric) > 0 } == {
      failed0 = ["Functions", "ServerErrors", tomap({ Function = "shop-production-http" })]
      of0     = ["Functions", "Requests", tomap({ Function = "shop-production-http" })]
    }
    error_message = "of whatever version serves"
  }
  # A metric of one's own is by version: the newest pair together.
  assert {
    condition = { for query in aws_cloudwatch_metric_alarm.failures["declined_payments"].metric_query : query.id => [query.metric[0].namespace, query.metric[0].metric_name, query.metric[0].dimensions] if length(query.metric) > 0 } == {
      failed0 = ["Functions", "PaymentsDeclined", tomap({ Function = "shop-production-http", Version = "2" })], failed1 = ["Functions", "PaymentsDeclined", tomap({ Function = "shop-production-http", Version = "1" })]
      of0     = ["Shop", "Payments", tomap({ Release = "2" })], of1 = ["Shop", "Payments", tomap({ Release = "1" })]
    }
    error_message = "both builds of the newest pair"
  }
  assert {
    condition     = strcontains(jsonencode(aws_cloudwatch_metric_alarm.failures["declined_payments"].metric_query), "100 * (FILL(failed0, 0) + FILL(failed1, 0)) / (FILL(of0, 0) + FILL(of1, 0))")
    error_message = "added up"
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.failures : alarm.threshold == 5 && alarm.comparison_operator == "GreaterThanThreshold" && alarm.evaluation_periods == 1])
    error_message = "more than 5 percent, once"
  }
  assert {
    condition = alltrue([for alarm in values(aws_cloudwatch_metric_alarm.throttles) :
      [alarm.namespace, alarm.metric_name, alarm.statistic, alarm.period, alarm.threshold, alarm.comparison_operator] == ["AWS/Lambda", "Throttles", "Sum", 900, 3, "GreaterThanOrEqualToThreshold"]
    ])
    error_message = "three throttles in 15 minutes"
  }
  assert {
    condition = alltrue([for alarm in values(aws_cloudwatch_metric_alarm.slow) :
      alarm.namespace == "AWS/Lambda" && alarm.metric_name == "Duration" && alarm.extended_statistic == "p99" && alarm.threshold == 250 && alarm.comparison_operator == "GreaterThanThreshold"
    ])
    error_message = "p99 above what the function calls slow"
  }
  assert {
    condition = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.failures), values(aws_cloudwatch_metric_alarm.throttles), values(aws_cloudwatch_metric_alarm.slow)) :
      alarm.treat_missing_data == "notBreaching" && tolist(alarm.alarm_actions) == tolist(["arn:aws:sns:eu-central-1:123456789012:shop-production-alarms"]) && tolist(alarm.ok_actions) == tolist(alarm.alarm_actions)
    ])
    error_message = "without traffic no alarm, and all notify the platform's topic"
  }
}

run "each_build_has_alarms_when_asked_for" {
  variables {
    function     = "http"
    build_alarms = true
  }

  assert {
    condition = { for key, alarm in aws_cloudwatch_metric_alarm.throttles : key => alarm.dimensions } == {
      x86_64 = tomap({ FunctionName = "shop-production-http", Resource = "shop-production-http:live", ExecutedVersion = "1" })
      arm64  = tomap({ FunctionName = "shop-production-http", Resource = "shop-production-http:live", ExecutedVersion = "2" })
      all    = tomap({ FunctionName = "shop-production-http", Resource = "shop-production-http:live" })
    }
    error_message = "the versions of both builds, and every version of live"
  }
  assert {
    condition     = { for key, alarm in aws_cloudwatch_metric_alarm.slow : key => alarm.dimensions } == { for key, alarm in aws_cloudwatch_metric_alarm.throttles : key => alarm.dimensions }
    error_message = "slow invocations have the same dimensions as throttles"
  }
  assert {
    condition = alltrue(flatten([for key, throttles in aws_cloudwatch_metric_alarm.throttles : [for query in aws_cloudwatch_metric_alarm.failures["${key}-errors"].metric_query :
      query.metric[0].dimensions == throttles.dimensions if length(query.metric) > 0
    ]]))
    error_message = "failures have the same dimensions as throttles"
  }
}

run "without_slow_ms_the_timeout_counts" {
  variables {
    function = "plain"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.slow["all"].threshold == 8000
    error_message = "four fifths of 10 s"
  }
}

run "the_dashboard_has_both_builds_side_by_side" {
  variables {
    function  = "plain"
    dashboard = true
  }

  # Share and cost are metric math, of which the graph shows only the result.
  assert {
    condition = {
      for widget in jsondecode(aws_cloudwatch_dashboard.builds[0].dashboard_body).widgets : widget.properties.title => [
        for line in widget.properties.metrics : try(line[0].label, "${line[1]} ${line[length(line) - 1].stat} of ${line[3]}") if try(line[length(line) - 1].visible, true)
      ] if widget.properties.title != "Invocations a minute"
      } == {
      "Failed and throttled"                   = ["Errors Sum of 2", "Errors Sum of 1", "Throttles Sum of 2", "Throttles Sum of 1"]
      "Duration, ms"                           = ["Duration p50 of 2", "Duration p50 of 1", "Duration p99 of 2", "Duration p99 of 1"]
      "arm64's share of live, %"               = ["arm64"]
      "Cost per million warm invocations, USD" = ["arm64 USD per million", "x86_64 USD per million"]
    }
    error_message = "both builds, arm64 first: ${aws_cloudwatch_dashboard.builds[0].dashboard_body}"
  }
  assert {
    condition = [for line in one([for widget in jsondecode(aws_cloudwatch_dashboard.builds[0].dashboard_body).widgets : widget.properties.metrics if widget.properties.title == "Invocations a minute"]) : slice(line, 0, length(line) - 1)] == [
      ["AWS/Lambda", "Invocations", "FunctionName", "shop-production-plain", "Resource", "shop-production-plain:live"],
      ["AWS/Lambda", "Invocations", "ExecutedVersion", "2", "FunctionName", "shop-production-plain", "Resource", "shop-production-plain:live"],
      ["AWS/Lambda", "Invocations", "ExecutedVersion", "1", "FunctionName", "shop-production-plain", "Resource", "shop-production-plain:live"],
    ]
    error_message = "all of live, and each build"
  }
  # An older version that live serves is not the arm64 build of the newest pair: it is in the denominator.
  assert {
    condition     = strcontains(jsonencode(jsondecode(aws_cloudwatch_dashboard.builds[0].dashboard_body).widgets[3]), jsonencode("100 * FILL(invocations_arm64, 0) / invocations_all"))
    error_message = "arm64's share of all that live serves"
  }
  assert {
    condition = [for line in jsondecode(aws_cloudwatch_dashboard.builds[0].dashboard_body).widgets[3].properties.metrics : [line[length(line) - 1].id, slice(line, 0, length(line) - 1)] if length(line) > 1] == [
      ["invocations_arm64", ["AWS/Lambda", "Invocations", "ExecutedVersion", "2", "FunctionName", "shop-production-plain", "Resource", "shop-production-plain:live"]],
      ["invocations_all", ["AWS/Lambda", "Invocations", "FunctionName", "shop-production-plain", "Resource", "shop-production-plain:live"]],
    ]
    error_message = "what the share is counted from"
  }
  # 512 MiB: half a GB, a thousand GB-seconds a millisecond and million.
  assert {
    condition = [for line in jsondecode(aws_cloudwatch_dashboard.builds[0].dashboard_body).widgets[4].properties.metrics : line[0].expression if length(line) == 1] == [
      for architecture in ["arm64", "x86_64"] : one([
        for list in jsondecode(file("prices.json")).lists :
        "CEIL(average_${architecture}) * ${0.5 * list[architecture][0].usd_per_gb_second * 1000} + ${list.usd_per_million_requests}" if contains(list.regions, "eu-central-1")
      ])
    ]
    error_message = "milliseconds x GB x price, and the requests' price: ${aws_cloudwatch_dashboard.builds[0].dashboard_body}"
  }
}
