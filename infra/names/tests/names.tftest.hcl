# A wrong account or region would give wrong names.

variables {
  account_id = "123456789012"
  region     = "eu-central-1"
}

run "global_names_contain_account_and_region" {
  command = plan

  assert {
    condition     = output.state_bucket == "lambda-state-123456789012-eu-central-1" && output.artifact_bucket == "lambda-artifacts-123456789012-eu-central-1"
    error_message = "scripts/aws-common.sh and rollout build the same names"
  }
  assert {
    condition     = output.function_boundary == "lambda-functions-eu-central-1"
    error_message = "IAM has no regions"
  }
}

run "an_account_has_twelve_digits" {
  command = plan
  variables {
    account_id = "1234"
  }
  expect_failures = [var.account_id]
}

run "a_region_is_no_zone" {
  command = plan
  variables {
    region = "eu-central-1a"
  }
  expect_failures = [var.region]
}
