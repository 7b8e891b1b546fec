# What the controller may do: read, move `live` of the environment's functions and write their `rollout:*` tags, and tell.
# Its role has neither the functions' path nor their boundary, which allows no function any of this: so no workflow can
# change the role, or give it to another function.

locals {
  event_bus = "default"

  controller_policy = concat([
    { Sid = "Log", Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = ["${local.arn.logs}:log-group:/aws/lambda/${module.names.controller}:log-stream:*"] },
    {
      Sid    = "Read"
      Effect = "Allow"
      Action = [
        "cloudwatch:DescribeAlarms",      # any alarm may be a gate, and AWS shows composite ones to `*` alone
        "cloudwatch:GetMetricData",       # AWS has no resource for it
        "lambda:ListFunctions",           # the same
        "lambda:ListEventSourceMappings", # AWS takes a mapping as its resource, and none is known before
        "tag:GetResources",               # the same; it shows ARNs and tags of what is tagged, nothing else
      ]
      Resource = ["*"]
    },
    # AWS has a function as the resource of these actions, and no alias.
    { Sid = "Rollouts", Effect = "Allow", Action = ["lambda:GetAlias", "lambda:ListTags", "lambda:UpdateAlias"], Resource = local.resources.functions },
    # For the release that waits until the one under way is over.
    { Sid = "Next", Effect = "Allow", Action = ["lambda:GetFunction", "lambda:GetPolicy", "lambda:ListProvisionedConcurrencyConfigs", "lambda:ListVersionsByFunction"], Resource = local.resources.functions },
    {
      Sid      = "Tags"
      Effect   = "Allow"
      Action   = ["lambda:TagResource", "lambda:UntagResource"]
      Resource = local.resources.functions
      Condition = {
        "ForAllValues:StringLike" = { "aws:TagKeys" = ["rollout:*"] }
        Null                      = { "aws:TagKeys" = "false" } # without keys, the line above would hold
      }
    },
    # Nothing moves the controller but an apply.
    { Sid = "NotItself", Effect = "Deny", Action = ["lambda:TagResource", "lambda:UntagResource", "lambda:UpdateAlias"], Resource = local.resources.controller },
    { Sid = "Alarms", Effect = "Allow", Action = ["cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm"], Resource = ["${local.arn.cloudwatch}:alarm:${local.candidate_alarms}"] },
    { Sid = "Tell", Effect = "Allow", Action = ["events:PutEvents"], Resource = ["${local.arn.events}:event-bus/${local.event_bus}"], Condition = { StringEquals = { "events:source" = "rollout" } } },
    { Sid = "Failed", Effect = "Allow", Action = ["sqs:SendMessage"], Resource = ["${local.arn.sqs}:${module.names.controller}-failed"] },
    ],
    # Without it Lambda shows no environment of a version that has a key of one's own, and so no METRICS_NAMESPACE.
    local.keys.read,
  )
}

resource "aws_iam_role" "controller" {
  for_each = local.controller

  name        = module.names.controller
  description = "Execution role of the controller of ${local.prefix}'s rollouts."

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "controller" {
  for_each = local.controller

  name   = "controller"
  role   = aws_iam_role.controller[each.key].name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.controller_policy })
}
