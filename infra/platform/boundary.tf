# The most that a function may do, whatever its role's own policy says. The deploy role can write that policy, but
# only of roles with this boundary, so it can give neither a function nor itself more than this.
#
# A right in infra/function/role.tf that is not in here has no effect, and the plan says so.

locals {
  boundary_statements = concat(
    [
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = [for name in var.functions : "${local.arn.logs}:log-group:/aws/lambda/${name}:log-stream:*"]
      },
      {
        Sid      = "Aliases"
        Effect   = "Allow"
        Action   = ["lambda:GetAlias", "lambda:UpdateAlias"]
        Resource = [for name in var.functions : "${local.arn.lambda}:function:${name}"]
      },
      {
        Sid      = "Trace"
        Effect   = "Allow"
        Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        Resource = ["*"] # X-Ray has no resource for these actions
      },
      {
        Sid    = "Network"
        Effect = "Allow"
        Action = [
          "ec2:AssignPrivateIpAddresses",
          "ec2:CreateNetworkInterface",
          "ec2:DeleteNetworkInterface",
          "ec2:DescribeNetworkInterfaces",
          "ec2:DescribeSubnets",
          "ec2:UnassignPrivateIpAddresses",
        ]
        Resource = ["*"] # Lambda's documentation asks for it: the interfaces do not exist yet
      },
    ],
    # Actions on items and messages, not on tables and queues themselves.
    length(var.tables) == 0 ? [] : [{
      Sid    = "Tables"
      Effect = "Allow"
      Action = [for action in [
        "BatchGetItem", "BatchWriteItem", "ConditionCheckItem", "DeleteItem", "DescribeTable", "GetItem",
        "PartiQLDelete", "PartiQLInsert", "PartiQLSelect", "PartiQLUpdate", "PutItem", "Query", "Scan", "UpdateItem",
      ] : "dynamodb:${action}"]
      Resource = flatten([for name, table in var.tables : concat(
        ["${local.arn.dynamodb}:table/${name}"],
        [for index in table.indexes : "${local.arn.dynamodb}:table/${name}/index/${index.name}"],
      )])
    }],
    length(var.queues) == 0 ? [] : [{
      Sid      = "Queues"
      Effect   = "Allow"
      Action   = [for action in ["ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl", "ReceiveMessage", "SendMessage"] : "sqs:${action}"]
      Resource = [for name in keys(var.queues) : "${local.arn.sqs}:${name}"]
    }],
    length(var.kms_key_arns) == 0 ? [] : [{
      Sid      = "Keys"
      Effect   = "Allow"
      Action   = ["kms:Decrypt"]
      Resource = tolist(var.kms_key_arns)
    }],
  )

  boundary_arn = "arn:${local.partition}:iam::${var.account_id}:policy/${module.names.function_boundary}"
}

resource "aws_iam_policy" "boundary" {
  name        = module.names.function_boundary
  description = "The most that a function's role may do, whatever its own policy says."
  policy      = jsonencode({ Version = "2012-10-17", Statement = local.boundary_statements })

  lifecycle {
    precondition {
      # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
      condition     = length(jsonencode({ Version = "2012-10-17", Statement = local.boundary_statements })) <= 6144
      error_message = "IAM allows 6144 characters in a policy, and the boundary of these functions, tables and queues has more: move functions to another account or region."
    }
  }
}
