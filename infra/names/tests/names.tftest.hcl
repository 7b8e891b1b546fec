# A wrong name would reach what is not ours.

variables {
  project     = "shop"
  environment = "production"
  account_id  = "123456789012"
}

run "every_name_begins_with_project_and_environment" {
  command = plan

  assert {
    condition     = alltrue([for name in [output.artifact_bucket, output.state_bucket, output.alarm_topic, output.controller, output.function_boundary] : startswith(name, "shop-production-")])
    error_message = "two projects would share a name"
  }
  assert {
    condition     = output.prefix == "shop-production" && output.state_bucket == "shop-production-state-123456789012" && output.artifact_bucket == "shop-production-artifacts-123456789012"
    error_message = "scripts/names.sh builds the same names"
  }
}

run "an_environment_that_begins_like_another_is_refused" {
  command = plan
  variables {
    environment = "production-eu"
  }
  expect_failures = [var.environment]
}

run "a_bucket_has_63_characters" {
  command = plan
  variables {
    project = "a-project-with-a-name-of-33-chars"
  }
  expect_failures = [var.environment]
}

run "a_project_has_no_capitals" {
  command = plan
  variables {
    project = "Shop"
  }
  expect_failures = [var.project]
}

run "an_account_has_twelve_digits" {
  command = plan
  variables {
    account_id = "1234"
  }
  expect_failures = [var.account_id]
}
