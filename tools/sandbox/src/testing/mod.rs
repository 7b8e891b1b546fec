//! A sandbox for the end-to-end tests of functions: in the test's own process, in a temporary folder, on a free port.
//!
//! - [`Sandbox`]: started, stopped, and the AWS clients for it.
//! - `deployment.rs`: a function from `dist/`, with both halves published.
//! - `invocation.rs`: what an invocation came to.
//!
//! ```no_run
//! # async fn test() -> anyhow::Result<()> {
//! let sandbox = sandbox::testing::Sandbox::start().await?;
//! sandbox.apply("hasher").await?;
//! for half in ["arm64", "x86_64"] {
//!     let answer = sandbox.invoke("hasher", half, &serde_json::json!({"data_base64": ""})).await?;
//!     assert!(answer.is_success(), "{answer:?}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The errors are for people: a test unwraps them.

mod deployment;
mod invocation;

use std::{
    io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use aws_types::SdkConfig;
use tokio::{sync::oneshot, task::JoinHandle};

pub use deployment::Pair;
pub use invocation::Invocation;

use crate::{
    client::endpoint::sdk_config,
    environments::Environments,
    faults::Faults,
    lambda::names::DEFAULT_REGION,
    server::{Options, Server},
};

/// Where `scripts/build.sh` writes to.
const DIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../dist");

/// A sandbox that runs in this process until it is dropped.
pub struct Sandbox {
    /// Its URL.
    pub endpoint: String,
    /// Its folder with code and logs, gone with the sandbox.
    pub folder: PathBuf,
    /// A Lambda client for it that never retries.
    pub lambda: aws_sdk_lambda::Client,
    environments: Environments,
    faults: Faults,
    stop: Option<oneshot::Sender<()>>,
    running: Option<JoinHandle<io::Result<()>>>,
    _temporary: tempfile::TempDir,
}

impl Sandbox {
    /// One with Lambda's limits.
    ///
    /// # Errors
    /// When there is no port or no temporary folder to be had.
    pub async fn start() -> Result<Self> {
        Self::start_with(|_| {}).await
    }

    /// One with other limits or a seed.
    ///
    /// # Errors
    /// When there is no port or no temporary folder to be had.
    pub async fn start_with(change: impl FnOnce(&mut Options)) -> Result<Self> {
        let temporary = tempfile::tempdir().context("cannot make a temporary folder")?;
        let folder = temporary.path().join("sandbox");
        let mut options = Options::new(folder.clone());
        change(&mut options);
        let server = Server::bind(options).await?;
        let endpoint = server.endpoint().to_owned();
        let (environments, faults) = (server.environments().clone(), server.faults().clone());
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        Ok(Self {
            lambda: aws_sdk_lambda::Client::new(&sdk_config(&endpoint, DEFAULT_REGION)),
            endpoint,
            folder,
            environments,
            faults,
            stop: Some(stop),
            running: Some(running),
            _temporary: temporary,
        })
    }

    /// Configuration for any AWS client: endpoint, region, credentials that nobody checks, and no retries, so that a
    /// test sees every error once. `sdk_config().to_builder()` changes it.
    #[must_use]
    pub fn sdk_config(&self) -> SdkConfig {
        sdk_config(&self.endpoint, DEFAULT_REGION)
    }

    /// What goes wrong on purpose, per function and half.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Orders a fault, written as for `sandbox fault`: `arm64:errors=5%`, `x86_64:crash=2%`.
    ///
    /// # Errors
    /// When it is not written like that.
    pub fn fault(&self, function: &str, spec: &str) -> Result<()> {
        self.faults.add(function, spec.parse()?);
        Ok(())
    }

    /// Number of processes that run functions now.
    #[must_use]
    pub fn processes(&self) -> usize {
        let census = self.environments.census();
        census.values().flat_map(|versions| versions.values()).sum()
    }

    /// Everything that the logs of a function say, Lambda's own lines included.
    ///
    /// # Errors
    /// When the function has never run.
    pub fn logs(&self, function: &str) -> Result<String> {
        let folder = self.folder.join("logs").join(function);
        let read = || -> io::Result<String> {
            let mut logs = String::new();
            for version in std::fs::read_dir(&folder)? {
                for log in std::fs::read_dir(version?.path())? {
                    logs.push_str(&std::fs::read_to_string(log?.path())?);
                }
            }
            Ok(logs)
        };
        read().with_context(|| format!("cannot read the logs in {}", folder.display()))
    }

    /// Stops it as a signal does, and waits until every process is gone.
    ///
    /// # Errors
    /// When it had failed before.
    pub async fn stop(&mut self) -> Result<()> {
        if let (Some(stop), Some(running)) = (self.stop.take(), self.running.take()) {
            let _ = stop.send(());
            running.await.context("the sandbox has panicked")??;
        }
        Ok(())
    }
}

/// `dist/` of the workspace.
fn dist() -> &'static Path {
    Path::new(DIST)
}
