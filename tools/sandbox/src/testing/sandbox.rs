//! A sandbox that runs in the process of a test.

use std::{
    io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use aws_types::SdkConfig;
use bytes::Bytes;
use hyper::{Request, Response};
use tokio::{sync::oneshot, task::JoinHandle};

use crate::{
    aws::DEFAULT_REGION,
    client::{
        admin::AdminClient,
        apply,
        endpoint::{Clients, sdk_config},
        http::HttpClient,
        logs::{self, LogReader},
    },
    execution::{environments::Environments, faults::Faults},
    rehearsal::{faults::FaultSpec, service_faults::ServiceFaults},
    server::{Options, Server},
    services::{eventbridge::EventBus, lambda::Lambda},
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
    functions: Lambda,
    faults: Faults,
    service_faults: ServiceFaults,
    events: EventBus,
    http: HttpClient,
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
        let functions = server.lambda().clone();
        let service_faults = server.service_faults().clone();
        let events = server.events().clone();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        Ok(Self {
            lambda: aws_sdk_lambda::Client::new(&sdk_config(&endpoint, DEFAULT_REGION)),
            endpoint,
            folder,
            environments,
            functions,
            faults,
            service_faults,
            events,
            http: HttpClient::new(),
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

    /// Ends the changes of functions that are under way, for which one with `realistic` takes its time.
    pub fn settle(&self) {
        self.functions.settle_all();
    }

    /// What goes wrong on purpose, per function and build.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Injects a fault, written as for `sandbox fault`: `arm64:errors=5%`, `x86_64:crash=2%`.
    ///
    /// # Errors
    /// When it is not written like that.
    pub fn fault(&self, function: &str, spec: &str) -> Result<()> {
        spec.parse::<FaultSpec>()?.inject(&self.faults, function);
        Ok(())
    }

    /// Injects a fault of a service: `dynamodb:TransactWriteItems:throttle=5%`, `sqs:*:latency=50ms@http-api:3`,
    /// `cloudwatch:AWS/Lambda:latency=10m`. Size 0 removes it.
    ///
    /// # Errors
    /// When it is not written like that.
    pub fn service_fault(&self, fault: &str) -> Result<()> {
        self.service_faults.set(fault.parse()?);
        Ok(())
    }

    /// All that were injected, and what [`Sandbox::service_fault`] cannot say.
    #[must_use]
    pub fn service_faults(&self) -> &ServiceFaults {
        &self.service_faults
    }

    /// The last events that were put to EventBridge, the oldest first, each as a target would get it.
    #[must_use]
    pub fn events(&self) -> Vec<serde_json::Value> {
        self.events.events()
    }

    /// Makes a table as a deploy does, or checks that the one that exists is the same.
    ///
    /// # Errors
    /// When a table of that name has other keys or indexes.
    pub async fn create_table(&self, table: &package::manifest::Table) -> Result<()> {
        let clients = Clients::new(&self.sdk_config())?;
        apply::table(&clients, table).await
    }

    /// URL of the HTTP API before a function that was applied: `http://127.0.0.1:PORT`.
    ///
    /// # Errors
    /// When its trigger is not HTTP, or it was not applied.
    pub async fn http_endpoint(&self, function: &str) -> Result<String> {
        let mut apis = AdminClient::new(&self.endpoint)?.http_apis().await?;
        let url = apis.remove(function);
        url.with_context(|| format!("nothing invokes {function} over HTTP"))
    }

    /// Sends a request to the HTTP API before a function that was applied. The request's URI is path and query only.
    ///
    /// # Errors
    /// When nothing invokes the function over HTTP, or there is no answer.
    pub async fn http(&self, function: &str, request: Request<Bytes>) -> Result<Response<Bytes>> {
        let url = self.http_endpoint(function).await?;
        let (mut head, body) = request.into_parts();
        head.uri = format!("{url}{}", head.uri).parse()?;
        let request = Request::from_parts(head, body);
        Ok(self.http.send(request).await?)
    }

    /// Number of processes that run functions now.
    #[must_use]
    pub fn processes(&self) -> usize {
        let counts = self.environments.counts();
        counts.values().flat_map(|versions| versions.values()).sum()
    }

    /// Everything that the logs of a function say in time order, Lambda's own lines included.
    ///
    /// # Errors
    /// When the function has never run.
    pub fn logs(&self, function: &str) -> Result<String> {
        let ran = logs::functions(&self.folder)?.contains(function);
        anyhow::ensure!(ran, "{function} has never run");
        let lines = LogReader::new(&self.folder, function, None).new_lines(true)?;
        Ok(lines.into_iter().map(|line| line + "\n").collect())
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
pub(super) fn dist() -> &'static Path {
    Path::new(DIST)
}
