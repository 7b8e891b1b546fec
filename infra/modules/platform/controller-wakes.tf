# What wakes the controller: each minute, and each alarm of a rollout that goes off.

locals {
  # `rollout` and the controller make the alarms, since they are about another version with every release.
  candidate_alarms = "${local.prefix}-*-live-candidate"

  # Names of functions have no dots, so that no function's rule has one of these names.
  wakes = var.controller ? {
    schedule = { description = "Each minute.", schedule = "rate(1 minute)", pattern = null }
    alarm = { description = "Alarms named ${local.candidate_alarms}.", schedule = null, pattern = jsonencode({
      source      = ["aws.cloudwatch"]
      detail-type = ["CloudWatch Alarm State Change"]
      detail = {
        alarmName = [{ wildcard = local.candidate_alarms }]
        state     = { value = ["ALARM"] }
      }
    }) }
  } : {}
}

resource "aws_cloudwatch_event_rule" "controller" {
  for_each = local.wakes

  name                = "${module.names.controller}.${each.key}"
  description         = "Wakes ${module.names.controller}: ${each.value.description}"
  schedule_expression = each.value.schedule
  event_pattern       = each.value.pattern
}

resource "aws_cloudwatch_event_target" "controller" {
  for_each = local.wakes

  rule = aws_cloudwatch_event_rule.controller[each.key].name
  arn  = aws_lambda_alias.controller["controller"].arn

  # An event that cannot be delivered is of no use after the next minute.
  retry_policy {
    maximum_event_age_in_seconds = 60
    maximum_retry_attempts       = 2
  }

  depends_on = [aws_lambda_permission.controller]
}

resource "aws_lambda_permission" "controller" {
  for_each = local.wakes

  statement_id  = each.key
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_alias.controller["controller"].function_name
  qualifier     = aws_lambda_alias.controller["controller"].name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.controller[each.key].arn
}
