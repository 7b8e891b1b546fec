output "name" {
  description = "The function's name on Lambda."
  value       = local.name
}

output "log_groups" {
  description = "Names of its log groups: `function`, and `http` of its HTTP API."
  value = merge(
    { function = "/aws/lambda/${local.name}" },
    { for key in local.http : key => local.http_log_group },
  )
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
