# Tables and queues are as the functions define them; only one branch in one environment may deploy.

mock_provider "aws" {
  # Nothing is applied here: tables and states refuse to be destroyed again.
  override_during = plan
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:eu-central-1:123456789012:shop-production-dead-letter" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-central-1:123456789012:shop-production-alarms" }
  }
}

variables {
  project     = "shop"
  environment = "production"
  owner       = "shop-id"
  account_id  = "123456789012"
  region      = "eu-central-1"
  tables = {
    documents = {
      partition_key = { name = "id", type = "S" }
      sort_key      = null
      indexes       = [{ name = "by_kind", partition_key = { name = "kind", type = "S" }, sort_key = { name = "id", type = "S" } }]
      ttl_attribute = "expires_at"
    }
  }
  controller = false # controller.tftest.hcl
  queues = {
    documents = { dead_letter_queue_name = "documents-dead-letter", fifo = false, visibility_timeout_s = 60, max_receive_count = 5 }
  }
}

run "tables_and_queues_are_what_the_functions_define" {
  command = plan

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
    condition     = aws_cloudwatch_metric_alarm.dead_letter["documents"].dimensions == tomap({ QueueName = "shop-production-documents-dead-letter" })
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
      Resource  = "arn:aws:sns:eu-central-1:123456789012:shop-production-alarms"
      Condition = { StringEquals = { "aws:SourceAccount" = "123456789012" } }
    }]
    error_message = "alarms of this account alone"
  }
  assert {
    condition     = aws_sqs_queue.shared["documents"].visibility_timeout_seconds == 60
    error_message = "as the functions define it"
  }
  assert {
    condition     = jsondecode(aws_sqs_queue.shared["documents"].redrive_policy) == { deadLetterTargetArn = "arn:aws:sqs:eu-central-1:123456789012:shop-production-dead-letter", maxReceiveCount = 5 }
    error_message = "after 5 deliveries to the dead-letter queue"
  }
  assert {
    condition     = jsondecode(aws_sqs_queue.dead_letter["documents"].redrive_allow_policy).sourceQueueArns == ["arn:aws:sqs:eu-central-1:123456789012:shop-production-documents"]
    error_message = "only its own queue sends messages to it"
  }
  assert {
    condition     = !aws_s3_bucket.state.force_destroy
    error_message = "the states cannot be deleted by mistake"
  }
  assert {
    condition     = aws_dynamodb_table.shared["documents"].name == "shop-production-documents" && aws_sqs_queue.shared["documents"].name == "shop-production-documents"
    error_message = "names of this project and environment"
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
    condition = { for name, role in aws_iam_role.github : name => jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals } == {
      plan = {
        "token.actions.githubusercontent.com:aud" = ["sts.amazonaws.com"]
        "token.actions.githubusercontent.com:sub" = ["repo:octo-org/lambdas:pull_request", "repo:octo-org/lambdas:environment:production-plan", "repo:octo-org@12/lambdas@34:pull_request", "repo:octo-org@12/lambdas@34:environment:production-plan"]
      }
      deploy = {
        "token.actions.githubusercontent.com:aud" = ["sts.amazonaws.com"]
        "token.actions.githubusercontent.com:ref" = ["refs/heads/main"]
        "token.actions.githubusercontent.com:sub" = ["repo:octo-org/lambdas:environment:production", "repo:octo-org@12/lambdas@34:environment:production"]
      }
      rollback = {
        "token.actions.githubusercontent.com:aud" = ["sts.amazonaws.com"]
        "token.actions.githubusercontent.com:ref" = ["refs/heads/main"]
        "token.actions.githubusercontent.com:sub" = ["repo:octo-org/lambdas:environment:production-rollback", "repo:octo-org@12/lambdas@34:environment:production-rollback"]
      }
    }
    error_message = "pull requests plan; each environment has its role, from the default branch: ${jsonencode(values(aws_iam_role.github)[*].assume_role_policy)}"
  }
}

