# trigger = { kind = "http" }: an HTTP API that sends every route to `live`.

variable "http_authorization" {
  description = "Who may call the HTTP API: AWS_IAM requires signed requests (curl --aws-sigv4), NONE lets everybody in."
  type        = string
  default     = "AWS_IAM"
  nullable    = false

  validation {
    condition     = contains(["AWS_IAM", "NONE"], var.http_authorization)
    error_message = "Use AWS_IAM or NONE."
  }
}

variable "http_throttling" {
  description = "Requests per second that the HTTP API allows, and the burst above that; more get 429."
  type = object({
    rate  = number
    burst = number
  })
  default  = { rate = 100, burst = 200 }
  nullable = false

  validation {
    condition     = var.http_throttling.rate > 0 && var.http_throttling.burst >= 1
    error_message = "The rate must be above 0 and the burst at least 1: with less every request would be refused."
  }
}

locals {
  http = local.trigger.kind == "http" ? toset(["http"]) : toset([])

  # API Gateway gives up after 30 s, whatever the function's timeout is.
  # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
  http_timeout_ms = min(30000, max(50, local.manifest.timeout_s * 1000))

  # With another beginning the name of every such group is in one resource policy of the account, which may have 5,120
  # characters: after some 50 of them no stage can be made.
  # https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
  http_log_group = "/aws/vendedlogs/apigateway/${local.name}"
}

resource "aws_apigatewayv2_api" "http" {
  for_each = local.http

  name          = local.name
  description   = local.manifest.description
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_integration" "http" {
  for_each = local.http

  api_id                 = aws_apigatewayv2_api.http[each.key].id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_alias.live.invoke_arn
  payload_format_version = "2.0"
  timeout_milliseconds   = local.http_timeout_ms
}

resource "aws_apigatewayv2_route" "http" {
  for_each = local.http

  api_id             = aws_apigatewayv2_api.http[each.key].id
  route_key          = "$default"
  target             = "integrations/${aws_apigatewayv2_integration.http[each.key].id}"
  authorization_type = var.http_authorization
}

resource "aws_cloudwatch_log_group" "http" {
  # checkov:skip=CKV_AWS_338: log_retention_days says how long; a year of logs costs, and few must keep them

  for_each = local.http

  name              = local.http_log_group
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  skip_destroy      = true
}

resource "aws_apigatewayv2_stage" "http" {
  for_each = local.http

  api_id      = aws_apigatewayv2_api.http[each.key].id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit  = var.http_throttling.rate
    throttling_burst_limit = var.http_throttling.burst
  }
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.http[each.key].arn
    format = jsonencode({
      requestId        = "$context.requestId"
      time             = "$context.requestTime"
      ip               = "$context.identity.sourceIp"
      method           = "$context.httpMethod"
      path             = "$context.path"
      status           = "$context.status"
      bytes            = "$context.responseLength"
      milliseconds     = "$context.responseLatency"
      integrationError = "$context.integrationErrorMessage"
    })
  }
}

resource "aws_lambda_permission" "http" {
  for_each = local.http

  statement_id  = "http-api"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_alias.live.function_name
  qualifier     = aws_lambda_alias.live.name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.http[each.key].execution_arn}/*/$default" # any stage of this API
}
