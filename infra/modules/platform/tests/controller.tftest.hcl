# The controller advances the rollouts of its own environment, and may do nothing else.

mock_provider "aws" {
  override_during = plan
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:eu-central-1:123456789012:shop-production-controller-failed" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-central-1:123456789012:shop-production-alarms" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/shop-production-controller" }
  }
  mock_resource "aws_lambda_function" {
    defaults = { version = "7" }
  }
  mock_resource "aws_lambda_alias" {
    defaults = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:shop-production-controller:live" }
  }
  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:eu-central-1:123456789012:rule/shop-production-controller.rollouts" }
  }
}

variables {
  project     = "shop"
  environment = "production"
  owner       = "shop-id"
  account_id  = "123456789012"
  region      = "eu-central-1"
  tables      = {}
  queues      = {}
  dist        = "tests/dist"
  github      = { repository = "octo-org/lambdas" }
}

run "live_serves_a_version_of_its_arm64_build" {
  command = plan

  assert {
    condition = [for it in aws_lambda_function.controller : [it.function_name, one(it.architectures), it.filename, it.source_code_hash, it.memory_size, it.timeout, it.publish]] == [
      ["shop-production-controller", "arm64", "tests/dist/controller/arm64.zip", "arm64-sha256", 256, 60, true]
    ]
    error_message = "as its function.json says"
  }
  assert {
    condition     = aws_lambda_function.controller["controller"].environment[0].variables == tomap({ FUNCTION_PREFIX = "shop-production-", EVENT_BUS = "default" })
    error_message = "the functions of this project and environment"
  }
  assert {
    condition     = aws_lambda_alias.controller["controller"].name == "live" && aws_lambda_alias.controller["controller"].function_version == "7"
    error_message = "the version that was published last"
  }
}

run "each_minute_and_each_alarm_of_a_rollout_invoke_live" {
  command = plan

  assert {
    condition     = { for name, rule in aws_cloudwatch_event_rule.controller : rule.name => rule.schedule_expression if name == "schedule" } == { "shop-production-controller.schedule" = "rate(1 minute)" }
    error_message = "a minute"
  }
  assert {
    condition = { for name, rule in aws_cloudwatch_event_rule.controller : rule.name => jsondecode(rule.event_pattern) if name == "alarm" } == {
      "shop-production-controller.alarm" = {
        source      = ["aws.cloudwatch"]
        detail-type = ["CloudWatch Alarm State Change"]
        detail      = { alarmName = [{ wildcard = "shop-production-*-live-candidate" }], state = { value = ["ALARM"] } }
      }
    }
    error_message = "no alarm of another environment"
  }
  assert {
    condition     = alltrue([for target in aws_cloudwatch_event_target.controller : endswith(target.arn, ":live")]) && alltrue([for it in aws_lambda_permission.controller : it.qualifier == "live" && it.principal == "events.amazonaws.com"])
    error_message = "the alias, and never $LATEST"
  }
}

