# Artifacts that are too large to be sent with the request. Lambda copies what it publishes, so old objects are of no
# use.

resource "aws_s3_bucket" "artifacts" {
  # checkov:skip=CKV_AWS_18: only the deploy role reads it; CloudTrail's data events can log that
  # checkov:skip=CKV_AWS_144: Lambda copies what it publishes
  # checkov:skip=CKV_AWS_145: encrypted with S3's own key: TLS only, no public access
  # checkov:skip=CKV2_AWS_62: nothing reacts to its objects

  bucket        = module.names.artifact_bucket
  force_destroy = true
}

resource "aws_s3_bucket_versioning" "artifacts" {
  bucket = aws_s3_bucket.artifacts.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "artifacts" {
  bucket = aws_s3_bucket.artifacts.id

  rule {
    id     = "old-artifacts"
    status = "Enabled"
    filter {}
    noncurrent_version_expiration {
      noncurrent_days = 30
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.artifacts]
}
