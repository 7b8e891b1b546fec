# Both builds of the newest pair side by side, as `live` serves them: invocations, failures, duration, cost, weight.
# An older version that `live` also serves counts in the sum of all invocations.

variable "dashboard" {
  description = "Whether the function has a dashboard: 3 USD a month, after the first three of an account."
  type        = bool
  default     = false
  nullable    = false
}

locals {
  # The price list of `rollout report`. Without the region in it there is no cost.
  prices_file = "${path.module}/prices.json"
  prices = one([
    for list in fileexists(local.prices_file) ? jsondecode(file(local.prices_file)).lists : [] : list if contains(list.regions, var.region)
  ])

  # A line of a graph: a metric of one build or of all that live serves, with an id for metric math.
  metric_lines = {
    for key, dimensions in merge(local.live_dimensions, local.build_dimensions) : key => {
      for id, metric in {
        invocations = { name = "Invocations", stat = "Sum" }
        errors      = { name = "Errors", stat = "Sum" }
        throttles   = { name = "Throttles", stat = "Sum" }
        p50         = { name = "Duration", stat = "p50" }
        p99         = { name = "Duration", stat = "p99" }
        average     = { name = "Duration", stat = "Average" }
        } : id => concat(
        ["AWS/Lambda", metric.name],
        flatten([for name, value in dimensions : [name, value]]),
        [{ id = "${id}_${key}", stat = metric.stat, label = "${key} ${id}" }],
      )
    }
  }
  lines = { for architecture in keys(local.build_dimensions) : architecture => local.metric_lines[architecture] }

  # The same lines for use in metric math only, not shown.
  hidden = {
    for key, lines in local.metric_lines : key => {
      for id, line in lines : id => concat(slice(line, 0, length(line) - 1), [merge(line[length(line) - 1], { visible = false })])
    }
  }

  # The cost of a warm invocation, as `rollout report` counts it: whole milliseconds, first tier.
  cost_lines = local.prices == null ? [] : [
    for architecture in keys(local.lines) : [{
      label      = "${architecture} USD per million"
      expression = "CEIL(average_${architecture}) * ${local.manifest.memory_mib / 1024 * local.prices[architecture][0].usd_per_gb_second * 1000} + ${local.prices.usd_per_million_requests}"
    }]
  ]

  graphs = concat(
    [
      { title = "Invocations a minute", lines = [for line in local.metric_lines : line.invocations] },
      { title = "Failed and throttled", lines = concat([for line in local.lines : line.errors], [for line in local.lines : line.throttles]) },
      { title = "Duration, ms", lines = concat([for line in local.lines : line.p50], [for line in local.lines : line.p99]) },
      {
        title = "arm64's share of live, %"
        lines = [
          local.hidden["arm64"].invocations,
          local.hidden["all"].invocations,
          [{ label = "arm64", expression = "100 * FILL(invocations_arm64, 0) / invocations_all" }],
        ]
      },
    ],
    local.prices == null ? [] : [{
      title = "Cost per million warm invocations, USD"
      lines = concat([for architecture in keys(local.lines) : local.hidden[architecture].average], local.cost_lines)
    }],
  )
}

resource "aws_cloudwatch_dashboard" "builds" {
  count = var.dashboard ? 1 : 0

  dashboard_name = "${local.name}-builds"
  dashboard_body = jsonencode({
    widgets = [
      for index, graph in local.graphs : {
        type   = "metric"
        x      = 12 * (index % 2)
        y      = 6 * floor(index / 2)
        width  = 12
        height = 6
        properties = {
          title   = graph.title
          region  = var.region
          period  = 60
          view    = "timeSeries"
          metrics = graph.lines
        }
      }
    ]
  })
}
