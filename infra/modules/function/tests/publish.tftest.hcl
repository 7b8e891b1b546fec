# The pair is published when an artifact or the configuration changes, and not otherwise.

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

run "first" {}

run "nothing_changed_publishes_nothing" {
  # Settings that are not fixed in a version.
  variables {
    log_retention_days   = 60
    reserved_concurrency = 5
    alarm_error_percent  = 10
  }

  assert {
    condition     = output.published == run.first.published
    error_message = "published again although no artifact and no setting has changed"
  }
}

run "another_setting_publishes_again" {
  variables {
    log_level = "DEBUG"
  }

  assert {
    condition     = output.published.configuration != run.first.published.configuration
    error_message = "not published although the configuration has changed"
  }
}

run "another_environment_publishes_again" {
  variables {
    dist = "tests/dist-environment"
  }

  assert {
    condition     = output.published.configuration != run.first.published.configuration
    error_message = "not published although the environment has changed"
  }
}

run "another_artifact_publishes_again" {
  variables {
    function = "huge"
  }

  assert {
    condition     = output.published.artifacts != run.first.published.artifacts
    error_message = "not published although an artifact has changed"
  }
  assert {
    condition     = toset([for object in aws_s3_object.artifact : object.bucket]) == toset(["shop-production-artifacts-123456789012"]) && length(aws_s3_object.artifact) == 2
    error_message = "both builds go through the bucket when one is too large for a direct upload"
  }
}
