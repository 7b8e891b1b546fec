//! `rollout deployed`: does `live` serve what was built, and what is to be deployed?

use clap::Args;
use package::FunctionManifest;
use serde::Serialize;

use super::{
    context::{Context, Outcome},
    output,
};
use crate::{
    aws::{
        LIVE,
        alias::{self, Alias},
        function::{self, FunctionError},
        routing::Version,
        versions::{self, Settings, Versions},
    },
    delivery::tags::APPLIED,
    release::{
        deployed::{self, Deployed, Found, State, Wanted},
        newest::{self, Newest},
        order::{self, Order, OutOfOrder},
        publish::newest_pair,
    },
};

/// Arguments of `rollout deployed`.
#[derive(Debug, Args)]
pub(super) struct DeployedArgs {
    /// Names of functions that are built
    #[arg(value_name = "FUNCTION", required = true)]
    pub functions: Vec<String>,
    /// Also what was built from a commit that does not descend from the deployed one
    #[arg(long)]
    any_order: bool,
    /// Terraform would change something: not what was built from a commit that does not descend from the last one that
    /// was applied
    #[arg(long)]
    before_apply: bool,
    /// After an apply: the settings of $LATEST count, and not those of function.json
    #[arg(long)]
    applied: bool,
}

/// What is said of a function.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    function: &'a str,
    state: State,
    /// Whether it is to be deployed without anybody asking for it.
    deploy: bool,
    /// Whether its commit is refused, because it does not descend from the deployed one.
    refused: bool,
    reason: String,
    commit: &'a str,
    deployed_commit: Option<String>,
}

/// Runs it: exit code 1 where a commit is refused.
///
/// # Errors
/// When a function is not built, AWS does not answer, or git cannot say which commit is later.
pub(super) async fn deployed(args: DeployedArgs, context: &Context) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::Done;
    for function in &args.functions {
        let manifest = context.manifest(function)?;
        let answer = answer(&manifest, &args, context).await?;
        context.output.json(&answer)?;
        context
            .output
            .prose(&format!("{function} {}", answer.reason))?;
        if answer.refused {
            outcome = Outcome::NotReleased;
            let refused = anyhow::anyhow!("{function} is refused: {}", answer.reason);
            output::error(&refused);
        }
    }
    Ok(outcome)
}

async fn answer<'a>(
    manifest: &'a FunctionManifest,
    args: &DeployedArgs,
    context: &Context,
) -> anyhow::Result<Answer<'a>> {
    let lambda = &context.clients.lambda;
    let function = manifest.name.as_str();
    let versions = match versions::list(lambda, function).await {
        Err(FunctionError::Missing(_)) => Versions {
            settings: Settings::default(),
            published: Vec::new(),
        },
        versions => versions?,
    };
    let live = alias::find(lambda, function, LIVE).await?;
    let found = Found {
        versions: &versions,
        live: live.as_ref(),
        newest: newest_pair(lambda, function).await?,
        failed_replay: newest::has_failed_replay(lambda, function).await?,
    };
    let wanted = if args.applied {
        Wanted::Latest
    } else {
        Wanted::Manifest
    };
    let Deployed {
        state,
        mut reason,
        target,
    } = deployed::compare(manifest, &found, wanted);
    let commit = manifest.artifacts.values().next();
    let commit = commit.map_or("", |artifact| artifact.commit.as_str());
    let deployed_commit = match target {
        Some(version) => commit_of(version, &versions, context, function).await?,
        None => None,
    };
    let mut before = Vec::new();
    if !args.any_order && state == State::Changed {
        before.extend(deployed_commit.clone().map(|from| (from, "is deployed")));
    }
    if !args.any_order && args.before_apply {
        let applied = applied_commit(context, function).await?;
        before.extend(applied.map(|from| (from, "was applied last")));
    }
    let mut refused = false;
    for (from, what) in before {
        let order = order::of(commit, &from)?;
        if order != Order::Descends {
            refused = true;
            let commit = commit.to_owned();
            let out_of_order = OutOfOrder {
                commit,
                from,
                what,
                order,
            };
            reason = format!("{reason}; {out_of_order}. To deploy it all the same: --any-order");
            break;
        }
    }
    Ok(Answer {
        function,
        state,
        deploy: state.is_due() && !refused,
        refused,
        reason,
        commit,
        deployed_commit,
    })
}

/// The commit that was applied last, if there is such a function.
async fn applied_commit(context: &Context, function: &str) -> anyhow::Result<Option<String>> {
    match function::read(&context.clients.lambda, function).await {
        Ok(function) => Ok(function.tags.get(APPLIED).cloned()),
        Err(FunctionError::Missing(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The last commit that a version was deployed for: content that came back has the later commit in its alias.
async fn commit_of(
    version: Version,
    versions: &Versions,
    context: &Context,
    function: &str,
) -> anyhow::Result<Option<String>> {
    let Some(published) = versions::find(&versions.published, version) else {
        return Ok(None);
    };
    let name = published.architecture.as_str();
    let alias = alias::find(&context.clients.lambda, function, name).await?;
    let newest = |alias: Alias| {
        let newest: Newest = alias.description.parse().ok()?;
        (alias.routing.primary == version).then_some(newest.commit)
    };
    let newest = alias.and_then(newest);
    Ok(newest.or_else(|| published.commit().map(str::to_owned)))
}
