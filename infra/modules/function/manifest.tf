# The function as its own Cargo.toml describes it, from dist/<function>/function.json.

locals {
  manifest = jsondecode(file("${var.dist}/${var.function}/function.json"))

  # The layout that this configuration reads: tools/package/src/manifest/mod.rs.
  schema_version = 7

  trigger = local.manifest.trigger

  # Larger zips are uploaded through the artifact bucket.
  # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
  largest_upload_bytes = 50 * 1024 * 1024
  by_bucket            = anytrue([for artifact in local.manifest.artifacts : artifact.zip_bytes > local.largest_upload_bytes])

  tables = { for table in local.manifest.tables : table.name => table }
  queues = { for queue in local.manifest.queues : queue.queue_name => queue }
}

# Made by `platform`. Looked up, so that the plan fails when the platform is missing.
data "aws_dynamodb_table" "used" {
  for_each = local.tables

  name = "${local.prefix}-${each.key}"
}

data "aws_sqs_queue" "used" {
  for_each = local.queues

  name = "${local.prefix}-${each.key}"
}