run "without_environments_the_branch_is_trusted" {
  command = plan
  variables {
    github = { repository = "octo-org/lambdas", environments = false }
  }

  assert {
    condition = { for name, role in aws_iam_role.github : name => jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] } == {
      plan     = ["repo:octo-org/lambdas:pull_request", "repo:octo-org/lambdas:ref:refs/heads/main"]
      deploy   = ["repo:octo-org/lambdas:ref:refs/heads/main"]
      rollback = ["repo:octo-org/lambdas:ref:refs/heads/main"]
    }
    error_message = "jobs of the default branch"
  }
}

run "an_identity_provider_that_exists_is_used" {
  command = plan
  variables {
    github                 = { repository = "octo-org/lambdas" }
    github_provider_exists = true
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0 && jsondecode(aws_iam_role.github["deploy"].assume_role_policy).Statement[0].Principal.Federated == "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    error_message = "AWS allows one per account"
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
  # `*` alone stands where AWS has no resource, or where a condition limits it: permissions.tf. What AWS names itself is
  # limited to the region. Everything else is of this project and environment.
  assert {
    condition = toset(flatten([for policy in aws_iam_policy.github : [for s in jsondecode(policy.policy).Statement : [
      for resource in s.Resource : "${s.Sid} ${resource}" if !strcontains(resource, "shop-production-") && !strcontains(resource, "/shop-production/")
      ]]])) == toset([
      "ReadEverything *", "WriteEverything *", "CreateAnyMapping *",
      "WriteSigning arn:aws:lambda:eu-central-1:123456789012:code-signing-config:*",
      "ReadMappings arn:aws:lambda:eu-central-1:123456789012:event-source-mapping:*", "WriteMappings arn:aws:lambda:eu-central-1:123456789012:event-source-mapping:*",
      "ReadApis arn:aws:apigateway:eu-central-1::/apis*", "ReadApis arn:aws:apigateway:eu-central-1::/tags/*",
      "WriteApis arn:aws:apigateway:eu-central-1::/apis*", "WriteApis arn:aws:apigateway:eu-central-1::/tags/*",
    ])
    error_message = "a statement on what is not of this project and environment"
  }
  assert {
    condition     = { for role in ["plan", "deploy", "rollback"] : role => [for key, attachment in aws_iam_role_policy_attachment.github : trimprefix(key, "${role}-") if attachment.role == "shop-production-github-${role}"] } == { plan = ["read"], deploy = ["create", "read", "write"], rollback = ["aliases"] }
    error_message = "plan reads, deploy reads and writes, rollback moves aliases"
  }
  assert {
    condition     = alltrue(flatten([for s in jsondecode(aws_iam_policy.github["read"].policy).Statement : [for action in s.Action : can(regex(":(Get|List|Describe|GET)", action))]]))
    error_message = "only reading actions"
  }
  assert {
    condition = [for s in jsondecode(aws_iam_policy.github["aliases"].policy).Statement : [s.Effect, s.Action, s.Resource]] == [
      ["Allow", ["lambda:GetAlias", "lambda:ListAliases", "lambda:ListVersionsByFunction", "lambda:UpdateAlias"], ["arn:aws:lambda:eu-central-1:123456789012:function:shop-production-*"]],
      ["Deny", ["lambda:UpdateAlias"], ["arn:aws:lambda:eu-central-1:123456789012:function:shop-production-controller", "arn:aws:lambda:eu-central-1:123456789012:function:shop-production-controller:*"]],
    ]
    error_message = "no code, no settings"
  }
  assert {
    condition = { for s in jsondecode(aws_iam_policy.github["create"].policy).Statement : s.Sid => [s.Resource, s.Condition] } == {
      CreateAnyMapping = [["*"], { ArnLike = { "lambda:FunctionArn" = ["arn:aws:lambda:eu-central-1:123456789012:function:shop-production-*"] } }]
      CreateRoles      = [["arn:aws:iam::123456789012:role/shop-production/*"], { StringEquals = { "iam:PermissionsBoundary" = "arn:aws:iam::123456789012:policy/shop-production-functions" } }]
      CreatePass       = [["arn:aws:iam::123456789012:role/shop-production/*"], { StringEquals = { "iam:PassedToService" = "lambda.amazonaws.com" } }]
    }
    error_message = "what these conditions limit"
  }
  # Only a person may write a role's policy without the boundary, change who may take a role, or change the boundary. The
  # platform's own roles have no path, so that these resources do not name them.
  assert {
    condition = { for s in concat(jsondecode(aws_iam_policy.github["write"].policy).Statement, jsondecode(aws_iam_policy.github["create"].policy).Statement) : s.Sid => s.Action if anytrue([for action in s.Action : startswith(action, "iam:")]) } == {
      WriteRoles  = ["iam:DeleteRole", "iam:DeleteRolePolicy", "iam:ListInstanceProfilesForRole", "iam:TagRole", "iam:UntagRole", "iam:UpdateRole", "iam:UpdateRoleDescription"]
      CreateRoles = ["iam:CreateRole", "iam:PutRolePolicy"]
      CreatePass  = ["iam:PassRole"]
    }
    error_message = "the deploy role could make itself administrator"
  }
  assert {
    condition     = [for s in jsondecode(aws_iam_policy.github["write"].policy).Statement : s.Resource if s.Sid == "WriteRoles"] == [["arn:aws:iam::123456789012:role/shop-production/*"]] && alltrue([for role in aws_iam_role.github : coalesce(role.path, "/") == "/"])
    error_message = "the deploy role could change itself"
  }
  assert {
    condition = { for s in jsondecode(aws_iam_policy.github["write"].policy).Statement : s.Sid => s.Action if contains(["WriteStates", "WriteLocks", "WriteArtifacts", "WriteVersions"], s.Sid) } == {
      WriteStates    = ["s3:PutObject"]
      WriteLocks     = ["s3:DeleteObject"]
      WriteArtifacts = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject", "s3:PutObjectTagging"]
      WriteVersions  = ["s3:ListBucketVersions"]
    }
    error_message = "no state can be deleted, and an artifact ends with its versions"
  }
  assert {
    condition     = length(setsubtract(["ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"], flatten([for s in jsondecode(aws_iam_policy.github["write"].policy).Statement : s.Action if s.Sid == "WriteEverything"]))) == 0
    error_message = "Lambda looks at a VPC with the caller's rights"
  }
}

run "a_function_may_do_at_most_what_the_boundary_says" {
  command = plan
  variables {
    function_permissions = [{ actions = ["s3:GetObject"], resources = ["arn:aws:s3:::archive/*"] }]
  }

  assert {
    condition     = aws_iam_policy.boundary.name == "shop-production-functions" && aws_iam_policy.boundary.tags.owner == "shop-id"
    error_message = "the name that a function looks for, and the owner that it compares with its own"
  }
  assert {
    condition = { for s in jsondecode(aws_iam_policy.boundary.policy).Statement : s.Sid => [s.Action, s.Resource] } == {
      Log     = [["logs:CreateLogStream", "logs:PutLogEvents"], ["arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/shop-production-*:log-stream:*"]]
      Trace   = [["xray:PutTelemetryRecords", "xray:PutTraceSegments"], ["*"]]
      Network = [["ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses"], ["*"]]
      Tables = [[
        "dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:DescribeTable", "dynamodb:GetItem",
        "dynamodb:PartiQLDelete", "dynamodb:PartiQLInsert", "dynamodb:PartiQLSelect", "dynamodb:PartiQLUpdate", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem",
      ], ["arn:aws:dynamodb:eu-central-1:123456789012:table/shop-production-*"]]
      Queues               = [["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:SendMessage"], ["arn:aws:sqs:eu-central-1:123456789012:shop-production-*"]]
      Parameters           = [["ssm:GetParameters"], ["arn:aws:ssm:eu-central-1:123456789012:parameter/shop-production/*", "arn:aws:ssm:eu-central-1:123456789012:parameter/aws/reference/secretsmanager/shop-production/*"]]
      Secrets              = [["secretsmanager:GetSecretValue"], ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-production/*"]]
      KeysOfSsm            = [["kms:Decrypt"], ["arn:aws:kms:eu-central-1:123456789012:key/*"]]
      KeysOfSecretsmanager = [["kms:Decrypt"], ["arn:aws:kms:eu-central-1:123456789012:key/*"]]
      Further0             = [["s3:GetObject"], ["arn:aws:s3:::archive/*"]]
    }
    error_message = "items, messages, parameters of this project and environment, and nothing of IAM: ${aws_iam_policy.boundary.policy}"
  }
  assert {
    condition = { for s in jsondecode(aws_iam_policy.boundary.policy).Statement : s.Sid => s.Condition if can(s.Condition) } == {
      KeysOfSsm            = { StringEquals = { "kms:ViaService" = "ssm.eu-central-1.amazonaws.com" } }
      KeysOfSecretsmanager = { StringEquals = { "kms:ViaService" = "secretsmanager.eu-central-1.amazonaws.com" } }
    }
    error_message = "any key, but only through what it encrypts: ${aws_iam_policy.boundary.policy}"
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
    condition = { for name, policy in aws_iam_policy.github : name => [for s in jsondecode(policy.policy).Statement : [s.Action, s.Resource, s.Condition.StringEquals["kms:ViaService"]] if endswith(s.Sid, "Keys")] if contains(["read", "write"], name) } == {
      read  = [[["kms:Decrypt"], ["arn:aws:kms:eu-central-1:123456789012:key/1"], "lambda.eu-central-1.amazonaws.com"]]
      write = [[["kms:CreateGrant", "kms:Encrypt"], ["arn:aws:kms:eu-central-1:123456789012:key/1"], "lambda.eu-central-1.amazonaws.com"]]
    }
    error_message = "Lambda uses the caller's rights"
  }
}

# AWS's quota, which no emulator has: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
# With the longest names, and a table and a queue for each of a hundred functions.
run "there_is_room_for_a_hundred_functions" {
  command = plan
  variables {
    project      = "a-project-with-the-longest-of-names"
    environment  = "prod"
    controller   = true
    dist         = "tests/dist"
    region       = "ap-southeast-1"
    github       = { repository = "octo-org/lambdas" }
    kms_key_arns = [for number in range(4) : "arn:aws:kms:ap-southeast-1:123456789012:key/01234567-89ab-cdef-0123-456789abcde${number}"]
    tables       = { for number in range(100) : "function${number}" => { partition_key = { name = "id", type = "S" }, indexes = [] } }
    queues = { for number in range(100) : "function${number}" => {
      dead_letter_queue_name = "function${number}-dead-letter", fifo = false, visibility_timeout_s = 60, max_receive_count = 5
    } }
  }

  assert {
    condition     = alltrue([for policy in concat(values(aws_iam_policy.github), [aws_iam_policy.boundary]) : length(policy.policy) <= 6144])
    error_message = jsonencode({ for policy in concat(values(aws_iam_policy.github), [aws_iam_policy.boundary]) : policy.name => length(policy.policy) })
  }
}

run "a_boundary_that_iam_would_refuse_is_refused" {
  command = plan
  variables {
    function_permissions = [for number in range(60) : { actions = ["s3:GetObject"], resources = ["arn:aws:s3:::a-bucket-with-a-long-name-${number}/*"] }]
  }
  expect_failures = [aws_iam_policy.boundary]
}

run "a_queue_name_that_sqs_would_refuse_is_refused" {
  command = plan
  variables {
    queues = { long = { dead_letter_queue_name = "a-queue-with-a-name-of-more-than-the-eighty-characters-of-sqs-dead-letter", fifo = false, visibility_timeout_s = 60, max_receive_count = 5 } }
  }
  expect_failures = [aws_sqs_queue.dead_letter]
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

