# `live` is made once with its first weight, and an apply never moves it again.

mock_provider "aws" {
  source = "./tests/mocks"
}

override_data {
  target = data.aws_lambda_alias.build["arm64"]
  values = { function_version = "2" }
}

variables {
  function    = "plain"
  dist        = "tests/dist"
  project     = "shop"
  environment = "production"
  owner       = "shop-id"
  region      = "eu-central-1"
  rollout     = "true" # the program /bin/true: `rollout publish` is not tested here
}

run "live_begins_at_the_x86_64_build_with_the_first_weight" {
  variables {
    first_weight_percent = 5
  }

  assert {
    condition     = aws_lambda_alias.live.function_version == "1"
    error_message = "live begins at the x86_64 build"
  }
  assert {
    condition     = aws_lambda_alias.live.routing_config[0].additional_version_weights == tomap({ "2" = 0.05 })
    error_message = "the arm64 build gets its first weight, as a fraction"
  }
}

run "an_apply_with_another_pair_and_another_weight_does_not_move_traffic" {
  variables {
    first_weight_percent = 50
    build_alarms         = true
  }

  override_data {
    target = data.aws_lambda_alias.build["x86_64"]
    values = { function_version = "3" }
  }
  override_data {
    target = data.aws_lambda_alias.build["arm64"]
    values = { function_version = "4" }
  }

  assert {
    condition     = aws_lambda_alias.live.function_version == "1"
    error_message = "the version belongs to rollout"
  }
  assert {
    condition     = aws_lambda_alias.live.routing_config[0].additional_version_weights == tomap({ "2" = 0.05 })
    error_message = "the weight belongs to rollout"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.slow["arm64"].dimensions.ExecutedVersion == "4"
    error_message = "the alarms follow the newest pair"
  }
}

# The state has rollout's weight, whatever first_weight_percent is now.
run "provisioned_concurrency_waits_for_the_end_of_a_rollout" {
  command = plan
  variables {
    provisioned_concurrency = 2
  }
  expect_failures = [aws_lambda_provisioned_concurrency_config.live]
}

run "without_a_first_weight_there_is_no_routing" {
  command = plan

  # A function of its own: what was applied above keeps its routing.
  variables {
    function = "http"
  }
  plan_options {
    replace = [aws_lambda_alias.live]
  }

  assert {
    condition     = length(aws_lambda_alias.live.routing_config) == 0
    error_message = "no weight, no routing"
  }
}

run "with_a_first_weight_of_100_live_is_the_arm64_build_alone" {
  command = plan
  variables {
    first_weight_percent    = 100
    provisioned_concurrency = 2
  }
  plan_options {
    replace = [aws_lambda_alias.live]
  }

  assert {
    condition     = aws_lambda_alias.live.function_version == "2" && length(aws_lambda_alias.live.routing_config) == 0
    error_message = "AWS takes no weight of 1 with a second version"
  }
}

run "provisioned_concurrency_is_on_live" {
  command = plan
  variables {
    provisioned_concurrency = 2
  }
  plan_options {
    replace = [aws_lambda_alias.live]
  }

  assert {
    condition     = aws_lambda_provisioned_concurrency_config.live[0].qualifier == "live"
    error_message = "on live, where callers are"
  }
}
