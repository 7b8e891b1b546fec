# Who may act from GitHub Actions, without keys: pull requests may plan; the environment may deploy, only from the default
# branch; and two beside it, which need no reviewers: <environment>-plan may plan, <environment>-rollback move aliases back.

locals {
  roles = var.github == null ? {} : {
    plan     = { policies = ["read"], description = "Pull requests of ${var.github.repository}: read only." }
    deploy   = { policies = ["read", "write", "create"], description = "Deploys of ${var.github.repository} from ${var.github.branch} in ${var.environment}." }
    rollback = { policies = ["aliases"], description = "Rollbacks of ${var.github.repository} in ${var.environment}: aliases alone." }
  }

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

  # A job in an environment has the environment in its subject and the branch in `ref`, which STS checks since 2026-01;
  # any other job of the branch has the branch in its subject.
  # https://aws.amazon.com/about-aws/whats-new/2026/01/aws-sts-supports-validation-identity-provider-claims/
  branch = var.github == null ? "" : "refs/heads/${var.github.branch}"
  subjects = var.github == null ? {} : {
    plan     = ["pull_request", var.github.environments ? "environment:${var.environment}-plan" : "ref:${local.branch}"]
    deploy   = [var.github.environments ? "environment:${var.environment}" : "ref:${local.branch}"]
    rollback = [var.github.environments ? "environment:${var.environment}-rollback" : "ref:${local.branch}"]
  }
}

resource "aws_iam_openid_connect_provider" "github" {
  count = var.github != null && !var.github_provider_exists ? 1 : 0

  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]

  # Other projects of the account use it too.
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_iam_role" "github" {
  for_each = local.roles

  name                 = "${local.prefix}-github-${each.key}"
  description          = each.value.description
  max_session_duration = 4 * 60 * 60 # more than a rollout of four steps of ten minutes

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = local.provider_arn }
      Condition = { StringEquals = merge(
        { "${local.issuer}:aud" = ["sts.amazonaws.com"] },
        { "${local.issuer}:sub" = [for it in setproduct(local.repositories, local.subjects[each.key]) : "repo:${it[0]}:${it[1]}"] },
        each.key == "plan" ? {} : { "${local.issuer}:ref" = [local.branch] },
      ) }
    }]
  })

  depends_on = [aws_iam_openid_connect_provider.github]
}

resource "aws_iam_policy" "github" {
  for_each = { for name, statements in local.policies : name => statements if var.github != null }

  name        = "${local.prefix}-github-${each.key}"
  description = "Part of the rights of the workflows of ${var.github.repository} in ${var.environment}."
  policy      = jsonencode({ Version = "2012-10-17", Statement = each.value })
}

resource "aws_iam_role_policy_attachment" "github" {
  for_each = merge([for role, it in local.roles : { for policy in it.policies : "${role}-${policy}" => { role = role, policy = policy } }]...)

  role       = aws_iam_role.github[each.value.role].name
  policy_arn = aws_iam_policy.github[each.value.policy].arn
}
