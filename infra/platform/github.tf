# Who may act from GitHub Actions, without keys: pull requests may plan, and the environment may deploy, only from the
# default branch.

locals {
  github = var.github == null ? {} : { for role in ["plan", "deploy"] : role => role }

  # Repositories created since 2026-07-15 have their ids in the subject, older ones do not.
  # https://github.blog/changelog/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens/
  repositories = var.github == null ? [] : compact([
    var.github.repository,
    var.github.repository_id == null ? null : join("/", [
      "${split("/", var.github.repository)[0]}@${var.github.owner_id}",
      "${split("/", var.github.repository)[1]}@${var.github.repository_id}",
    ]),
  ])

  issuer       = "token.actions.githubusercontent.com"
  provider_arn = "arn:${local.partition}:iam::${var.account_id}:oidc-provider/${local.issuer}"

  # A job in an environment has the environment in its subject and the branch in `ref`, which STS checks
  # since 2026-01.
  # https://aws.amazon.com/about-aws/whats-new/2026/01/aws-sts-supports-validation-identity-provider-claims/
  conditions = var.github == null ? {} : {
    plan = {
      "${local.issuer}:sub" = [for repository in local.repositories : "repo:${repository}:pull_request"]
    }
    deploy = {
      "${local.issuer}:sub" = [for repository in local.repositories : "repo:${repository}:environment:${var.github.environment}"]
      "${local.issuer}:ref" = ["refs/heads/${var.github.branch}"]
    }
  }
}

resource "aws_iam_openid_connect_provider" "github" {
  count = var.github != null && !var.github_provider_exists ? 1 : 0

  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "github" {
  for_each = local.github

  name                 = "github-${each.key}-${var.region}"
  description          = each.key == "plan" ? "Pull requests of ${var.github.repository}: read only." : "Deploys of ${var.github.repository} from ${var.github.branch} in ${var.github.environment}."
  max_session_duration = 4 * 60 * 60 # more than a rollout of four steps of ten minutes

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = local.provider_arn }
      Condition = { StringEquals = merge({ "${local.issuer}:aud" = ["sts.amazonaws.com"] }, local.conditions[each.key]) }
    }]
  })

  depends_on = [aws_iam_openid_connect_provider.github]
}

# Both roles may read; deploy may also write.
resource "aws_iam_policy" "github" {
  for_each = { for name, statements in local.permissions : name => statements if var.github != null }

  name        = "github-${each.key}-${var.region}"
  description = "Part of the rights of the workflows of ${var.github.repository} to ${split("-", each.key)[0]}."
  policy      = jsonencode({ Version = "2012-10-17", Statement = each.value })

  lifecycle {
    precondition {
      condition     = length(jsonencode({ Version = "2012-10-17", Statement = each.value })) <= 6144
      error_message = "IAM allows 6144 characters in a policy, and github-${each.key} has more with this many functions: spread it over more policies (infra/platform/permissions.tf)."
    }
  }
}

resource "aws_iam_role_policy_attachment" "github" {
  for_each = merge([for role in keys(local.github) : {
    for policy in keys(aws_iam_policy.github) : "${role}-${policy}" => { role = role, policy = policy } if role == "deploy" || startswith(policy, "read-")
  }]...)

  role       = aws_iam_role.github[each.value.role].name
  policy_arn = aws_iam_policy.github[each.value.policy].arn
}
