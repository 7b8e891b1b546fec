# Every value that can be wrong is refused at plan time.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  function    = "plain"
  dist        = "tests/dist"
  project     = "shop"
  environment = "production"
  owner       = "shop-id"
  region      = "eu-central-1"
  rollout     = "true"
}

run "the_defaults_are_valid" {
  command = plan
}

run "a_function_that_was_not_built_is_named" {
  module {
    source = "./tests/variables"
  }
  command = plan
  variables {
    function = "nothing"
  }
  expect_failures = [var.function]
}

# Both were built: only their names are wrong.
run "a_name_that_lambda_refuses_is_refused" {
  module {
    source = "./tests/variables"
  }
  command = plan
  variables {
    function = "bad.name"
  }
  expect_failures = [var.function]
}

run "the_controllers_name_is_taken" {
  module {
    source = "./tests/variables"
  }
  command = plan
  variables {
    function = "controller"
  }
  expect_failures = [var.function]
}

run "a_name_of_more_than_64_characters_is_refused" {
  module {
    source = "./tests/variables"
  }
  command = plan
  variables {
    project = "a-project-with-a-name-that-leaves-nothing-for-the-function"
  }
  expect_failures = [var.function]
}

run "another_schema_version_of_function_json_is_refused" {
  command = plan
  variables {
    function = "old"
  }
  expect_failures = [aws_lambda_function.function]
}

run "a_pair_that_lacks_a_build_is_refused" {
  command = plan
  variables {
    function = "one-build"
  }
  expect_failures = [aws_lambda_function.function]
}

run "artifacts_of_another_commit_are_refused" {
  module {
    source = "./tests/variables"
  }
  command = plan
  variables {
    commit = "4567def"
  }
  expect_failures = [var.commit]
}

run "artifacts_of_the_commit_are_taken" {
  command = plan
  variables {
    commit = "0123abc"
  }
}

run "a_weight_above_all_is_refused" {
  module {
    source = "./tests/variables"
  }
  command = plan
  variables {
    first_weight_percent = 150
  }
  expect_failures = [var.first_weight_percent]
}

run "a_weight_below_nothing_is_refused" {
  module {
    source = "./tests/variables"
  }
  command = plan
  variables {
    first_weight_percent = -1
  }
  expect_failures = [var.first_weight_percent]
}

run "a_region_is_no_zone" {
  module {
    source = "./tests/variables"
  }
  command = plan
  variables {
    region = "eu-central-1a"
  }
  expect_failures = [var.region]
}

run "a_retention_that_cloudwatch_does_not_know_is_refused" {
  module {
    source = "./tests/variables"
  }
  command = plan
  variables {
    log_retention_days = 31
  }
  expect_failures = [var.log_retention_days]
}

run "a_log_level_that_lambda_does_not_know_is_refused" {
  module {
    source = "./tests/variables"
  }
  command = plan
  variables {
    log_level = "info"
  }
  expect_failures = [var.log_level]
}

run "half_an_invocation_cannot_be_reserved" {
  module {
    source = "./tests/variables"
  }
  command = plan
  variables {
    reserved_concurrency = 1.5
  }
  expect_failures = [var.reserved_concurrency]
}

run "a_mapping_may_not_start_more_than_is_reserved" {
  module {
    source = "./tests/variables"
  }
  command = plan
  variables {
    function             = "queue"
    reserved_concurrency = 9
  }
  expect_failures = [var.reserved_concurrency]
}

run "provisioned_concurrency_on_a_weighted_alias_is_refused" {
  module {
    source = "./tests/variables"
  }
  command = plan
  variables {
    provisioned_concurrency = 1
    first_weight_percent    = 5
  }
  expect_failures = [var.provisioned_concurrency]
}

run "provisioned_concurrency_above_what_is_reserved_is_refused" {
  module {
    source = "./tests/variables"
  }
  command = plan
  variables {
    provisioned_concurrency = 2
    reserved_concurrency    = 1
  }
  expect_failures = [var.provisioned_concurrency]
}

run "provisioned_concurrency_is_a_whole_number" {
  module {
    source = "./tests/variables"
  }
  command = plan
  variables {
    provisioned_concurrency = 0.5
  }
  expect_failures = [var.provisioned_concurrency]
}

run "a_vpc_without_subnets_is_refused" {
  module {
    source = "./tests/variables"
  }
  command = plan
  variables {
    vpc = { subnet_ids = [], security_group_ids = ["sg-1"] }
  }
  expect_failures = [var.vpc]
}

run "subnets_and_groups_are_not_mixed_up" {
  module {
    source = "./tests/variables"
  }
  command = plan
  variables {
    vpc = { subnet_ids = ["sg-1"], security_group_ids = ["subnet-1"] }
  }
  expect_failures = [var.vpc]
}

run "a_tracing_mode_that_x_ray_does_not_know_is_refused" {
  module {
    source = "./tests/variables"
  }
  command = plan
  variables {
    tracing = "On"
  }
  expect_failures = [var.tracing]
}

run "the_alias_of_a_key_is_refused" {
  module {
    source = "./tests/variables"
  }
  command = plan
  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:alias/mine"
  }
  expect_failures = [var.kms_key_arn]
}

run "a_code_signing_configuration_is_an_arn" {
  module {
    source = "./tests/variables"
  }
  command = plan
  variables {
    code_signing_config_arn = "csc-1"
  }
  expect_failures = [var.code_signing_config_arn]
}

run "an_authorization_that_this_does_not_support_is_refused" {
  command = plan
  variables {
    http_authorization = "JWT"
  }
  expect_failures = [var.http_authorization]
}

run "throttling_that_refuses_everything_is_refused" {
  command = plan
  variables {
    http_throttling = { rate = 0, burst = 1 }
  }
  expect_failures = [var.http_throttling]
}

run "throttling_without_a_burst_is_refused" {
  command = plan
  variables {
    http_throttling = { rate = 1, burst = 0 }
  }
  expect_failures = [var.http_throttling]
}

run "an_alarm_below_no_failures_is_refused" {
  command = plan
  variables {
    alarm_error_percent = -1
  }
  expect_failures = [var.alarm_error_percent]
}

run "an_alarm_at_all_failures_is_refused" {
  command = plan
  variables {
    alarm_error_percent = 100
  }
  expect_failures = [var.alarm_error_percent]
}

run "an_alarm_on_no_failures_is_refused" {
  command = plan
  variables {
    alarm_min_errors = 0
  }
  expect_failures = [var.alarm_min_errors]
}
