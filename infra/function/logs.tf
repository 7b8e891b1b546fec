resource "aws_cloudwatch_log_group" "function" {
  # checkov:skip=CKV_AWS_338: how long is log_retention_days; a year of log lines costs, and is for who must keep them

  name              = "/aws/lambda/${var.function}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}
