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

  # Parameter Store hands on what Secrets Manager has:
  # https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html
  secrets    = "/aws/reference/secretsmanager/"
  parameters = { for name, it in local.manifest.parameters : name => startswith(it, "secret:") ? "${local.secrets}${local.prefix}${trimprefix(it, "secret:")}" : "/${local.prefix}${it}" }
  parameter_statements = concat([for it in [
    { sid = "Parameters", action = "ssm:GetParameters", resources = [for it in values(local.parameters) : "arn:${local.partition}:ssm:${var.region}:${local.account_id}:parameter${it}"] },
    # Behind a secret's name its ARN has six random characters.
    { sid = "Secrets", action = "secretsmanager:GetSecretValue", resources = [for it in values(local.parameters) : "arn:${local.partition}:secretsmanager:${var.region}:${local.account_id}:secret:${trimprefix(it, local.secrets)}-??????" if startswith(it, local.secrets)] },
    ] : { Sid = it.sid, Effect = "Allow", Action = [it.action], Resource = it.resources } if length(it.resources) > 0
    ],
    # What the two services encrypt, they decrypt with the reader's right.
    [for it in [
      { sid = "KeysOfSsm", service = "ssm", used = !alltrue([for it in values(local.parameters) : startswith(it, local.secrets)]) },
      { sid = "KeysOfSecretsmanager", service = "secretsmanager", used = anytrue([for it in values(local.parameters) : startswith(it, local.secrets)]) },
      ] : {
      Sid       = it.sid
      Effect    = "Allow"
      Action    = ["kms:Decrypt"]
      Resource  = ["arn:${local.partition}:kms:${var.region}:${local.account_id}:key/*"] # whichever it is encrypted with
      Condition = { StringEquals = { "kms:ViaService" = "${it.service}.${var.region}.amazonaws.com" } }
    } if it.used],
  )

  permission_statements = [for index, it in local.manifest.permissions : {
    Sid      = "Permission${index}"
    Effect   = "Allow"
    Action   = it.actions
    Resource = [for resource in it.resources : replace(replace(replace(resource, "{prefix}", local.prefix), "{region}", var.region), "{account}", local.account_id)]
  }]

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

  statements = concat([local.log_statement], local.table_statements, local.queue_statements, local.parameter_statements, local.permission_statements, local.option_statements)
}

# The most that `platform` allows any function.
data "aws_iam_policy" "boundary" {
  arn = "arn:${local.partition}:iam::${local.account_id}:policy/${module.names.function_boundary}"
}

locals {
  # Each bound as a pattern: `*` is any text, `?` any character. One with a condition is for what has the same one.
  bounds = [for bound in jsondecode(data.aws_iam_policy.boundary.policy).Statement : merge(
    { for key in ["Action", "Resource"] : key => "^(${join("|", [for it in bound[key] : replace(replace(replace(it, ".", "\\."), "?", "."), "*", ".*")])})$" },
    { Condition = jsonencode(try(bound.Condition, null)) },
  )]
  # Every action on every resource that is not in the boundary: AWS would refuse these at run time.
  beyond_boundary = flatten([for statement in local.statements : [for action in statement.Action : [
    for resource in statement.Resource : "${action} on ${resource}" if !anytrue([
      for bound in local.bounds : can(regex(bound.Action, action)) && can(regex(bound.Resource, resource)) && contains(["null", jsonencode(try(statement.Condition, null))], bound.Condition)
    ])
  ]]])
}

resource "aws_iam_role" "function" {
  name                 = local.name
  path                 = "/${local.prefix}/" # apart from the platform's own roles, which no workflow may change
  description          = "Execution role of the function ${local.name}."
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
      condition     = lookup(data.aws_iam_policy.boundary.tags, "owner", "") == var.owner
      error_message = "The platform ${local.prefix} in account ${local.account_id} belongs to another project (${lookup(data.aws_iam_policy.boundary.tags, "owner", "unknown")}; this one is ${var.owner}): give yours another name (scripts/rename.sh)."
    }
    precondition {
      condition     = length(local.beyond_boundary) == 0
      error_message = "The platform's boundary does not allow this: ${join(", ", local.beyond_boundary)}. Add it to function_permissions in infra/environments/${var.environment}.tfvars (a key to kms_key_arns), and run scripts/platform.sh."
    }
  }
}

resource "aws_iam_role_policy" "function" {
  name   = "function"
  role   = aws_iam_role.function.name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements })
}
