resource "aws_cloudwatch_log_group" "function" {
  # checkov:skip=CKV_AWS_338: log_retention_days says how long; a year of logs costs, and few must keep them

  name              = "/aws/lambda/${local.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  skip_destroy      = true # what happened stays known; infra/function takes it up again
}
