# trigger = { kind = "queue", ... }: messages to `live`, with partial batch responses.

resource "aws_lambda_event_source_mapping" "queue" {
  for_each = local.trigger.kind == "queue" ? toset([for name, queue in local.queues : name if queue.name == local.trigger.queue]) : toset([])

  event_source_arn                   = data.aws_sqs_queue.used[each.key].arn
  function_name                      = aws_lambda_alias.live.arn
  function_response_types            = ["ReportBatchItemFailures"]
  batch_size                         = local.trigger.batch_size
  maximum_batching_window_in_seconds = local.trigger.batching_window_s

  scaling_config {
    maximum_concurrency = local.trigger.maximum_concurrency
  }
}
