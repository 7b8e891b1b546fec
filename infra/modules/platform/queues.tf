resource "aws_sqs_queue" "shared" {
  for_each = var.queues

  name                       = "${local.prefix}-${each.key}"
  fifo_queue                 = each.value.fifo
  visibility_timeout_seconds = each.value.visibility_timeout_s
  sqs_managed_sse_enabled    = true

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letter[each.key].arn
    maxReceiveCount     = each.value.max_receive_count
  })

  # Also against a plan of ours, with the messages in it. To end it: infra/README.md.
  lifecycle {
    prevent_destroy = true
  }
}

# Messages that could not be processed, kept for 14 days, the most that SQS allows.
resource "aws_sqs_queue" "dead_letter" {
  for_each = var.queues

  name                      = "${local.prefix}-${each.value.dead_letter_queue_name}"
  fifo_queue                = each.value.fifo
  message_retention_seconds = 14 * 24 * 60 * 60
  sqs_managed_sse_enabled   = true

  # Only its own queue may send messages to it.
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = ["${local.arn.sqs}:${local.prefix}-${each.key}"]
  })

  lifecycle {
    prevent_destroy = true

    precondition {
      # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
      condition     = length("${local.prefix}-${each.value.dead_letter_queue_name}") <= 80
      error_message = "SQS allows 80 characters in a queue's name, and ${local.prefix}-${each.value.dead_letter_queue_name} has more: give queue ${each.key} a shorter name."
    }
  }
}

# Somebody must look at every message there.
resource "aws_cloudwatch_metric_alarm" "dead_letter" {
  for_each = var.queues

  alarm_name          = "${aws_sqs_queue.dead_letter[each.key].name}-has-messages"
  alarm_description   = "Messages of ${aws_sqs_queue.shared[each.key].name} could not be processed ${each.value.max_receive_count} times. Look at them, fix the cause, and send them back: aws sqs start-message-move-task --source-arn ${aws_sqs_queue.dead_letter[each.key].arn}"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  namespace   = "AWS/SQS"
  metric_name = "ApproximateNumberOfMessagesVisible"
  dimensions  = { QueueName = aws_sqs_queue.dead_letter[each.key].name }
  period      = 300
  statistic   = "Maximum"
}
