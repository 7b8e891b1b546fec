//! What every command gets, the flags that say where AWS is, and what a command ends with.

use std::{collections::BTreeMap, io, path::PathBuf, process::ExitCode};

use clap::Args;
use package::{FunctionManifest, ManifestError, RolloutPolicy};

use super::output::Output;
use crate::{
    aws::{
        LIVE,
        alarm::CandidateAlarm,
        alias::{self, AliasError},
        client::{Clients, Connection},
        function::{self, Function, FunctionError},
        tags,
    },
    delivery::{
        event::Ending,
        moves,
        tags::{NEXT, POLICY},
    },
};

/// What every command gets: the clients, the dist folder, where its output goes.
#[derive(Debug, Clone)]
pub(super) struct Context {
    /// The AWS services that a rollout talks to.
    pub clients: Clients,
    /// Folder with one folder per built function.
    pub dist: PathBuf,
    /// What the names of functions begin with on AWS, and not here.
    pub prefix: String,
    /// Where results go.
    pub output: Output,
}

impl Context {
    /// The manifest of a built function, with its name on AWS.
    ///
    /// # Errors
    /// [`ManifestError`] when it was not built, or not by this version.
    pub(super) fn manifest(&self, function: &str) -> Result<FunctionManifest, ManifestError> {
        let mut manifest = FunctionManifest::read(&self.dist, self.local(function))?;
        manifest.name = function.to_owned();
        Ok(manifest)
    }

    /// A function's name on AWS, which may be said with or without the prefix.
    pub(super) fn on_aws(&self, function: &str) -> String {
        format!("{}{}", self.prefix, self.local(function))
    }

    /// A function's name in the dist folder.
    pub(super) fn local<'a>(&self, function: &'a str) -> &'a str {
        function.strip_prefix(&self.prefix).unwrap_or(function)
    }

    /// How a function is rolled out: by the build that is here, else as it was published; `None` when there is neither.
    ///
    /// # Errors
    /// When the build is of another version of these tools, or AWS does not answer.
    pub(super) async fn policy(&self, function: &str) -> anyhow::Result<Option<RolloutPolicy>> {
        match self.manifest(function) {
            Ok(manifest) => Ok(Some(manifest.rollout)),
            Err(ManifestError::Missing { .. }) => {
                let function = function::read(&self.clients.lambda, function).await?;
                Ok(POLICY.read(&function.tags)?)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps the policy of the build that is here with the function, for rollouts by somebody who has none.
    pub(super) async fn keep_policy(&self, function: &Function) {
        let Ok(FunctionManifest { rollout, .. }) = self.manifest(&function.name) else {
            return;
        };
        let kept = moves::keep(&self.clients.lambda, function, POLICY, &rollout);
        if let Err(error) = kept.await {
            tracing::warn!("{error}: where its build is not, the function cannot be rolled out");
        }
    }

    /// Removes the rollout that waits from the function's tags: whoever takes a release back wants no other one. What fails is
    /// a warning, since the weight is back by then, and the controller starts nothing after that either.
    ///
    /// # Errors
    /// When it cannot be said.
    pub(super) async fn forget_next(&self, name: &str) -> io::Result<()> {
        match self.next_forgotten(name).await {
            Ok(false) => Ok(()),
            Ok(true) => self.output.line(
                "the release that has waited is not started: start it again when it shall come",
            ),
            Err(error) => {
                tracing::warn!("{error}");
                Ok(())
            }
        }
    }

    async fn next_forgotten(&self, name: &str) -> Result<bool, FunctionError> {
        let lambda = &self.clients.lambda;
        let function = function::read(lambda, name).await?;
        let keys = NEXT.left_over(&function.tags, &BTreeMap::new());
        let is_there = !keys.is_empty();
        tags::change(lambda, &function, BTreeMap::new(), keys).await?;
        Ok(is_there)
    }

    /// Whether the account has a controller, which moves rollouts on.
    ///
    /// # Errors
    /// When AWS does not answer.
    pub(super) async fn has_controller(&self) -> Result<bool, AliasError> {
        let controller = format!("{}controller", self.prefix);
        let found = alias::find(&self.clients.lambda, &controller, LIVE).await?;
        Ok(found.is_some())
    }

    /// The alarm on the candidate of a function.
    pub(super) fn candidate_alarm(&self, function: &str) -> CandidateAlarm {
        CandidateAlarm::new(self.clients.cloudwatch.clone(), function)
    }
}

/// Where AWS is: the AWS CLI's own flags and environment variables.
#[derive(Debug, Args)]
pub(super) struct ConnectionArgs {
    /// Endpoint of every service, for a sandbox
    #[arg(long, global = true, env = "AWS_ENDPOINT_URL", value_name = "URL")]
    endpoint_url: Option<String>,
    /// Region of the function [env: AWS_REGION=]
    #[arg(long, global = true, value_name = "REGION")]
    region: Option<String>,
    /// Profile in the AWS configuration files [env: AWS_PROFILE=]
    #[arg(long, global = true, value_name = "PROFILE")]
    profile: Option<String>,
}

impl From<ConnectionArgs> for Connection {
    fn from(args: ConnectionArgs) -> Self {
        Self {
            endpoint_url: args.endpoint_url,
            region: args.region,
            profile: args.profile,
        }
    }
}

/// How a command has ended, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Done what was asked; of a run: promoted. Exit code 0.
    Done,
    /// The weight stays where it is, for somebody to decide. Exit code 3.
    Paused,
    /// Rolled back, or refused by a check: the release must not go on. Exit code 1.
    NotReleased,
    /// It could not run, or had to stop without knowing. Exit code 2, as for any error.
    CouldNotRun,
}

/// What a command ends with that has seen a rollout end.
impl From<Ending> for Outcome {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::NothingToMove | Ending::Promoted | Ending::Reached => Self::Done,
            Ending::RolledBack(_) => Self::NotReleased,
            Ending::Paused(_) | Ending::Detached => Self::Paused,
            Ending::Stopped | Ending::RollbackFailed(_) => Self::CouldNotRun,
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Done => 0,
            Outcome::NotReleased => 1,
            Outcome::CouldNotRun => 2,
            Outcome::Paused => 3,
        })
    }
}
