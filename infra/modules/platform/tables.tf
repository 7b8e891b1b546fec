resource "aws_dynamodb_table" "shared" {
  # checkov:skip=CKV_AWS_119: encrypted with AWS's own key; a key of your own costs per request

  for_each = var.tables

  name                        = "${local.prefix}-${each.key}"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = each.value.partition_key.name
  range_key                   = try(each.value.sort_key.name, null)
  deletion_protection_enabled = var.deletion_protection

  # Each attribute that is part of a key, once.
  dynamic "attribute" {
    for_each = merge([
      for key in concat([each.value], each.value.indexes) : merge(
        { (key.partition_key.name) = key.partition_key.type },
        key.sort_key == null ? {} : { (key.sort_key.name) = key.sort_key.type },
      )
    ]...)
    content {
      name = attribute.key
      type = attribute.value
    }
  }

  dynamic "global_secondary_index" {
    for_each = each.value.indexes
    content {
      name            = global_secondary_index.value.name
      hash_key        = global_secondary_index.value.partition_key.name
      range_key       = try(global_secondary_index.value.sort_key.name, null)
      projection_type = "ALL"
    }
  }

  dynamic "ttl" {
    for_each = each.value.ttl_attribute == null ? [] : [each.value.ttl_attribute]
    content {
      attribute_name = ttl.value
      enabled        = true
    }
  }

  point_in_time_recovery {
    enabled = true
  }
  # false means DynamoDB's own key; a key of your own costs per request.
  server_side_encryption {
    enabled = false
  }

  # Also against a plan of ours. To end it with its data: infra/README.md.
  lifecycle {
    prevent_destroy = true
  }
}
