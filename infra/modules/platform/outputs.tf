output "artifact_bucket" {
  description = "Bucket of the artifacts that are too large for a direct upload."
  value       = aws_s3_bucket.artifacts.id
}

output "alarm_topic_arn" {
  description = "The topic of all alarms."
  value       = aws_sns_topic.alarms.arn
}

output "github_role_arns" {
  description = "For configure-aws-credentials: plan in pull requests, deploy in the environment, rollback in <environment>-rollback."
  value       = { for name, role in aws_iam_role.github : name => role.arn }
}

output "owner" {
  description = "Whose platform this is: scripts/platform.sh refuses to change that of another project."
  value       = var.owner
}

output "log_groups" {
  description = "Names of the log groups, which outlive what they are of."
  value       = { for key in local.controller : key => "/aws/lambda/${module.names.controller}" }
}
