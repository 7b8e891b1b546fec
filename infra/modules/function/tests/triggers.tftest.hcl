# Every trigger invokes `live`, and may invoke nothing else.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  dist        = "tests/dist"
  project     = "shop"
  environment = "production"
  owner       = "shop-id"
  region      = "eu-central-1"
  rollout     = "true"
}

run "a_function_without_trigger_has_none" {
  variables {
    function = "plain"
  }

  assert {
    condition     = length(aws_apigatewayv2_api.http) + length(aws_lambda_event_source_mapping.queue) + length(aws_cloudwatch_event_rule.schedule) == 0
    error_message = "nothing but direct invocations"
  }
}

run "an_http_api_calls_live" {
  variables {
    function = "http"
  }

  assert {
    condition     = strcontains(aws_apigatewayv2_integration.http["http"].integration_uri, ":live/invocations")
    error_message = "the integration is with the alias"
  }
  assert {
    condition     = aws_apigatewayv2_integration.http["http"].payload_format_version == "2.0"
    error_message = "the functions read payload format 2.0"
  }
  assert {
    condition     = aws_lambda_permission.http["http"].qualifier == "live"
    error_message = "the permission is on the alias"
  }
  assert {
    condition     = aws_apigatewayv2_route.http["http"].authorization_type == "AWS_IAM"
    error_message = "by default only signed requests are allowed"
  }
  assert {
    condition     = aws_apigatewayv2_stage.http["http"].default_route_settings[0].throttling_rate_limit == 100
    error_message = "requests are limited"
  }
  assert {
    condition     = jsondecode(aws_apigatewayv2_stage.http["http"].access_log_settings[0].format).requestId == "$context.requestId"
    error_message = "accesses are logged"
  }
  assert {
    condition     = aws_cloudwatch_log_group.http["http"].name == "/aws/vendedlogs/apigateway/shop-production-http" && output.log_groups.http == "/aws/vendedlogs/apigateway/shop-production-http"
    error_message = "where AWS needs no line of a policy for each function"
  }
  assert {
    condition     = aws_lambda_function.function.environment[0].variables == tomap({ LOG = "1", DOCUMENTS_TABLE = "shop-production-documents", DOCUMENTS_QUEUE_URL = "https://sqs.eu-central-1.amazonaws.com/123456789012/shop-production-documents" })
    error_message = "the function knows where its table and its queue are"
  }
  assert {
    condition     = length(aws_lambda_event_source_mapping.queue) == 0
    error_message = "a queue that is sent to is no trigger"
  }
}

run "a_queue_is_mapped_to_live" {
  variables {
    function = "queue"
  }

  assert {
    condition     = endswith(aws_lambda_event_source_mapping.queue["documents"].function_name, ":live")
    error_message = "the mapping is to the alias"
  }
  assert {
    condition     = aws_lambda_event_source_mapping.queue["documents"].function_response_types == toset(["ReportBatchItemFailures"])
    error_message = "a batch may fail in part"
  }
  assert {
    condition     = aws_lambda_event_source_mapping.queue["documents"].scaling_config[0].maximum_concurrency == 10
    error_message = "as the metadata says"
  }
  assert {
    condition     = length(aws_lambda_function.function.environment) == 0
    error_message = "a function that only receives needs no URL"
  }
}

run "time_invokes_live" {
  variables {
    function = "rate"
  }

  assert {
    condition     = aws_cloudwatch_event_rule.schedule["schedule"].schedule_expression == "rate(5 minutes)"
    error_message = "as the metadata says"
  }
  assert {
    condition     = endswith(aws_cloudwatch_event_target.schedule["schedule"].arn, ":live")
    error_message = "the rule's target is the alias"
  }
  assert {
    condition     = aws_lambda_permission.schedule["schedule"].qualifier == "live"
    error_message = "the permission is on the alias"
  }
}

run "a_schedule_may_be_a_cron" {
  variables {
    function = "cron"
  }

  assert {
    condition     = aws_cloudwatch_event_rule.schedule["schedule"].schedule_expression == "cron(0 8 ? * MON-FRI *)"
    error_message = "as the metadata says"
  }
}
