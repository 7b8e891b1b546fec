# The pair. $LATEST has one architecture at a time, so the two versions cannot be two resources:
# `rollout publish` makes them, and points the aliases `x86_64` and `arm64` at them.
#
# It runs when an artifact or the configuration has changed. When it fails, Terraform marks this
# resource as tainted, and the next apply runs it again; `rollout publish` goes on where it stopped.

resource "terraform_data" "publish" {
  triggers_replace = {
    artifacts     = { for architecture, artifact in local.manifest.artifacts : architecture => artifact.code_sha256 }
    configuration = sha256(jsonencode(local.configuration))
  }

  provisioner "local-exec" {
    interpreter = concat([var.rollout, "--dist", var.dist, "publish", "--leave-live"], local.by_bucket ? ["--bucket", module.names.artifact_bucket] : [])
    command     = var.function
    environment = { AWS_REGION = var.region, FUNCTION_PREFIX = "${local.prefix}-" }
  }

  depends_on = [aws_s3_object.artifact]
}

locals {
  # Everything besides the code that is fixed in a version.
  configuration = {
    role              = aws_lambda_function.function.role
    runtime           = aws_lambda_function.function.runtime
    handler           = aws_lambda_function.function.handler
    memory_size       = aws_lambda_function.function.memory_size
    timeout           = aws_lambda_function.function.timeout
    ephemeral_storage = aws_lambda_function.function.ephemeral_storage
    environment       = aws_lambda_function.function.environment
    logging_config    = aws_lambda_function.function.logging_config
    tracing_config    = aws_lambda_function.function.tracing_config
    vpc_config        = [for vpc in aws_lambda_function.function.vpc_config : { subnets = vpc.subnet_ids, groups = vpc.security_group_ids }]
    # Not the function's own: null in the plan that makes it and then "", so that where its role exists already the apply
    # would find another configuration than the plan.
    kms_key_arn = var.kms_key_arn
  }
}

# When a build is too large to be sent with the request, both are uploaded through the bucket.
resource "aws_s3_object" "artifact" {
  for_each = local.by_bucket ? local.manifest.artifacts : {}

  bucket = module.names.artifact_bucket
  # By content, so that nothing is overwritten. `rollout publish` builds the same name.
  key         = "${local.name}/${replace(each.value.code_sha256, "/", "_")}.zip"
  source      = "${var.dist}/${var.function}/${each.value.zip}"
  source_hash = each.value.code_sha256
}
