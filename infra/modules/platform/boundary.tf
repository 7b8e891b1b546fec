# The most that a function may do, whatever its role's own policy says. The deploy role can write that policy, but
# only of roles with this boundary, so it can give neither a function nor itself more than this.
#
# What a function's metadata asks for and is not in here has no effect, and its plan says so.

locals {
  boundary = concat([
    { sid = "Log", actions = ["logs:CreateLogStream", "logs:PutLogEvents"], resources = ["${local.arn.logs}:log-group:/aws/lambda/${local.prefix}-*:log-stream:*"] },
    { sid = "Trace", actions = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], resources = ["*"] }, # X-Ray has no resource for these actions
    {
      sid = "Network"
      actions = [for action in [
        "AssignPrivateIpAddresses", "CreateNetworkInterface", "DeleteNetworkInterface", "DescribeNetworkInterfaces", "DescribeSubnets", "UnassignPrivateIpAddresses",
      ] : "ec2:${action}"]
      resources = ["*"] # Lambda's documentation asks for it: the interfaces do not exist yet
    },
    # Actions on items and messages, not on tables and queues themselves.
    {
      sid = "Tables"
      actions = [for action in [
        "BatchGetItem", "BatchWriteItem", "ConditionCheckItem", "DeleteItem", "DescribeTable", "GetItem",
        "PartiQLDelete", "PartiQLInsert", "PartiQLSelect", "PartiQLUpdate", "PutItem", "Query", "Scan", "UpdateItem",
      ] : "dynamodb:${action}"]
      resources = local.resources.tables # with their indexes
    },
    {
      sid       = "Queues"
      actions   = [for action in ["ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl", "ReceiveMessage", "SendMessage"] : "sqs:${action}"]
      resources = local.resources.queues
    },
    { sid = "Parameters", actions = ["ssm:GetParameters"], resources = ["${local.arn.ssm}:parameter/${local.prefix}/*", "${local.arn.ssm}:parameter/aws/reference/secretsmanager/${local.prefix}/*"] },
    { sid = "Secrets", actions = ["secretsmanager:GetSecretValue"], resources = ["${local.arn.secretsmanager}:secret:${local.prefix}/*"] },
    ],
    # Who reads an encrypted value needs the right to decrypt, which AWS's own keys give to everybody in the account, but a
    # boundary may take again. What may be read is said above.
    # https://docs.aws.amazon.com/systems-manager/latest/userguide/ps-restrict-decryption.html
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    [for service in ["ssm", "secretsmanager"] : {
      sid = "KeysOf${title(service)}", actions = ["kms:Decrypt"], resources = ["${local.arn.kms}:key/*"], condition = { StringEquals = { "kms:ViaService" = "${service}.${var.region}.amazonaws.com" } }
    }],
    length(var.kms_key_arns) == 0 ? [] : [{ sid = "Keys", actions = ["kms:Decrypt"], resources = tolist(var.kms_key_arns) }],
    [for index, it in var.function_permissions : { sid = "Further${index}", actions = it.actions, resources = it.resources }],
  )

  boundary_policy = jsonencode({ Version = "2012-10-17", Statement = [for it in local.boundary : merge(
    { Sid = it.sid, Effect = "Allow", Action = it.actions, Resource = it.resources },
    { for condition in [try(it.condition, null)] : "Condition" => condition if condition != null },
  )] })
  boundary_arn = "arn:${local.partition}:iam::${var.account_id}:policy/${module.names.function_boundary}"
}

resource "aws_iam_policy" "boundary" {
  name        = module.names.function_boundary
  description = "The most that a function's role may do, whatever its own policy says."
  policy      = local.boundary_policy
  tags        = { owner = var.owner }

  lifecycle {
    precondition {
      # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
      condition     = length(local.boundary_policy) <= 6144
      error_message = "IAM allows 6144 characters in a policy, and the boundary has more: shorten function_permissions."
    }
  }
}
