# Least privilege: a role has what the function's metadata asks for, and nothing else.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  dist    = "tests/dist"
  region  = "eu-central-1"
  rollout = "true"
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
      Resource = ["arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/plain:log-stream:*"]
    }]
    error_message = "its own log and nothing else: ${aws_iam_role_policy.function.policy}"
  }
  assert {
    condition     = aws_iam_role.function.permissions_boundary == "arn:aws:iam::123456789012:policy/lambda-functions-eu-central-1"
    error_message = "the platform's boundary, by the name in names/"
  }
  assert {
    condition     = jsondecode(aws_iam_role.function.assume_role_policy).Statement == [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
    error_message = "Lambda may take the role, and nobody else"
  }
  assert {
    condition     = aws_lambda_function.function.logging_config[0].log_format == "JSON" && aws_lambda_function.function.logging_config[0].log_group == "/aws/lambda/plain"
    error_message = "levels can be filtered, and the log is the one that it may write to"
  }
  assert {
    condition     = aws_cloudwatch_log_group.function.retention_in_days == 30
    error_message = "log lines are deleted after a while"
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
          "arn:aws:dynamodb:eu-central-1:123456789012:table/documents",
          "arn:aws:dynamodb:eu-central-1:123456789012:table/documents/index/by_kind",
        ]
      },
      {
        Sid      = "QueueDocuments"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = ["arn:aws:sqs:eu-central-1:123456789012:documents"]
      },
    ]
    error_message = "the metadata's actions on these resources: ${aws_iam_role_policy.function.policy}"
  }
}

run "aliases_of_other_functions_are_named_one_by_one" {
  variables {
    function = "alarm"
  }

  assert {
    condition = [for s in jsondecode(aws_iam_role_policy.function.policy).Statement : s if s.Sid != "Log"] == [{
      Sid    = "AliasLive"
      Effect = "Allow"
      Action = ["lambda:GetAlias", "lambda:UpdateAlias"]
      Resource = [
        "arn:aws:lambda:eu-central-1:123456789012:function:http",
        "arn:aws:lambda:eu-central-1:123456789012:function:queue",
      ]
    }]
    error_message = "these functions and no others: ${aws_iam_role_policy.function.policy}"
  }
}

# The boundary does not have these rights, so they would have no effect.
run "a_function_that_the_platform_does_not_know_is_refused" {
  command = plan
  variables {
    function = "stranger"
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
