output "account_id" {
  description = "The AWS account."
  value       = local.account_id
}

output "live_arn" {
  description = "The alias that callers invoke."
  value       = aws_lambda_alias.live.arn
}

output "role_arn" {
  description = "The function's role."
  value       = aws_iam_role.function.arn
}

output "url" {
  description = "URL of the HTTP API, if the function has one."
  value       = one([for api in aws_apigatewayv2_api.http : api.api_endpoint])
}

output "published" {
  description = "Hashes of the artifacts and of the configuration that the newest pair was published from."
  value       = terraform_data.publish.triggers_replace
}
