# AWS's answers, as far as the tests and the provider's own checks use them.

mock_data "aws_caller_identity" {
  defaults = { account_id = "123456789012" }
}

mock_data "aws_partition" {
  defaults = { partition = "aws" }
}

mock_data "aws_dynamodb_table" {
  defaults = { arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/shop-production-documents" }
}

# The boundary that infra/modules/platform makes, with a key and one further permission.
mock_data "aws_iam_policy" {
  defaults = {
    tags   = { owner = "shop-id" }
    policy = <<-POLICY
      { "Statement": [
      {"Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": ["arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/shop-production-*:log-stream:*"]},
      {"Action": ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "Resource": ["*"]},
      {"Action": ["ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses"], "Resource": ["*"]},
      {"Action": ["dynamodb:GetItem", "dynamodb:Query"], "Resource": ["arn:aws:dynamodb:eu-central-1:123456789012:table/shop-production-*"]},
      {"Action": ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage"], "Resource": ["arn:aws:sqs:eu-central-1:123456789012:shop-production-*"]},
      {"Action": ["ssm:GetParameters"], "Resource": ["arn:aws:ssm:eu-central-1:123456789012:parameter/shop-production/*", "arn:aws:ssm:eu-central-1:123456789012:parameter/aws/reference/secretsmanager/shop-production/*"]},
      {"Action": ["secretsmanager:GetSecretValue"], "Resource": ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-production/*"]},
      {"Action": ["kms:Decrypt"], "Resource": ["arn:aws:kms:eu-central-1:123456789012:key/*"], "Condition": {"StringEquals": {"kms:ViaService": "ssm.eu-central-1.amazonaws.com"}}},
      {"Action": ["kms:Decrypt"], "Resource": ["arn:aws:kms:eu-central-1:123456789012:key/*"], "Condition": {"StringEquals": {"kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com"}}},
      {"Action": ["kms:Decrypt"], "Resource": ["arn:aws:kms:eu-central-1:123456789012:key/1"]},
      {"Action": ["s3:*Object"], "Resource": ["arn:aws:s3:::shop-production-uploads/*"]}
      ] }
    POLICY
  }
}

mock_data "aws_sqs_queue" {
  defaults = {
    arn = "arn:aws:sqs:eu-central-1:123456789012:shop-production-documents"
    url = "https://sqs.eu-central-1.amazonaws.com/123456789012/shop-production-documents"
  }
}

mock_data "aws_lambda_alias" {
  defaults = { function_version = "1" }
}

mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::123456789012:role/function" }
}

mock_resource "aws_cloudwatch_log_group" {
  defaults = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/function" }
}

mock_resource "aws_lambda_function" {
  defaults = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:function" }
}

mock_resource "aws_lambda_alias" {
  defaults = {
    arn        = "arn:aws:lambda:eu-central-1:123456789012:function:function:live"
    invoke_arn = "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-central-1:123456789012:function:function:live/invocations"
  }
}

mock_resource "aws_apigatewayv2_api" {
  defaults = { execution_arn = "arn:aws:execute-api:eu-central-1:123456789012:api" }
}

mock_resource "aws_cloudwatch_event_rule" {
  defaults = { arn = "arn:aws:events:eu-central-1:123456789012:rule/rule" }
}
