# Tables and queues are as the functions define them; only one branch in one environment may deploy.

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
    error_message = "a table can be restored and cannot be deleted by mistake"
  }
  assert {
    condition     = aws_dynamodb_table.shared["documents"].billing_mode == "PAY_PER_REQUEST"
    error_message = "a table without traffic costs nothing"
  }
  assert {
    condition     = aws_sqs_queue.dead_letter["documents"].message_retention_seconds == 1209600
    error_message = "14 days to look at what could not be processed"
  }
  assert {
    condition = { for key, alarm in aws_cloudwatch_metric_alarm.dead_letter : key => [
      alarm.namespace, alarm.metric_name, alarm.statistic, alarm.comparison_operator, alarm.threshold, alarm.treat_missing_data
    ] } == { documents = ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", "GreaterThanThreshold", 0, "notBreaching"] }
    error_message = "one message there is an alarm"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.dead_letter["documents"].dimensions == tomap({ QueueName = "documents-dead-letter" })
    error_message = "of the dead-letter queue"
  }
  assert {
    condition     = toset([for versioning in [aws_s3_bucket_versioning.state, aws_s3_bucket_versioning.artifacts] : versioning.versioning_configuration[0].status]) == toset(["Enabled"])
    error_message = "an earlier state can be restored"
  }
  assert {
    condition = jsondecode(aws_sns_topic_policy.alarms.policy).Statement == [{
      Sid       = "Alarms"
      Effect    = "Allow"
      Principal = { Service = "cloudwatch.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = "arn:aws:sns:eu-central-1:123456789012:lambda-alarms"
      Condition = { StringEquals = { "aws:SourceAccount" = "123456789012" } }
    }]
    error_message = "alarms of this account alone"
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
    error_message = "only its own queue sends messages to it"
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
    condition     = alltrue(flatten([for policy in aws_iam_policy.github : [for s in jsondecode(policy.policy).Statement : [for action in s.Action : !strcontains(action, "*")]]]))
    error_message = "no wildcard among the actions"
  }
  # `*` alone stands where AWS has no resource, or where a condition limits it: permissions.tf.
  assert {
    condition     = toset(flatten([for policy in aws_iam_policy.github : [for s in jsondecode(policy.policy).Statement : s.Sid if contains(s.Resource, "*")]])) == toset(["ReadEverything", "WriteEverything", "MapToOwnFunctions"])
    error_message = "a statement on all resources without a reason"
  }
  assert {
    condition = { for role in ["plan", "deploy"] : role => [for key, attachment in aws_iam_role_policy_attachment.github : trimprefix(key, "${role}-") if attachment.role == "github-${role}-eu-central-1"] } == {
      plan   = ["read-functions", "read-logs", "read-others"]
      deploy = ["read-functions", "read-logs", "read-others", "write-conditional", "write-functions", "write-logs", "write-others"]
    }
    error_message = "plan reads, deploy reads and writes"
  }
  assert {
    condition = alltrue(flatten([for s in flatten([for name, policy in aws_iam_policy.github : jsondecode(policy.policy).Statement if startswith(name, "read-")]) : [
      for action in s.Action : can(regex(":(Get|List|Describe|GET)", action))
    ]]))
    error_message = "only reading actions"
  }
  # By name: another function of the account is out of reach.
  assert {
    condition = { for s in flatten([for name, policy in aws_iam_policy.github : jsondecode(policy.policy).Statement if startswith(name, "write-")]) : s.Sid => s.Resource } == {
      WriteFunctions = [
        "arn:aws:lambda:eu-central-1:123456789012:function:api", "arn:aws:lambda:eu-central-1:123456789012:function:api:*",
        "arn:aws:lambda:eu-central-1:123456789012:function:worker", "arn:aws:lambda:eu-central-1:123456789012:function:worker:*",
      ]
      WriteRoles        = ["arn:aws:iam::123456789012:role/api-eu-central-1", "arn:aws:iam::123456789012:role/worker-eu-central-1"]
      WriteBoundedRoles = ["arn:aws:iam::123456789012:role/api-eu-central-1", "arn:aws:iam::123456789012:role/worker-eu-central-1"]
      GiveRolesToLambda = ["arn:aws:iam::123456789012:role/api-eu-central-1", "arn:aws:iam::123456789012:role/worker-eu-central-1"]
      WriteLogGroups = [
        "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/api", "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/apigateway/api",
        "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/worker", "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/apigateway/worker",
      ]
      WriteLogStreams = [
        "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/api:*", "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/apigateway/api:*",
        "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/worker:*", "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/apigateway/worker:*",
      ]
      WriteAlarms       = ["arn:aws:cloudwatch:eu-central-1:123456789012:alarm:api-live-*", "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:worker-live-*"]
      WriteDashboards   = ["arn:aws:cloudwatch::123456789012:dashboard/api-builds", "arn:aws:cloudwatch::123456789012:dashboard/worker-builds"]
      WriteRules        = ["arn:aws:events:eu-central-1:123456789012:rule/api-alarm", "arn:aws:events:eu-central-1:123456789012:rule/worker-alarm"]
      WriteMappings     = ["arn:aws:lambda:eu-central-1:123456789012:event-source-mapping:*"]
      MapToOwnFunctions = ["*"]
      WriteApis         = ["arn:aws:apigateway:eu-central-1::/apis*"]
      WriteTags         = ["arn:aws:apigateway:eu-central-1::/tags/*"]
      WriteStates       = ["arn:aws:s3:::lambda-state-123456789012-eu-central-1/functions/*"]
      WriteLocks        = ["arn:aws:s3:::lambda-state-123456789012-eu-central-1/functions/*.tflock"]
      WriteArtifacts    = ["arn:aws:s3:::lambda-artifacts-123456789012-eu-central-1/*"]
      WriteVersions     = ["arn:aws:s3:::lambda-artifacts-123456789012-eu-central-1"]
      WriteEverything   = ["*"]
    }
    error_message = "the workspace's functions and what belongs to them, no others"
  }
  assert {
    condition = { for s in flatten([for name, policy in aws_iam_policy.github : jsondecode(policy.policy).Statement if startswith(name, "write-")]) : s.Sid => s.Condition if can(s.Condition) } == {
      MapToOwnFunctions = { ArnLike = { "lambda:FunctionArn" = [
        "arn:aws:lambda:eu-central-1:123456789012:function:api", "arn:aws:lambda:eu-central-1:123456789012:function:api:*",
        "arn:aws:lambda:eu-central-1:123456789012:function:worker", "arn:aws:lambda:eu-central-1:123456789012:function:worker:*",
      ] } }
      WriteBoundedRoles = { StringEquals = { "iam:PermissionsBoundary" = "arn:aws:iam::123456789012:policy/lambda-functions-eu-central-1" } }
      GiveRolesToLambda = { StringEquals = { "iam:PassedToService" = "lambda.amazonaws.com" } }
    }
    error_message = "the conditions of these statements"
  }
  # Only a person may write a role's policy without the boundary, change who may take a role, or change the boundary.
  assert {
    condition = { for s in flatten([for name, policy in aws_iam_policy.github : jsondecode(policy.policy).Statement if startswith(name, "write-")]) : s.Sid => s.Action if anytrue([for action in s.Action : startswith(action, "iam:")]) } == {
      WriteRoles        = ["iam:DeleteRole", "iam:DeleteRolePolicy", "iam:ListInstanceProfilesForRole", "iam:TagRole", "iam:UntagRole", "iam:UpdateRole", "iam:UpdateRoleDescription"]
      WriteBoundedRoles = ["iam:CreateRole", "iam:PutRolePolicy"]
      GiveRolesToLambda = ["iam:PassRole"]
    }
    error_message = "the deploy role could make itself administrator"
  }
  assert {
    condition = { for s in flatten([for name, policy in aws_iam_policy.github : jsondecode(policy.policy).Statement if startswith(name, "write-")]) : s.Sid => s.Action if contains(["WriteStates", "WriteLocks", "WriteArtifacts", "WriteVersions"], s.Sid) } == {
      WriteStates    = ["s3:PutObject"]
      WriteLocks     = ["s3:DeleteObject"]
      WriteArtifacts = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject", "s3:PutObjectTagging"]
      WriteVersions  = ["s3:ListBucketVersions"]
    }
    error_message = "no state can be deleted, and an artifact ends with its versions"
  }
  assert {
    condition     = length(setsubtract(["ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"], flatten([for s in flatten([for name, policy in aws_iam_policy.github : jsondecode(policy.policy).Statement if startswith(name, "write-")]) : s.Action if s.Sid == "WriteEverything"]))) == 0
    error_message = "Lambda looks at a VPC with the caller's rights"
  }
  assert {
    condition     = [for s in flatten([for name, policy in aws_iam_policy.github : jsondecode(policy.policy).Statement if startswith(name, "read-")]) : s.Action if s.Sid == "ReadBoundaries"] == [["iam:GetPolicy", "iam:GetPolicyVersion"]]
    error_message = "a plan compares a role with its boundary"
  }
}

run "a_function_may_do_at_most_what_the_boundary_says" {
  command = plan

  assert {
    condition     = aws_iam_policy.boundary.name == "lambda-functions-eu-central-1"
    error_message = "the name that infra/function looks for"
  }
  assert {
    condition = { for s in jsondecode(aws_iam_policy.boundary.policy).Statement : s.Sid => s.Resource } == {
      Log = [
        "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/api:log-stream:*",
        "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/worker:log-stream:*",
      ]
      Aliases = ["arn:aws:lambda:eu-central-1:123456789012:function:api", "arn:aws:lambda:eu-central-1:123456789012:function:worker"]
      Trace   = ["*"]
      Network = ["*"]
      Tables  = ["arn:aws:dynamodb:eu-central-1:123456789012:table/documents", "arn:aws:dynamodb:eu-central-1:123456789012:table/documents/index/by_kind"]
      Queues  = ["arn:aws:sqs:eu-central-1:123456789012:documents"]
    }
    error_message = "these functions' logs and aliases, the platform's tables and queues: ${aws_iam_policy.boundary.policy}"
  }
  assert {
    condition = { for s in jsondecode(aws_iam_policy.boundary.policy).Statement : s.Sid => s.Action } == {
      Log     = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Aliases = ["lambda:GetAlias", "lambda:UpdateAlias"]
      Trace   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      Network = ["ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses"]
      Tables = [
        "dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:DescribeTable", "dynamodb:GetItem",
        "dynamodb:PartiQLDelete", "dynamodb:PartiQLInsert", "dynamodb:PartiQLSelect", "dynamodb:PartiQLUpdate", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem",
      ]
      Queues = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:SendMessage"]
    }
    error_message = "items, messages, aliases, and nothing of IAM: ${aws_iam_policy.boundary.policy}"
  }
}

run "keys_are_used_only_through_lambda" {
  command = plan
  variables {
    github       = { repository = "octo-org/lambdas" }
    kms_key_arns = ["arn:aws:kms:eu-central-1:123456789012:key/1"]
  }

  assert {
    condition     = [for s in jsondecode(aws_iam_policy.boundary.policy).Statement : [s.Action, s.Resource] if s.Sid == "Keys"] == [[["kms:Decrypt"], ["arn:aws:kms:eu-central-1:123456789012:key/1"]]]
    error_message = "a function may decrypt with this key and no other"
  }
  assert {
    condition = { for name, policy in aws_iam_policy.github : name => [for s in jsondecode(policy.policy).Statement : [s.Action, s.Resource, s.Condition.StringEquals["kms:ViaService"]] if endswith(s.Sid, "Keys")] if endswith(name, "-others") } == {
      read-others  = [[["kms:Decrypt"], ["arn:aws:kms:eu-central-1:123456789012:key/1"], "lambda.eu-central-1.amazonaws.com"]]
      write-others = [[["kms:CreateGrant", "kms:Encrypt"], ["arn:aws:kms:eu-central-1:123456789012:key/1"], "lambda.eu-central-1.amazonaws.com"]]
    }
    error_message = "Lambda uses the caller's rights"
  }
}

# AWS's quota, which no emulator has: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
run "there_is_room_for_a_dozen_functions" {
  command = plan
  variables {
    github    = { repository = "octo-org/lambdas" }
    functions = [for number in range(12) : "event-processor-${number}"]
  }

  assert {
    condition     = length(aws_iam_policy.github) <= 10 && alltrue([for policy in aws_iam_policy.github : length(policy.policy) <= 6144])
    error_message = jsonencode({ for name, policy in aws_iam_policy.github : name => length(policy.policy) })
  }
}

run "a_boundary_that_iam_would_refuse_is_refused" {
  command = plan
  variables {
    functions = [for number in range(60) : "function-with-a-long-name-${number}"]
  }
  expect_failures = [aws_iam_policy.boundary]
}

run "a_function_is_not_named_like_a_role_of_the_platform" {
  command = plan
  variables {
    functions = ["api", "github-deploy"]
  }
  expect_failures = [var.functions]
}

run "a_name_that_would_touch_other_functions_is_refused" {
  command = plan
  variables {
    functions = ["api", "*"]
  }
  expect_failures = [var.functions]
}

run "the_alias_of_a_key_is_refused" {
  command = plan
  variables {
    kms_key_arns = ["arn:aws:kms:eu-central-1:123456789012:alias/mine"]
  }
  expect_failures = [var.kms_key_arns]
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