run "its_rights_are_those_of_a_tick" {
  command = plan

  assert {
    condition = { for s in jsondecode(aws_iam_role_policy.controller["controller"].policy).Statement : s.Sid => [s.Effect, s.Action, s.Resource, try(s.Condition, null)] } == {
      Log      = ["Allow", ["logs:CreateLogStream", "logs:PutLogEvents"], ["arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/shop-production-controller:log-stream:*"], null]
      Read     = ["Allow", ["cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "lambda:ListFunctions", "lambda:ListEventSourceMappings", "tag:GetResources"], ["*"], null]
      Rollouts = ["Allow", ["lambda:GetAlias", "lambda:ListTags", "lambda:UpdateAlias"], ["arn:aws:lambda:eu-central-1:123456789012:function:shop-production-*"], null]
      Next     = ["Allow", ["lambda:GetFunction", "lambda:GetPolicy", "lambda:ListProvisionedConcurrencyConfigs", "lambda:ListVersionsByFunction"], ["arn:aws:lambda:eu-central-1:123456789012:function:shop-production-*"], null]
      Tags = ["Allow", ["lambda:TagResource", "lambda:UntagResource"], ["arn:aws:lambda:eu-central-1:123456789012:function:shop-production-*"], {
        "ForAllValues:StringLike" = { "aws:TagKeys" = ["rollout:*"] }
        Null                      = { "aws:TagKeys" = "false" }
      }]
      NotItself = ["Deny", ["lambda:TagResource", "lambda:UntagResource", "lambda:UpdateAlias"], ["arn:aws:lambda:eu-central-1:123456789012:function:shop-production-controller", "arn:aws:lambda:eu-central-1:123456789012:function:shop-production-controller:*"], null]
      Alarms    = ["Allow", ["cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm"], ["arn:aws:cloudwatch:eu-central-1:123456789012:alarm:shop-production-*-live-candidate"], null]
      Tell      = ["Allow", ["events:PutEvents"], ["arn:aws:events:eu-central-1:123456789012:event-bus/default"], { StringEquals = { "events:source" = "rollout" } }]
      Failed    = ["Allow", ["sqs:SendMessage"], ["arn:aws:sqs:eu-central-1:123456789012:shop-production-controller-failed"], null]
    }
    error_message = "these and no others: ${aws_iam_role_policy.controller["controller"].policy}"
  }
  assert {
    condition     = coalesce(aws_iam_role.controller["controller"].path, "/") == "/" && aws_iam_role.controller["controller"].name == "shop-production-controller"
    error_message = "the deploy role may pass and change roles of the path /shop-production/ alone"
  }
}

run "it_reads_the_environment_of_functions_with_a_key_of_ones_own" {
  command = plan
  variables {
    kms_key_arns = ["arn:aws:kms:eu-central-1:123456789012:key/1"]
  }

  assert {
    condition = [for s in jsondecode(aws_iam_role_policy.controller["controller"].policy).Statement : [s.Action, s.Resource, s.Condition] if endswith(s.Sid, "Keys")] == [
      [["kms:Decrypt"], ["arn:aws:kms:eu-central-1:123456789012:key/1"], { StringEquals = { "kms:ViaService" = "lambda.eu-central-1.amazonaws.com" } }]
    ]
    error_message = "through Lambda alone: ${aws_iam_role_policy.controller["controller"].policy}"
  }
}

run "no_workflow_can_change_it" {
  command = plan

  assert {
    condition = [for s in jsondecode(aws_iam_policy.github["create"].policy).Statement : s.Resource if s.Effect == "Deny"] == [[
      "arn:aws:lambda:eu-central-1:123456789012:function:shop-production-controller", "arn:aws:lambda:eu-central-1:123456789012:function:shop-production-controller:*",
      "arn:aws:events:eu-central-1:123456789012:rule/shop-production-controller.*", "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/shop-production-controller",
      "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/shop-production-controller:*",
    ]]
    error_message = "its code, its rules, its log"
  }
  # Everything that the deploy role may do to what the prefix names, and so to the controller.
  assert {
    condition = length(setsubtract(
      flatten([for s in jsondecode(aws_iam_policy.github["write"].policy).Statement : s.Action if contains(["WriteFunctions", "WriteLogGroups", "WriteRules"], s.Sid)]),
      flatten([for s in jsondecode(aws_iam_policy.github["create"].policy).Statement : s.Action if s.Effect == "Deny"]),
    )) == 0
    error_message = "an action that is allowed on functions, rules or logs is not denied on the controller's"
  }
}

run "what_fails_is_tried_again_and_kept" {
  command = plan

  assert {
    condition     = [for it in aws_lambda_function_event_invoke_config.controller : [it.qualifier, it.maximum_retry_attempts, it.destination_config[0].on_failure[0].destination]] == [["live", 0, "arn:aws:sqs:eu-central-1:123456789012:shop-production-controller-failed"]]
    error_message = "twice, and then in its queue"
  }
  assert {
    condition = { for name, alarm in aws_cloudwatch_metric_alarm.controller : name => [alarm.metric_name, alarm.dimensions.Resource, alarm.comparison_operator, alarm.threshold, alarm.period * alarm.evaluation_periods, alarm.treat_missing_data, tolist(alarm.alarm_actions)] } == {
      errors = ["Errors", "shop-production-controller:live", "GreaterThanOrEqualToThreshold", 3, 300, "notBreaching", tolist(["arn:aws:sns:eu-central-1:123456789012:shop-production-alarms"])]
      wakes  = ["Invocations", "shop-production-controller:live", "LessThanThreshold", 1, 300, "breaching", tolist(["arn:aws:sns:eu-central-1:123456789012:shop-production-alarms"])]
    }
    error_message = "somebody is told when it fails, and when it is not woken"
  }
}

run "the_topic_gets_what_happens_to_rollouts_of_this_environment" {
  command = plan

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.rollouts["controller"].event_pattern) == { source = ["rollout"], detail = { function = [{ prefix = "shop-production-" }] } }
    error_message = "another project's events are on the same bus"
  }
  assert {
    condition     = aws_cloudwatch_event_target.rollouts["controller"].arn == "arn:aws:sns:eu-central-1:123456789012:shop-production-alarms"
    error_message = "the topic of the alarms"
  }
  assert {
    condition = [for s in jsondecode(aws_sns_topic_policy.alarms.policy).Statement : [s.Principal.Service, s.Condition] if s.Sid == "Rollouts"] == [[
      "events.amazonaws.com", { ArnEquals = { "aws:SourceArn" = "arn:aws:events:eu-central-1:123456789012:rule/shop-production-controller.rollouts" } }
    ]]
    error_message = "this rule may publish to it, and no other"
  }
}

run "nobody_need_be_told" {
  command = plan
  variables {
    rollout_events = false
  }

  assert {
    condition     = length(aws_cloudwatch_event_rule.rollouts) == 0 && length(aws_cloudwatch_event_rule.controller) == 2 && length(jsondecode(aws_sns_topic_policy.alarms.policy).Statement) == 1
    error_message = "the controller works without"
  }
}

run "it_can_be_left_out" {
  command = plan
  variables {
    controller = false
    dist       = null
  }

  assert {
    condition = sum([for it in [
      aws_lambda_function.controller, aws_lambda_alias.controller, aws_cloudwatch_log_group.controller, aws_lambda_function_event_invoke_config.controller, aws_sqs_queue.controller, aws_iam_role.controller,
      aws_iam_role_policy.controller, aws_cloudwatch_event_rule.controller, aws_cloudwatch_event_target.controller, aws_lambda_permission.controller, aws_cloudwatch_metric_alarm.controller, aws_cloudwatch_event_rule.rollouts,
      aws_cloudwatch_event_target.rollouts,
    ] : length(it)]) == 0
    error_message = "nothing of it"
  }
  assert {
    condition     = alltrue([for s in jsondecode(aws_iam_policy.github["create"].policy).Statement : s.Effect == "Allow"])
    error_message = "nothing is denied either"
  }
}

run "a_controller_that_is_not_built_is_refused" {
  command = plan
  variables {
    dist = "tests/nothing"
  }
  expect_failures = [var.controller]
}

run "it_has_a_build" {
  command = plan
  variables {
    dist = null
  }
  expect_failures = [var.controller]
}
