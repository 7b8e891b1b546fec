# Whom the controller tells: the topic of all alarms gets what happens to rollouts, and when the controller itself fails.

variable "rollout_events" {
  description = "Whether the topic of the alarms gets every event of a rollout: one sentence each."
  type        = bool
  default     = true
  nullable    = false
}

locals {
  told = var.controller && var.rollout_events ? local.controller : toset([])
}

resource "aws_cloudwatch_event_rule" "rollouts" {
  for_each = local.told

  name        = "${module.names.controller}.rollouts"
  description = "Events of ${local.prefix}'s rollouts to the topic of the alarms."
  # Other environments and projects may put theirs on the same bus.
  event_pattern = jsonencode({
    source = ["rollout"]
    detail = { function = [{ prefix = "${local.prefix}-" }] }
  })
}

resource "aws_cloudwatch_event_target" "rollouts" {
  for_each = local.told

  rule = aws_cloudwatch_event_rule.rollouts[each.key].name
  arn  = aws_sns_topic.alarms.arn

  # For people; programs find the whole event on the bus. The id tells a repetition apart.
  input_transformer {
    input_paths    = { type = "$.detail-type", function = "$.detail.function", sentence = "$.detail.sentence", id = "$.detail.id" }
    input_template = "\"<type>: <function>: <sentence> (<id>)\""
  }
}

locals {
  controller_alarms = var.controller ? {
    errors = {
      description = "${module.names.controller} fails, and with it what it does for some rollout: read its log, /aws/lambda/${module.names.controller}. Rollouts keep their weights until it works again, or until rollout run takes one on."
      metric      = "Errors"
      operator    = "GreaterThanOrEqualToThreshold"
      threshold   = 3 # wakes of five minutes: one that AWS did not answer is made up for by the next
      periods     = 1
      period      = 300
      missing     = "notBreaching"
    }
    wakes = {
      description = "${module.names.controller} was not invoked for 5 minutes, and no rollout advances: look at the rules ${module.names.controller}.*, and at the account's concurrency."
      metric      = "Invocations"
      operator    = "LessThanThreshold"
      threshold   = 1
      periods     = 5
      period      = 60
      missing     = "breaching"
    }
  } : {}
}

resource "aws_cloudwatch_metric_alarm" "controller" {
  for_each = local.controller_alarms

  alarm_name          = "${module.names.controller}-${each.key}"
  alarm_description   = each.value.description
  comparison_operator = each.value.operator
  threshold           = each.value.threshold
  evaluation_periods  = each.value.periods
  treat_missing_data  = each.value.missing
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  namespace   = "AWS/Lambda"
  metric_name = each.value.metric
  dimensions  = { FunctionName = module.names.controller, Resource = "${module.names.controller}:live" }
  period      = each.value.period
  statistic   = "Sum"

  depends_on = [aws_cloudwatch_event_target.controller] # else it would go off before the first wake
}
