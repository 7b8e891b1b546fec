# trigger = { kind = "schedule", rate = "5 minutes" } or { ..., cron = "0 8 ? * MON-FRI *" }: time invokes `live`.

locals {
  # `package` has checked that there is one of the two.
  schedule = local.trigger.kind == "schedule" ? { schedule = try("rate(${local.trigger.rate})", "cron(${local.trigger.cron})") } : {}
}

resource "aws_cloudwatch_event_rule" "schedule" {
  for_each = local.schedule

  name                = local.name
  description         = "Invokes ${local.name}."
  schedule_expression = each.value
}

resource "aws_cloudwatch_event_target" "schedule" {
  for_each = local.schedule

  rule = aws_cloudwatch_event_rule.schedule[each.key].name
  arn  = aws_lambda_alias.live.arn
}

resource "aws_lambda_permission" "schedule" {
  for_each = local.schedule

  statement_id  = "schedule"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_alias.live.function_name
  qualifier     = aws_lambda_alias.live.name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.schedule[each.key].arn
}
