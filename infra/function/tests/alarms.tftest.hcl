# Each half has its own alarms, on what callers get through `live`.

mock_provider "aws" {
  source = "./tests/mocks"
}

override_data {
  target = data.aws_lambda_alias.half["arm64"]
  values = { function_version = "2" }
}

variables {
  dist    = "tests/dist"
  region  = "eu-central-1"
  rollout = "true"
}

run "each_half_is_watched_through_live" {
  variables {
    function = "http"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.throttles["x86_64"].dimensions == tomap({ FunctionName = "http", Resource = "http:live", ExecutedVersion = "1" })
    error_message = "the x86_64 half's version of live"
  }
  assert {
    condition = alltrue([for query in aws_cloudwatch_metric_alarm.errors["arm64"].metric_query :
      query.metric[0].dimensions == tomap({ FunctionName = "http", Resource = "http:live", ExecutedVersion = "2" }) if length(query.metric) > 0
    ])
    error_message = "the arm64 half's version of live"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.slow["arm64"].threshold == 250
    error_message = "slow is what the function calls slow"
  }
  assert {
    condition     = tolist(aws_cloudwatch_metric_alarm.errors["arm64"].alarm_actions) == tolist(["arn:aws:sns:eu-central-1:123456789012:lambda-alarms"])
    error_message = "the alarm speaks to the platform's topic"
  }
}

run "a_function_that_says_nothing_about_time_is_held_to_its_timeout" {
  variables {
    function = "plain"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.slow["arm64"].threshold == 8000
    error_message = "four fifths of 10 s"
  }
}

run "the_dashboard_has_both_halves_in_every_graph" {
  variables {
    function = "plain"
  }

  assert {
    condition = alltrue([for widget in jsondecode(aws_cloudwatch_dashboard.halves.dashboard_body).widgets :
      strcontains(jsonencode(widget), "x86_64") && strcontains(jsonencode(widget), "arm64")
    ])
    error_message = "side by side"
  }
}
