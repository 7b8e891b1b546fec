# The rights of the two roles. `plan` may read what a plan reads; `deploy` may also change the resources of functions,
# by the functions' names. Neither may change the platform itself: a person applies it.

locals {
  arn = { for service in ["lambda", "logs", "events", "cloudwatch", "dynamodb", "sqs", "sns"] : service => "arn:${local.partition}:${service}:${var.region}:${var.account_id}" }

  resources = {
    functions  = flatten([for name in var.functions : ["${local.arn.lambda}:function:${name}", "${local.arn.lambda}:function:${name}:*"]]) # versions and aliases
    roles      = [for name in var.functions : "arn:${local.partition}:iam::${var.account_id}:role/${name}-${var.region}"]
    log_groups = flatten([for name in var.functions : [for service in ["lambda", "apigateway"] : "${local.arn.logs}:log-group:/aws/${service}/${name}"]])
    # With their streams: CloudWatch Logs uses both forms.
    log_streams = flatten([for name in var.functions : [for service in ["lambda", "apigateway"] : "${local.arn.logs}:log-group:/aws/${service}/${name}:*"]])
    alarms      = [for name in var.functions : "${local.arn.cloudwatch}:alarm:${name}-live-*"] # one a build and metric, and the rollout's own
    dashboards  = [for name in var.functions : "arn:${local.partition}:cloudwatch::${var.account_id}:dashboard/${name}-builds"]
    rules       = [for name in var.functions : "${local.arn.events}:rule/${name}-alarm"]
    tables      = [for name in keys(var.tables) : "${local.arn.dynamodb}:table/${name}"]
    queues      = [for name in keys(var.queues) : "${local.arn.sqs}:${name}"]
    boundaries  = [local.boundary_arn]
    mappings    = ["${local.arn.lambda}:event-source-mapping:*"]              # AWS names them
    apis        = ["arn:${local.partition}:apigateway:${var.region}::/apis*"] # AWS names them
    tags        = ["arn:${local.partition}:apigateway:${var.region}::/tags/*"]
    states      = ["arn:${local.partition}:s3:::${module.names.state_bucket}/functions/*"]
    locks       = ["arn:${local.partition}:s3:::${module.names.state_bucket}/functions/*.tflock"]
    artifacts   = ["arn:${local.partition}:s3:::${module.names.artifact_bucket}/*"]
    versions    = ["arn:${local.partition}:s3:::${module.names.artifact_bucket}"]
    buckets     = [for name in [module.names.state_bucket, module.names.artifact_bucket] : "arn:${local.partition}:s3:::${name}"]
    everything  = ["*"] # AWS has no resource for these actions
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
    tags       = ["apigateway:GET"]
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
    # Without UpdateAssumeRolePolicy and Put- and DeleteRolePermissionsBoundary: only a person may change who may take a
    # role, and its boundary.
    roles = ["iam:DeleteRole", "iam:DeleteRolePolicy", "iam:ListInstanceProfilesForRole", "iam:TagRole", "iam:UntagRole", "iam:UpdateRole", "iam:UpdateRoleDescription"]
    # A key of one's own: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    log_groups  = ["logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:DeleteRetentionPolicy", "logs:DisassociateKmsKey", "logs:PutRetentionPolicy", "logs:TagResource", "logs:UntagResource"]
    log_streams = ["logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:DeleteRetentionPolicy", "logs:DisassociateKmsKey", "logs:PutRetentionPolicy"]
    alarms      = ["cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource", "cloudwatch:UntagResource"]
    dashboards  = ["cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard"]
    rules       = ["events:DeleteRule", "events:PutRule", "events:PutTargets", "events:RemoveTargets", "events:TagResource", "events:UntagResource"]
    apis        = ["apigateway:DELETE", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT"]
    tags        = ["apigateway:DELETE", "apigateway:POST", "apigateway:PUT"]
    states      = ["s3:PutObject"]
    locks       = ["s3:DeleteObject"]
    # In a bucket with versioning an object is deleted with all its versions:
    # https://github.com/hashicorp/terraform-provider-aws/issues/35946
    artifacts = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject", "s3:PutObjectTagging"]
    versions  = ["s3:ListBucketVersions"]
    # For a VPC: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#vpc-permissions
    # For the HTTP APIs' access logs:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html
    everything = ["ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs", "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeResourcePolicies", "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery"]
  }

  statements = {
    for name, actions in { read = local.read, write = local.write } : name => {
      for kind, list in actions : kind => {
        Sid      = "${title(name)}${replace(title(replace(kind, "_", " ")), " ", "")}"
        Effect   = "Allow"
        Action   = list
        Resource = local.resources[kind]
      } if length(local.resources[kind]) > 0
    }
  }

  # Lambda uses a key with the caller's right to it, and a grant that it makes in the caller's name:
  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
  keys = {
    for name, actions in { read = ["kms:Decrypt"], write = ["kms:CreateGrant", "kms:Encrypt"] } : name => length(var.kms_key_arns) == 0 ? [] : [{
      Sid       = "${title(name)}Keys"
      Effect    = "Allow"
      Action    = actions
      Resource  = tolist(var.kms_key_arns)
      Condition = { StringEquals = { "kms:ViaService" = "lambda.${var.region}.amazonaws.com" } }
    }]
  }

  conditional = {
    mappings = {
      Sid       = "MapToOwnFunctions"
      Effect    = "Allow"
      Action    = ["lambda:CreateEventSourceMapping", "lambda:DeleteEventSourceMapping", "lambda:UpdateEventSourceMapping"]
      Resource  = ["*"] # the condition is what limits it
      Condition = { ArnLike = { "lambda:FunctionArn" = local.resources.functions } }
    }
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    roles = {
      Sid       = "WriteBoundedRoles"
      Effect    = "Allow"
      Action    = ["iam:CreateRole", "iam:PutRolePolicy"]
      Resource  = local.resources.roles
      Condition = { StringEquals = { "iam:PermissionsBoundary" = local.boundary_arn } }
    }
    pass = {
      Sid       = "GiveRolesToLambda"
      Effect    = "Allow"
      Action    = ["iam:PassRole"]
      Resource  = local.resources.roles
      Condition = { StringEquals = { "iam:PassedToService" = "lambda.amazonaws.com" } }
    }
  }

  # IAM allows 6144 characters a policy, ten policies a role, and 10240 characters inline, which four functions
  # exceed. So the rights of a role are spread over several policies.
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
  spread = {
    functions = ["boundaries", "functions", "mappings", "roles"]
    logs      = ["everything", "log_groups", "log_streams"]
  }
  policies = merge([
    for name, statements in local.statements : merge(
      { for part, kinds in local.spread : "${name}-${part}" => [for kind, statement in statements : statement if contains(kinds, kind)] },
      { "${name}-others" = concat([for kind, statement in statements : statement if !contains(flatten(values(local.spread)), kind)], local.keys[name]) },
    )
  ]...)
  permissions = merge(local.policies, {
    "write-conditional" = values(local.conditional)
  })
}
