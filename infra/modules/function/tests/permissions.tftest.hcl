# Least privilege: a role has what the function's metadata asks for, and nothing else.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  dist        = "tests/dist"
  project     = "shop"
  environment = "production"
  owner       = "shop-id"
  region      = "eu-central-1"
  rollout     = "true"
}

run "a_function_that_uses_nothing_may_write_its_log" {
  variables {
    function = "plain"
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.function.policy).Statement == [{
      Sid      = "Log"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = ["arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/shop-production-plain:log-stream:*"]
    }]
    error_message = "its own log and nothing else: ${aws_iam_role_policy.function.policy}"
  }
  assert {
    condition     = aws_iam_role.function.permissions_boundary == "arn:aws:iam::123456789012:policy/shop-production-functions"
    error_message = "the platform's boundary, by the name in names/"
  }
  assert {
    condition     = jsondecode(aws_iam_role.function.assume_role_policy).Statement == [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
    error_message = "Lambda may take the role, and nobody else"
  }
  assert {
    condition     = aws_lambda_function.function.logging_config[0].log_format == "JSON" && aws_lambda_function.function.logging_config[0].log_group == "/aws/lambda/shop-production-plain"
    error_message = "levels can be filtered, and the log is the one that it may write to"
  }
  assert {
    condition     = aws_iam_role.function.path == "/shop-production/" && aws_iam_role.function.name == "shop-production-plain"
    error_message = "apart from the platform's roles, which begin with the same prefix"
  }
  assert {
    condition     = aws_cloudwatch_log_group.function.skip_destroy && aws_cloudwatch_log_group.function.retention_in_days == 30
    error_message = "log lines outlive the function, and are deleted after a while"
  }
}

run "tables_and_queues_get_the_actions_of_the_metadata" {
  variables {
    function = "http"
  }

  assert {
    condition = [for s in jsondecode(aws_iam_role_policy.function.policy).Statement : s if s.Sid != "Log"] == [
      {
        Sid    = "TableDocuments"
        Effect = "Allow"
        Action = ["dynamodb:GetItem", "dynamodb:Query"]
        Resource = [
          "arn:aws:dynamodb:eu-central-1:123456789012:table/shop-production-documents",
          "arn:aws:dynamodb:eu-central-1:123456789012:table/shop-production-documents/index/by_kind",
        ]
      },
      {
        Sid      = "QueueDocuments"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = ["arn:aws:sqs:eu-central-1:123456789012:shop-production-documents"]
      },
    ]
    error_message = "the metadata's actions on these resources: ${aws_iam_role_policy.function.policy}"
  }
}

run "parameters_and_further_permissions_are_what_the_metadata_says" {
  variables {
    function = "rights"
  }

  assert {
    condition = { for s in jsondecode(aws_iam_role_policy.function.policy).Statement : s.Sid => [s.Action, s.Resource] if !contains(["Log", "KeysOfSsm", "KeysOfSecretsmanager"], s.Sid) } == {
      Parameters = [["ssm:GetParameters"], [
        "arn:aws:ssm:eu-central-1:123456789012:parameter/shop-production/api-key",
        "arn:aws:ssm:eu-central-1:123456789012:parameter/aws/reference/secretsmanager/shop-production/database",
      ]]
      Secrets     = [["secretsmanager:GetSecretValue"], ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-production/database-??????"]]
      Permission0 = [["s3:GetObject"], ["arn:aws:s3:::shop-production-uploads/*"]]
    }
    error_message = "these and no others: ${aws_iam_role_policy.function.policy}"
  }
  assert {
    condition = { for s in jsondecode(aws_iam_role_policy.function.policy).Statement : s.Sid => [s.Action, s.Resource, s.Condition] if startswith(s.Sid, "KeysOf") } == {
      KeysOfSsm            = [["kms:Decrypt"], ["arn:aws:kms:eu-central-1:123456789012:key/*"], { StringEquals = { "kms:ViaService" = "ssm.eu-central-1.amazonaws.com" } }]
      KeysOfSecretsmanager = [["kms:Decrypt"], ["arn:aws:kms:eu-central-1:123456789012:key/*"], { StringEquals = { "kms:ViaService" = "secretsmanager.eu-central-1.amazonaws.com" } }]
    }
    error_message = "keys decrypt through the services that it reads from, and not directly: ${aws_iam_role_policy.function.policy}"
  }
  assert {
    condition = aws_lambda_function.function.environment[0].variables == tomap({
      API_KEY_PARAMETER  = "/shop-production/api-key"
      DATABASE_PARAMETER = "/aws/reference/secretsmanager/shop-production/database"
    })
    error_message = "the names alone, and no value"
  }
}

# The boundary does not have this right, so it would have no effect.
run "a_permission_beyond_the_boundary_is_refused" {
  command = plan
  variables {
    function = "stranger"
  }
  expect_failures = [aws_iam_role.function]
}

run "another_project_with_the_same_names_is_refused" {
  command = plan
  variables {
    function = "plain"
    owner    = "another-id"
  }
  expect_failures = [aws_iam_role.function]
}

run "a_key_that_the_platform_does_not_know_is_refused" {
  command = plan
  variables {
    function    = "plain"
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/2"
  }
  expect_failures = [aws_iam_role.function]
}

# The only two `*`, because AWS has no resource for these actions, and only when the option is on.
run "options_bring_their_own_permissions" {
  variables {
    function    = "plain"
    tracing     = "Active"
    vpc         = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1"
  }

  assert {
    condition     = [for s in jsondecode(aws_iam_role_policy.function.policy).Statement : s.Sid if contains(s.Resource, "*")] == ["Trace", "Network"]
    error_message = "X-Ray and network interfaces have no resource; everything else has"
  }
  assert {
    condition     = alltrue(flatten([for s in jsondecode(aws_iam_role_policy.function.policy).Statement : [for action in s.Action : !strcontains(action, "*")]]))
    error_message = "no wildcard among the actions"
  }
}
