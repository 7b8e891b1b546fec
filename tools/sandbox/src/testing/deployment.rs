//! A function from `dist/` in the sandbox, with both builds published.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use aws_sdk_lambda::types::AliasRoutingConfiguration;
use package::{
    Architecture, FunctionManifest,
    replay::{EventReport, Verdict, read_events},
};

use super::sandbox::{Sandbox, dist};
use crate::{
    LIVE,
    client::{apply, endpoint::Clients, lambda, replay::answers, settings::Variables},
};

/// The two versions of one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Version number of the `x86_64` build.
    pub x86_64: String,
    /// Version number of the `arm64` build.
    pub arm64: String,
}

impl Pair {
    /// Version number of the build for this architecture.
    #[must_use]
    pub fn version(&self, architecture: Architecture) -> &str {
        match architecture {
            Architecture::Arm64 => &self.arm64,
            Architecture::X86_64 => &self.x86_64,
        }
    }
}

impl Sandbox {
    /// Deploys a function of this workspace from `dist/`: its tables and queues, the function with its settings, both
    /// builds published, the aliases `x86_64` and `arm64` at them, `live` at the `x86_64` build, and its trigger.
    ///
    /// # Errors
    /// When `scripts/build.sh <function>` was not run: says so.
    pub async fn apply(&self, function: &str) -> Result<Pair> {
        self.apply_from(dist(), function).await
    }

    /// [`Sandbox::apply`] from another folder.
    ///
    /// # Errors
    /// When there is no build of it, or the sandbox refuses.
    pub async fn apply_from(&self, dist: &Path, function: &str) -> Result<Pair> {
        let manifest = FunctionManifest::read(dist, function)?;
        let clients = Clients::new(&self.sdk_config())?;
        apply::apply(&clients, dist, &manifest, &Variables::default()).await?;
        let publish = |build| apply::put_build(&self.lambda, dist, &manifest, build, true);
        let pair = Pair {
            x86_64: publish(Architecture::X86_64).await?,
            arm64: publish(Architecture::Arm64).await?,
        };
        for architecture in Architecture::ALL {
            let version = pair.version(architecture);
            lambda::point(&self.lambda, function, architecture.as_str(), version).await?;
        }
        lambda::point(&self.lambda, function, LIVE, &pair.x86_64).await?;
        // Again: now there is an alias for the trigger.
        apply::apply(&clients, dist, &manifest, &Variables::default()).await?;
        Ok(pair)
    }

    /// Sends the sample events in `dist/` to both builds of a function that was applied.
    ///
    /// # Errors
    /// When they do not answer alike, or not as expected: says where.
    pub async fn replay(&self, function: &str) -> Result<()> {
        let manifest = FunctionManifest::read(dist(), function)?;
        let events = read_events(&dist().join(function).join("events"))?;
        let x86_64 = answers(&self.lambda, function, "x86_64", &events).await?;
        let arm64 = answers(&self.lambda, function, "arm64", &events).await?;
        let reports = EventReport::all(&events, &x86_64, &arm64, &manifest.replay.ignore);
        let verdict = Verdict::new(&reports);
        let lines: Vec<_> = reports.iter().map(ToString::to_string).collect();
        ensure!(verdict.passed(), "{}\n{verdict}", lines.join("\n"));
        Ok(())
    }

    /// Gives this share of `live`, in percent, to the build for this architecture and the rest to the other one.
    ///
    /// # Errors
    /// When the function was not applied, or the share is not from 0 to 100.
    pub async fn set_weight(
        &self,
        function: &str,
        candidate: Architecture,
        percent: f64,
    ) -> Result<()> {
        let baseline = self.version_of(function, candidate.other()).await?;
        let candidate = self.version_of(function, candidate).await?;
        let routing = AliasRoutingConfiguration::builder()
            .additional_version_weights(candidate, percent / 100.0);
        let update = self.lambda.update_alias().function_name(function);
        let update = update.name(LIVE).function_version(baseline);
        let updated = update.routing_config(routing.build()).send().await;
        updated.with_context(|| format!("cannot set the weight of {function}:live"))?;
        Ok(())
    }

    /// The version that the alias of this architecture points at.
    async fn version_of(&self, function: &str, architecture: Architecture) -> Result<String> {
        let alias = self.lambda.get_alias().function_name(function);
        let alias = alias.name(architecture.as_str()).send().await;
        let alias = alias.with_context(|| format!("there is no {function}:{architecture}"))?;
        alias.function_version.context("an alias without a version")
    }
}
