# The rights of the three roles. `plan` may read what a plan reads; `deploy` may also change the resources of functions;
# `rollback` may move aliases. All by the prefix of the names, so that a new function needs no administrator and the
# policies keep their size. None may change the platform itself, nor the controller: a person applies it.

locals {
  arn = { for service in ["lambda", "logs", "events", "cloudwatch", "dynamodb", "sqs", "ssm", "secretsmanager", "kms"] : service => "arn:${local.partition}:${service}:${var.region}:${var.account_id}" }

  resources = {
    functions  = ["${local.arn.lambda}:function:${local.prefix}-*"] # with versions and aliases
    roles      = ["arn:${local.partition}:iam::${var.account_id}:role/${local.prefix}/*"]
    log_groups = [for group in ["lambda", "vendedlogs/apigateway"] : "${local.arn.logs}:log-group:/aws/${group}/${local.prefix}-*"]
    alarms     = ["${local.arn.cloudwatch}:alarm:${local.prefix}-*-live-*"] # the functions', and the rollouts' own
    dashboards = ["arn:${local.partition}:cloudwatch::${var.account_id}:dashboard/${local.prefix}-*"]
    rules      = ["${local.arn.events}:rule/${local.prefix}-*"]
    tables     = ["${local.arn.dynamodb}:table/${local.prefix}-*"]
    queues     = ["${local.arn.sqs}:${local.prefix}-*"]
    boundaries = [local.boundary_arn]
    signing    = ["${local.arn.lambda}:code-signing-config:*"]  # AWS names them
    mappings   = ["${local.arn.lambda}:event-source-mapping:*"] # AWS names them
    apis       = ["arn:${local.partition}:apigateway:${var.region}::/apis*", "arn:${local.partition}:apigateway:${var.region}::/tags/*"]
    states     = ["arn:${local.partition}:s3:::${module.names.state_bucket}/functions/*"]
    locks      = ["arn:${local.partition}:s3:::${module.names.state_bucket}/functions/*.tflock"]
    artifacts  = ["arn:${local.partition}:s3:::${module.names.artifact_bucket}/*"]
    versions   = ["arn:${local.partition}:s3:::${module.names.artifact_bucket}"]
    buckets    = [for name in [module.names.state_bucket, module.names.artifact_bucket] : "arn:${local.partition}:s3:::${name}"]
    # A person's alone.
    controller  = ["${local.arn.lambda}:function:${module.names.controller}", "${local.arn.lambda}:function:${module.names.controller}:*"]
    everything  = ["*"] # AWS has no resource for these actions
    any_mapping = ["*"] # the condition is what limits it
  }

  read = {
    functions  = ["lambda:GetAlias", "lambda:GetFunction", "lambda:GetFunctionCodeSigningConfig", "lambda:GetFunctionConfiguration", "lambda:GetPolicy", "lambda:GetProvisionedConcurrencyConfig", "lambda:ListAliases", "lambda:ListProvisionedConcurrencyConfigs", "lambda:ListTags", "lambda:ListVersionsByFunction"]
    mappings   = ["lambda:GetEventSourceMapping", "lambda:ListTags"]
    boundaries = ["iam:GetPolicy", "iam:GetPolicyVersion"]
    roles      = ["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"]
    log_groups = ["logs:ListTagsForResource"]
    alarms     = ["cloudwatch:ListTagsForResource"]
    dashboards = ["cloudwatch:GetDashboard"]
    rules      = ["events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule"]
    tables     = ["dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTable", "dynamodb:DescribeTimeToLive", "dynamodb:ListTagsOfResource"]
    queues     = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueueTags"]
    apis       = ["apigateway:GET"]
    states     = ["s3:GetObject"]
    artifacts  = ["s3:GetObject", "s3:GetObjectTagging"]
    buckets    = ["s3:ListBucket"]
    everything = ["cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "cloudwatch:ListMetrics", "lambda:ListEventSourceMappings", "logs:DescribeLogGroups"]
  }

  write = {
    functions = [
      "lambda:AddPermission", "lambda:CreateAlias", "lambda:CreateFunction", "lambda:DeleteAlias", "lambda:DeleteFunction", "lambda:DeleteFunctionCodeSigningConfig",
      "lambda:DeleteFunctionConcurrency", "lambda:DeleteProvisionedConcurrencyConfig", "lambda:InvokeFunction", "lambda:PublishVersion", "lambda:PutFunctionCodeSigningConfig",
      "lambda:PutFunctionConcurrency", "lambda:PutProvisionedConcurrencyConfig", "lambda:RemovePermission", "lambda:TagResource", "lambda:UntagResource", "lambda:UpdateAlias",
      "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration",
    ]
    mappings = ["lambda:TagResource", "lambda:UntagResource"]
    # On the function as well, which is what limits it:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
    signing = ["lambda:PutFunctionCodeSigningConfig"]
    # Without UpdateAssumeRolePolicy and Put- and DeleteRolePermissionsBoundary: only a person may change who may take a
    # role, and its boundary.
    roles = ["iam:DeleteRole", "iam:DeleteRolePolicy", "iam:ListInstanceProfilesForRole", "iam:TagRole", "iam:UntagRole", "iam:UpdateRole", "iam:UpdateRoleDescription"]
    # A key of one's own: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    log_groups = ["logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:DeleteRetentionPolicy", "logs:DisassociateKmsKey", "logs:PutRetentionPolicy", "logs:TagResource", "logs:UntagResource"]
    alarms     = ["cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource", "cloudwatch:UntagResource"]
    dashboards = ["cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard"]
    rules      = ["events:DeleteRule", "events:PutRule", "events:PutTargets", "events:RemoveTargets", "events:TagResource", "events:UntagResource"]
    apis       = ["apigateway:DELETE", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT"]
    states     = ["s3:PutObject"]
    locks      = ["s3:DeleteObject"]
    # In a bucket with versioning an object is deleted with all its versions:
    # https://github.com/hashicorp/terraform-provider-aws/issues/35946
    artifacts = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject", "s3:PutObjectTagging"]
    versions  = ["s3:ListBucketVersions"]
    # For a VPC: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#vpc-permissions
    # For the HTTP APIs' access logs:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
    everything = ["ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs", "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeResourcePolicies", "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery"]
  }

  # What a condition limits.
  create = {
    any_mapping = {
      actions   = ["lambda:CreateEventSourceMapping", "lambda:DeleteEventSourceMapping", "lambda:UpdateEventSourceMapping"]
      condition = { ArnLike = { "lambda:FunctionArn" = local.resources.functions } }
    }
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    roles = {
      actions   = ["iam:CreateRole", "iam:PutRolePolicy"]
      condition = { StringEquals = { "iam:PermissionsBoundary" = local.boundary_arn } }
    }
    pass = {
      actions   = ["iam:PassRole"]
      condition = { StringEquals = { "iam:PassedToService" = "lambda.amazonaws.com" } }
    }
  }

  # Lambda uses a key with the caller's right to it, and a grant that it makes in the caller's name:
  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
  keys = { for name, actions in { read = ["kms:Decrypt"], write = ["kms:CreateGrant", "kms:Encrypt"] } : name => length(var.kms_key_arns) == 0 ? [] : [{
    Sid       = "${title(name)}Keys"
    Effect    = "Allow"
    Action    = actions
    Resource  = tolist(var.kms_key_arns)
    Condition = { StringEquals = { "kms:ViaService" = "lambda.${var.region}.amazonaws.com" } }
  }] }

  policies = merge(
    { for name, kinds in { read = local.read, write = local.write } : name => concat([for kind, actions in kinds : {
      Sid      = "${title(name)}${replace(title(replace(kind, "_", " ")), " ", "")}"
      Effect   = "Allow"
      Action   = actions
      Resource = local.resources[kind]
    }], local.keys[name]) },
    { create = concat([for kind, it in local.create : {
      Sid       = "Create${replace(title(replace(kind, "_", " ")), " ", "")}"
      Effect    = "Allow"
      Action    = it.actions
      Resource  = local.resources[kind == "pass" ? "roles" : kind] # two statements on roles
      Condition = it.condition
      }],
      # The prefix names it too.
      var.controller ? [{
        Sid    = "DenyController"
        Effect = "Deny"
        Action = concat(local.write.functions, local.write.log_groups, local.write.rules)
        # Some actions on a log group are on its ARN, others on that with `:log-stream:` or `:*` behind it.
        Resource = concat(local.resources.controller, ["${local.arn.events}:rule/${module.names.controller}.*"], [for end in ["", ":*"] : "${local.arn.logs}:log-group:/aws/lambda/${module.names.controller}${end}"])
      }] : [],
    ) },
    { aliases = [{
      Sid      = "Aliases"
      Effect   = "Allow"
      Action   = ["lambda:GetAlias", "lambda:ListAliases", "lambda:ListVersionsByFunction", "lambda:UpdateAlias"]
      Resource = local.resources.functions
      }, {
      Sid      = "DenyController"
      Effect   = "Deny"
      Action   = ["lambda:UpdateAlias"]
      Resource = local.resources.controller
    }] },
  )
}
