# `live` is what callers use. Terraform creates and deletes it. Its routing and its description belong to
# `rollout` and the controller from then on, which record there what they have done.
#
# The aliases `x86_64` and `arm64` belong to `rollout publish`: only it knows which versions are the
# newest pair. They are deleted with the function.

data "aws_lambda_alias" "build" {
  for_each = toset(["arm64", "x86_64"])

  function_name = aws_lambda_function.function.function_name
  name          = each.key

  depends_on = [terraform_data.publish]
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.function.function_name
  function_version = data.aws_lambda_alias.build[var.first_weight_percent == 100 ? "arm64" : "x86_64"].function_version

  dynamic "routing_config" {
    for_each = var.first_weight_percent > 0 && var.first_weight_percent < 100 ? [var.first_weight_percent / 100] : []
    content {
      additional_version_weights = {
        (data.aws_lambda_alias.build["arm64"].function_version) = routing_config.value
      }
    }
  }

  lifecycle {
    ignore_changes = [description, function_version, routing_config]
  }
}

# On `live`, and so never during a rollout: AWS refuses weights on such an alias.
resource "aws_lambda_provisioned_concurrency_config" "live" {
  count = var.provisioned_concurrency > 0 ? 1 : 0

  function_name                     = aws_lambda_alias.live.function_name
  qualifier                         = aws_lambda_alias.live.name
  provisioned_concurrent_executions = var.provisioned_concurrency

  lifecycle {
    # Looks at the alias as rollout has changed it: the variables only say how `live` began.
    # https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
    precondition {
      condition     = alltrue([for routing in aws_lambda_alias.live.routing_config : try(length(routing.additional_version_weights), 0) == 0])
      error_message = "live of ${local.name} routes to two versions, and AWS refuses provisioned concurrency on such an alias. End the rollout first: rollout run ${local.name}, or rollout abort ${local.name}."
    }
  }
}
