output "account_id" {
  description = "The AWS account that this was applied to."
  value       = local.account_id
}

output "live_arn" {
  description = "What callers invoke."
  value       = aws_lambda_alias.live.arn
}

output "role_arn" {
  description = "The function's role."
  value       = aws_iam_role.function.arn
}

output "url" {
  description = "The HTTP API, if that is the trigger."
  value       = one([for api in aws_apigatewayv2_api.http : api.api_endpoint])
}

output "published" {
  description = "What the newest pair was published from: hashes of its artifacts and of its configuration."
  value       = terraform_data.publish.triggers_replace
}
