# The environment `production`: where it is, and how it runs functions. Read by scripts/*.sh --environment production and
# by the workflows. One more environment is one more file: cp infra/environments/production.tfvars
# infra/environments/staging.tfvars. Everything may be left out. What each key means: the variables of
# infra/modules/platform and infra/modules/function.

# account_id = "123456789012" # credentials of another account are refused
# region     = "eu-central-1" # else AWS_REGION, or the project's (Cargo.toml); with several regions, write it in each file

# tags = { team = "orders" }

# For the platform.
platform = {
  # kms_key_arns         = ["arn:aws:kms:eu-central-1:123456789012:key/..."]
  # function_permissions = [{ actions = ["s3:GetObject"], resources = ["arn:aws:s3:::orders-archive/*"] }]
  # controller           = false # rollouts then advance only as long as somebody runs rollout
  # rollout_events       = false # the topic of the alarms is told of alarms alone
  # github_environments  = false # a private repository that GitHub gives none: the branch alone is trusted
}

# For every function.
function = {
  # vpc                = { subnet_ids = ["subnet-..."], security_group_ids = ["sg-..."] }
  # kms_key_arn        = "arn:aws:kms:eu-central-1:123456789012:key/..."
  # http_authorization = "NONE"
  # dashboard          = true
}

# For one function, where it differs.
functions = {
  # hasher = { reserved_concurrency = 10 }
}
