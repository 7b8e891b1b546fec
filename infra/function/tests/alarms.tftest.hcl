# Each build has its own alarms, and so has `live`, all of them about invocations through `live`.

mock_provider "aws" {
  source = "./tests/mocks"
}

override_data {
  target = data.aws_lambda_alias.build["arm64"]
  values = { function_version = "2" }
}

variables {
  dist    = "tests/dist"
  region  = "eu-central-1"
  rollout = "true"
}

run "each_build_and_all_of_live_have_alarms" {
  variables {
    function = "http"
  }

  assert {
    condition = { for key, alarm in aws_cloudwatch_metric_alarm.throttles : key => alarm.dimensions } == {
      x86_64 = tomap({ FunctionName = "http", Resource = "http:live", ExecutedVersion = "1" })
      arm64  = tomap({ FunctionName = "http", Resource = "http:live", ExecutedVersion = "2" })
      all    = tomap({ FunctionName = "http", Resource = "http:live" })
    }
    error_message = "the versions of both builds, and every version of live"
  }
  assert {
    condition     = { for key, alarm in aws_cloudwatch_metric_alarm.slow : key => alarm.dimensions } == { for key, alarm in aws_cloudwatch_metric_alarm.throttles : key => alarm.dimensions }
    error_message = "slow invocations have the same dimensions as throttles"
  }
  assert {
    condition = alltrue(flatten([for key, alarm in aws_cloudwatch_metric_alarm.errors : [for query in alarm.metric_query :
      query.metric[0].dimensions == aws_cloudwatch_metric_alarm.throttles[key].dimensions if length(query.metric) > 0
    ]])) && keys(aws_cloudwatch_metric_alarm.errors) == keys(aws_cloudwatch_metric_alarm.throttles)
    error_message = "failures have the same dimensions as throttles"
  }
  # guard is triggered by the candidate's alarm and by no other.
  assert {
    condition = toset([for alarm in concat(values(aws_cloudwatch_metric_alarm.errors), values(aws_cloudwatch_metric_alarm.throttles), values(aws_cloudwatch_metric_alarm.slow)) : alarm.alarm_name]) == toset([
      "http-live-x86_64-errors", "http-live-x86_64-throttles", "http-live-x86_64-p99",
      "http-live-arm64-errors", "http-live-arm64-throttles", "http-live-arm64-p99",
      "http-live-all-errors", "http-live-all-throttles", "http-live-all-p99",
    ])
    error_message = "names"
  }
}

run "the_alarms_count_what_they_say" {
  variables {
    function = "http"
  }

  assert {
    condition = { for query in aws_cloudwatch_metric_alarm.errors["all"].metric_query : query.id => "${query.metric[0].namespace} ${query.metric[0].metric_name} ${query.metric[0].stat}" if length(query.metric) > 0 } == {
      errors      = "AWS/Lambda Errors Sum"
      invocations = "AWS/Lambda Invocations Sum"
    }
    error_message = "failures by invocations"
  }
  assert {
    condition = [for query in aws_cloudwatch_metric_alarm.errors["all"].metric_query : [query.expression, query.return_data] if length(query.metric) == 0] == [
      ["IF(invocations >= 20, 100 * errors / invocations, 0)", true]
    ]
    error_message = "percent, from 20 invocations on"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.errors["all"].threshold == 5 && aws_cloudwatch_metric_alarm.errors["all"].comparison_operator == "GreaterThanThreshold"
    error_message = "more than 5 percent"
  }
  assert {
    condition = alltrue([for alarm in values(aws_cloudwatch_metric_alarm.throttles) :
      alarm.namespace == "AWS/Lambda" && alarm.metric_name == "Throttles" && alarm.statistic == "Sum" && alarm.threshold == 0 && alarm.comparison_operator == "GreaterThanThreshold"
    ])
    error_message = "any throttle"
  }
  assert {
    condition = alltrue([for alarm in values(aws_cloudwatch_metric_alarm.slow) :
      alarm.namespace == "AWS/Lambda" && alarm.metric_name == "Duration" && alarm.extended_statistic == "p99" && alarm.threshold == 250 && alarm.comparison_operator == "GreaterThanThreshold"
    ])
    error_message = "p99 above what the function calls slow"
  }
  assert {
    condition = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.errors), values(aws_cloudwatch_metric_alarm.throttles), values(aws_cloudwatch_metric_alarm.slow)) :
      alarm.treat_missing_data == "notBreaching" && tolist(alarm.alarm_actions) == tolist(["arn:aws:sns:eu-central-1:123456789012:lambda-alarms"]) && tolist(alarm.ok_actions) == tolist(alarm.alarm_actions)
    ])
    error_message = "without traffic no alarm, and all notify the platform's topic"
  }
}

