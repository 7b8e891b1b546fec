# The function with its settings. Its code and architecture are those of the build that was published last, and
# belong to publish.tf.

resource "aws_lambda_function" "function" {
  # checkov:skip=CKV_AWS_116: a function's own dead-letter queue is for asynchronous invocations; the triggers here are synchronous, or a queue with one

  function_name = local.name
  description   = local.manifest.description
  role          = aws_iam_role.function.arn

  runtime       = local.manifest.runtime
  handler       = local.manifest.handler
  architectures = ["x86_64"]
  filename      = local.by_bucket ? null : "${var.dist}/${var.function}/${local.manifest.artifacts["x86_64"].zip}"
  s3_bucket     = local.by_bucket ? module.names.artifact_bucket : null
  s3_key        = local.by_bucket ? aws_s3_object.artifact["x86_64"].key : null

  memory_size = local.manifest.memory_mib
  timeout     = local.manifest.timeout_s
  ephemeral_storage {
    size = local.manifest.ephemeral_storage_mib
  }

  dynamic "environment" {
    for_each = length(local.environment) == 0 ? [] : [local.environment]
    content {
      variables = environment.value
    }
  }

  logging_config {
    log_group             = aws_cloudwatch_log_group.function.name
    log_format            = "JSON"
    application_log_level = var.log_level
    system_log_level      = "INFO"
  }
  tracing_config {
    mode = var.tracing
  }

  dynamic "vpc_config" {
    for_each = var.vpc == null ? [] : [var.vpc]
    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  kms_key_arn                    = var.kms_key_arn
  code_signing_config_arn        = var.code_signing_config_arn
  reserved_concurrent_executions = var.reserved_concurrency

  lifecycle {
    ignore_changes = [architectures, filename, s3_bucket, s3_key, source_code_hash]

    precondition {
      condition     = local.manifest.schema_version == local.schema_version
      error_message = "dist/${var.function}/function.json has schema version ${local.manifest.schema_version}, this configuration reads ${local.schema_version}: build the function again (scripts/build.sh ${var.function})."
    }
    precondition {
      condition     = length(setsubtract(["arm64", "x86_64"], keys(local.manifest.artifacts))) == 0
      error_message = "dist/${var.function} has only one build: build the function again (scripts/build.sh ${var.function})."
    }
  }

  depends_on = [aws_iam_role_policy.function]
}

locals {
  environment = merge(
    local.manifest.environment,
    { for name, table in local.tables : table.variable => data.aws_dynamodb_table.used[name].name },
    { for name, queue in local.queues : queue.variable => data.aws_sqs_queue.used[name].url if contains(queue.actions, "SendMessage") },
    { for name, parameter in local.manifest.parameters : "${name}_PARAMETER" => local.parameters[name] },
  )
}
