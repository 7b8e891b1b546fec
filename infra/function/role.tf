# The function's permissions: to write its log, and what its metadata asks for.

locals {
  log_statement = {
    Sid      = "Log"
    Effect   = "Allow"
    Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    Resource = ["arn:${local.partition}:logs:${var.region}:${local.account_id}:log-group:${aws_cloudwatch_log_group.function.name}:log-stream:*"] # streams are named by Lambda
  }

  table_statements = [
    for name, table in local.tables : {
      Sid    = "Table${replace(title(name), "/[^a-zA-Z0-9]/", "")}"
      Effect = "Allow"
      Action = [for action in table.actions : "dynamodb:${action}"]
      # Reading through an index is an action on the index.
      Resource = concat(
        [data.aws_dynamodb_table.used[name].arn],
        [for index in table.indexes : "${data.aws_dynamodb_table.used[name].arn}/index/${index.name}"],
      )
    }
  ]

  queue_statements = [
    for name, queue in local.queues : {
      Sid      = "Queue${replace(title(name), "/[^a-zA-Z0-9]/", "")}"
      Effect   = "Allow"
      Action   = [for action in queue.actions : "sqs:${action}"]
      Resource = [data.aws_sqs_queue.used[name].arn]
    }
  ]

  # IAM cannot restrict these actions to one alias, only to a function (Service Authorization Reference).
  alias_statements = [
    for alias in try(local.manifest.aliases, []) : {
      Sid      = "Alias${replace(title(alias.name), "/[^a-zA-Z0-9]/", "")}"
      Effect   = "Allow"
      Action   = [for action in alias.actions : "lambda:${action}"]
      Resource = [for function in alias.functions : "arn:${local.partition}:lambda:${var.region}:${local.account_id}:function:${function}"]
    }
  ]

  option_statements = concat(
    var.tracing == "Active" ? [{
      Sid      = "Trace"
      Effect   = "Allow"
      Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      Resource = ["*"] # X-Ray has no resource for these actions
    }] : [],
    var.vpc != null ? [{
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
    }] : [],
    var.kms_key_arn != null ? [{
      Sid      = "Decrypt"
      Effect   = "Allow"
      Action   = ["kms:Decrypt"]
      Resource = [var.kms_key_arn]
    }] : [],
  )

  statements = concat([local.log_statement], local.table_statements, local.queue_statements, local.alias_statements, local.option_statements)
}

# The most that `platform` allows any function.
data "aws_iam_policy" "boundary" {
  arn = "arn:${local.partition}:iam::${local.account_id}:policy/${module.names.function_boundary}"
}

locals {
  # Every action on every resource that is not in the boundary: AWS would refuse these at run time.
  beyond_boundary = flatten([for statement in local.statements : [for action in statement.Action : [
    for resource in statement.Resource : "${action} on ${resource}" if !anytrue([
      for bound in jsondecode(data.aws_iam_policy.boundary.policy).Statement : contains(bound.Action, action) && contains(bound.Resource, resource)
    ])
  ]]])
}

resource "aws_iam_role" "function" {
  name                 = "${var.function}-${var.region}"
  description          = "Execution role of the function ${var.function}."
  permissions_boundary = data.aws_iam_policy.boundary.arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })

  lifecycle {
    precondition {
      condition     = length(local.beyond_boundary) == 0
      error_message = "The platform's boundary does not allow this: ${join(", ", local.beyond_boundary)}. Run scripts/platform.sh, which adds new functions, tables and queues. Add other rights in infra/platform/boundary.tf, and keys to its kms_key_arns."
    }
  }
}

resource "aws_iam_role_policy" "function" {
  name   = "function"
  role   = aws_iam_role.function.name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements })
}
