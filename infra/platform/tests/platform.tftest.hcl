# What is shared is made as the functions define it; who may deploy is one branch in one environment.

mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:eu-central-1:123456789012:documents-dead-letter" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-central-1:123456789012:lambda-alarms" }
  }
}

variables {
  account_id = "123456789012"
  region     = "eu-central-1"
  functions  = ["api", "worker"]
  tables = {
    documents = {
      partition_key = { name = "id", type = "S" }
      sort_key      = null
      indexes       = [{ name = "by_kind", partition_key = { name = "kind", type = "S" }, sort_key = { name = "id", type = "S" } }]
      ttl_attribute = "expires_at"
    }
  }
  queues = {
    documents = { dead_letter_queue_name = "documents-dead-letter", fifo = false, visibility_timeout_s = 60, max_receive_count = 5 }
  }
}

run "tables_and_queues_are_what_the_functions_define" {
  assert {
    condition     = { for attribute in aws_dynamodb_table.shared["documents"].attribute : attribute.name => attribute.type } == { id = "S", kind = "S" }
    error_message = "each key attribute once"
  }
  assert {
    condition     = one(aws_dynamodb_table.shared["documents"].ttl).attribute_name == "expires_at"
    error_message = "items expire"
  }
  assert {
    condition     = one(aws_dynamodb_table.shared["documents"].point_in_time_recovery).enabled && aws_dynamodb_table.shared["documents"].deletion_protection_enabled
    error_message = "a table can be taken back and cannot be deleted by mistake"
  }
  assert {
    condition     = aws_sqs_queue.shared["documents"].visibility_timeout_seconds == 60
    error_message = "as the functions define it"
  }
  assert {
    condition     = jsondecode(aws_sqs_queue.shared["documents"].redrive_policy) == { deadLetterTargetArn = "arn:aws:sqs:eu-central-1:123456789012:documents-dead-letter", maxReceiveCount = 5 }
    error_message = "after 5 deliveries to the dead-letter queue"
  }
  assert {
    condition     = jsondecode(aws_sqs_queue.dead_letter["documents"].redrive_allow_policy).sourceQueueArns == ["arn:aws:sqs:eu-central-1:123456789012:documents"]
    error_message = "only its own queue gives up messages to it"
  }
  assert {
    condition     = !aws_s3_bucket.state.force_destroy
    error_message = "the states cannot be deleted by mistake"
  }
  assert {
    condition     = length(aws_iam_role.github) + length(aws_iam_openid_connect_provider.github) == 0
    error_message = "nobody deploys from GitHub unless asked for"
  }
}

run "both_forms_of_the_subject_are_trusted_and_nothing_else" {
  command = plan
  variables {
    github = { repository = "octo-org/lambdas", owner_id = 12, repository_id = 34 }
  }

  assert {
    condition = jsondecode(aws_iam_role.github["deploy"].assume_role_policy).Statement[0].Condition.StringEquals == {
      "token.actions.githubusercontent.com:aud" = ["sts.amazonaws.com"]
      "token.actions.githubusercontent.com:ref" = ["refs/heads/main"]
      "token.actions.githubusercontent.com:sub" = ["repo:octo-org/lambdas:environment:production", "repo:octo-org@12/lambdas@34:environment:production"]
    }
    error_message = "the environment, from the default branch: ${aws_iam_role.github["deploy"].assume_role_policy}"
  }
  assert {
    condition = jsondecode(aws_iam_role.github["plan"].assume_role_policy).Statement[0].Condition.StringEquals == {
      "token.actions.githubusercontent.com:aud" = ["sts.amazonaws.com"]
      "token.actions.githubusercontent.com:sub" = ["repo:octo-org/lambdas:pull_request", "repo:octo-org@12/lambdas@34:pull_request"]
    }
    error_message = "pull requests: ${aws_iam_role.github["plan"].assume_role_policy}"
  }
}

run "the_roles_have_least_privilege" {
  command = plan
  variables {
    github = { repository = "octo-org/lambdas" }
  }

  assert {
    condition     = alltrue(flatten([for policy in aws_iam_role_policy.github : [for s in jsondecode(policy.policy).Statement : [for action in s.Action : !strcontains(action, "*")]]]))
    error_message = "no wildcard among the actions"
  }
  # `*` alone stands where AWS has no resource, or where a condition limits it: permissions.tf.
  assert {
    condition     = toset(flatten([for policy in aws_iam_role_policy.github : [for s in jsondecode(policy.policy).Statement : s.Sid if contains(s.Resource, "*")]])) == toset(["ReadEverything", "WriteEverything", "MapToOwnFunctions"])
    error_message = "a statement on everything that nobody has justified"
  }
  assert {
    condition     = [for key, policy in aws_iam_role_policy.github : key if startswith(key, "plan")] == ["plan-read"]
    error_message = "plan has the reading part alone"
  }
  assert {
    condition = alltrue(flatten([for s in jsondecode(aws_iam_role_policy.github["plan-read"].policy).Statement : [
      for action in s.Action : can(regex(":(Get|List|Describe|GET)", action))
    ]]))
    error_message = "reading actions alone"
  }
  # By name: another function of the account is out of reach.
  assert {
    condition = alltrue(flatten([for s in jsondecode(aws_iam_role_policy.github["deploy-write"].policy).Statement : [
      for resource in s.Resource : can(regex("[:/](api|worker)(:\\*|-eu-central-1)?$", resource))
    ] if contains(["WriteFunctions", "WriteRoles", "GiveRolesToLambda"], s.Sid)]))
    error_message = "the workspace's functions and their roles, no others"
  }
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
  assert {
    condition     = sum([for key, policy in aws_iam_role_policy.github : length(policy.policy) if startswith(key, "deploy")]) < 10240
    error_message = "too long for the inline policies of one role"
  }
}

run "half_an_id_is_refused" {
  command = plan
  variables {
    github = { repository = "octo-org/lambdas", owner_id = 12 }
  }
  expect_failures = [var.github]
}

run "a_wildcard_branch_is_refused" {
  command = plan
  variables {
    github = { repository = "octo-org/lambdas", branch = "*" }
  }
  expect_failures = [var.github]
}

run "a_repository_is_owner_and_name" {
  command = plan
  variables {
    github = { repository = "lambdas" }
  }
  expect_failures = [var.github]
}

run "an_account_has_twelve_digits" {
  command = plan
  variables {
    account_id = "1"
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

run "an_address_has_an_at_sign" {
  command = plan
  variables {
    alarm_emails = ["nobody"]
  }
  expect_failures = [var.alarm_emails]
}

run "awss_own_tags_are_refused" {
  command = plan
  variables {
    tags = { "aws:mine" = "x" }
  }
  expect_failures = [var.tags]
}