run "what_the_function_counts_has_an_alarm_for_each_build" {
  variables {
    function = "http"
  }

  assert {
    condition     = { for key, alarm in aws_cloudwatch_metric_alarm.counted : key => alarm.alarm_name } == { "arm64-server_errors" = "http-live-arm64-server_errors", "x86_64-server_errors" = "http-live-x86_64-server_errors" }
    error_message = "both builds"
  }
  assert {
    condition = { for query in aws_cloudwatch_metric_alarm.counted["arm64-server_errors"].metric_query : query.id => [query.metric[0].namespace, query.metric[0].metric_name, query.metric[0].dimensions] if length(query.metric) > 0 } == {
      failed = ["Functions", "ServerErrors", tomap({ Function = "http", Version = "2" })]
      of     = ["Functions", "Requests", tomap({ Function = "http", Version = "2" })]
    }
    error_message = "by function and version"
  }
}

run "without_slow_ms_the_timeout_counts" {
  variables {
    function = "plain"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.slow["arm64"].threshold == 8000
    error_message = "four fifths of 10 s"
  }
}

run "the_dashboard_has_both_builds_side_by_side" {
  variables {
    function = "plain"
  }

  # Share and cost are metric math, of which the graph shows only the result.
  assert {
    condition = {
      for widget in jsondecode(aws_cloudwatch_dashboard.builds.dashboard_body).widgets : widget.properties.title => [
        for line in widget.properties.metrics : try(line[0].label, "${line[1]} ${line[length(line) - 1].stat} of ${line[3]}") if try(line[length(line) - 1].visible, true)
      ] if widget.properties.title != "Invocations a minute"
      } == {
      "Failed and throttled"                   = ["Errors Sum of 2", "Errors Sum of 1", "Throttles Sum of 2", "Throttles Sum of 1"]
      "Duration, ms"                           = ["Duration p50 of 2", "Duration p50 of 1", "Duration p99 of 2", "Duration p99 of 1"]
      "arm64's share of live, %"               = ["arm64"]
      "Cost per million warm invocations, USD" = ["arm64 USD per million", "x86_64 USD per million"]
    }
    error_message = "both builds, arm64 first: ${aws_cloudwatch_dashboard.builds.dashboard_body}"
  }
  assert {
    condition = [for line in one([for widget in jsondecode(aws_cloudwatch_dashboard.builds.dashboard_body).widgets : widget.properties.metrics if widget.properties.title == "Invocations a minute"]) : slice(line, 0, length(line) - 1)] == [
      ["AWS/Lambda", "Invocations", "FunctionName", "plain", "Resource", "plain:live"],
      ["AWS/Lambda", "Invocations", "ExecutedVersion", "2", "FunctionName", "plain", "Resource", "plain:live"],
      ["AWS/Lambda", "Invocations", "ExecutedVersion", "1", "FunctionName", "plain", "Resource", "plain:live"],
    ]
    error_message = "all of live, and each build"
  }
  # An older version that live serves is not the arm64 build of the newest pair: it is in the denominator.
  assert {
    condition     = strcontains(jsonencode(jsondecode(aws_cloudwatch_dashboard.builds.dashboard_body).widgets[3]), jsonencode("100 * FILL(invocations_arm64, 0) / invocations_all"))
    error_message = "arm64's share of all that live serves"
  }
  assert {
    condition = [for line in jsondecode(aws_cloudwatch_dashboard.builds.dashboard_body).widgets[3].properties.metrics : [line[length(line) - 1].id, slice(line, 0, length(line) - 1)] if length(line) > 1] == [
      ["invocations_arm64", ["AWS/Lambda", "Invocations", "ExecutedVersion", "2", "FunctionName", "plain", "Resource", "plain:live"]],
      ["invocations_all", ["AWS/Lambda", "Invocations", "FunctionName", "plain", "Resource", "plain:live"]],
    ]
    error_message = "what the share is counted from"
  }
  # 512 MiB: half a GB, a thousand GB-seconds a millisecond and million.
  assert {
    condition = [for line in jsondecode(aws_cloudwatch_dashboard.builds.dashboard_body).widgets[4].properties.metrics : line[0].expression if length(line) == 1] == [
      for architecture in ["arm64", "x86_64"] : one([
        for list in jsondecode(file("prices.json")).lists :
        "CEIL(average_${architecture}) * ${0.5 * list[architecture][0].usd_per_gb_second * 1000} + ${list.usd_per_million_requests}" if contains(list.regions, "eu-central-1")
      ])
    ]
    error_message = "milliseconds x GB x price, and the requests' price: ${aws_cloudwatch_dashboard.builds.dashboard_body}"
  }
}
