# trigger = { kind = "alarm" }: invokes `live` when an alarm of this project and environment
# whose name ends in name_suffix goes to ALARM.
# `rollout run` makes the alarms, since they are about another version with every release.

locals {
  alarm = local.trigger.kind == "alarm" ? toset(["alarm"]) : toset([])
}

resource "aws_cloudwatch_event_rule" "alarm" {
  for_each = local.alarm

  name        = local.name
  description = "Alarms named ${local.prefix}-*${local.trigger.name_suffix} to ${local.name}."
  event_pattern = jsonencode({
    source      = ["aws.cloudwatch"]
    detail-type = ["CloudWatch Alarm State Change"]
    detail = {
      alarmName = [{ wildcard = "${local.prefix}-*${local.trigger.name_suffix}" }]
      state     = { value = ["ALARM"] }
    }
  })
}

resource "aws_cloudwatch_event_target" "alarm" {
  for_each = local.alarm

  rule = aws_cloudwatch_event_rule.alarm[each.key].name
  arn  = aws_lambda_alias.live.arn
}

resource "aws_lambda_permission" "alarm" {
  for_each = local.alarm

  statement_id  = "alarm"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_alias.live.function_name
  qualifier     = aws_lambda_alias.live.name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.alarm[each.key].arn
}
