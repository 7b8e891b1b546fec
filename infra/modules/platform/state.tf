# The state of this configuration and of every function, each under a key of its own.

resource "aws_s3_bucket" "state" {
  # checkov:skip=CKV_AWS_18: only the deploy role reads it; CloudTrail's data events can log that
  # checkov:skip=CKV_AWS_144: versioned instead; another region's functions have states of their own
  # checkov:skip=CKV_AWS_145: encrypted with S3's own key: TLS only, no public access
  # checkov:skip=CKV2_AWS_62: nothing reacts to its objects

  bucket = module.names.state_bucket
  # S3 deletes only empty buckets, and without its states Terraform would forget all resources.
  force_destroy = !var.deletion_protection

  lifecycle {
    prevent_destroy = true
  }
}

# An earlier state can be restored.
resource "aws_s3_bucket_versioning" "state" {
  bucket = aws_s3_bucket.state.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "state" {
  bucket = aws_s3_bucket.state.id

  rule {
    id     = "old-states"
    status = "Enabled"
    filter {}
    noncurrent_version_expiration {
      noncurrent_days = 90
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.state]
}
