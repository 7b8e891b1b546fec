//! Starts an environment. When its initialisation fails, Lambda tries once more and counts the second attempt as part of
//! the invocation; so does this.

use std::{
    ffi::OsString,
    io,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{process::Child, time};

use super::{
    code::{self, Bootstrap},
    environment::{Environment, Init},
    environments::Environments,
    invocation::{Failure, Finished, Request},
    log::Log,
    process::Program,
    run::{self, ColdStart, InvocationStart, Timing},
    runtime_api,
    variables::{self, EnvironmentContext},
    version::Version,
};

impl Environments {
    /// An environment that is ready for its first event, or the invocation's result when none can be started.
    /// The caller has leased the place for it.
    pub(super) async fn cold_start(
        &self,
        version: &Arc<Version>,
        request: &Request,
        start: InvocationStart,
    ) -> Result<(Arc<Environment>, ColdStart), Box<Finished>> {
        let broken = |error: io::Error| {
            self.0.pool().cancel_lease();
            Box::new(run::without_environment(version, request, start, &error))
        };
        let first = self.prepare(version, request).map_err(broken)?;
        let (log, kind) = (&first.log, first.initialization_type());
        log.init_start(&version.function, &version.number.to_string(), kind);
        let begun = Instant::now();
        let failure = match self.initialise(&first, self.0.options.init_limit).await {
            Ok(init) => {
                first.log.init_report(init, kind, None);
                return Ok((
                    first,
                    ColdStart {
                        init: Some(init),
                        spent: Duration::ZERO,
                    },
                ));
            }
            Err(failure) => failure,
        };
        first
            .log
            .init_report(begun.elapsed(), kind, Some(failure.status()));
        if failure.is_lasting() {
            return Err(Box::new(fail(
                &first,
                request,
                start,
                begun.elapsed(),
                failure,
            )));
        }
        self.0.pool().lease_replacement();
        let second = self.prepare(version, request).map_err(broken)?;
        let begun = Instant::now();
        let timeout = Duration::from_secs(version.settings.timeout_s.into());
        match self.initialise(&second, timeout).await {
            Ok(spent) => Ok((second, ColdStart { init: None, spent })),
            Err(failure) => {
                let duration = if failure == Failure::TimedOut {
                    timeout
                } else {
                    begun.elapsed()
                };
                Err(Box::new(fail(&second, request, start, duration, failure)))
            }
        }
    }

    /// Creates the environment without its process: folder and log.
    fn prepare(&self, version: &Arc<Version>, request: &Request) -> io::Result<Arc<Environment>> {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let folder = &self.0.options.folder;
        let temporary = folder.join("tmp").join(&id);
        std::fs::create_dir_all(&temporary)?;
        let log = Log::open(
            &folder.join("logs"),
            &version.function,
            &version.number.to_string(),
            &id,
            &version.settings.logging,
        )?;
        let log = log.recording(Arc::clone(&self.0.options.recorder))?;
        let mut pool = self.0.pool();
        let mut environment = Environment::new(id, Arc::clone(version), log, temporary);
        environment.provisioned = pool.provisioned(version.id) < request.provisioned as usize;
        let environment = Arc::new(environment);
        pool.add(&environment);
        Ok(environment)
    }

    /// Starts the process and waits until it is ready for its first event; gives the time that took.
    async fn initialise(
        &self,
        environment: &Arc<Environment>,
        limit: Duration,
    ) -> Result<Duration, Failure> {
        let begun = Instant::now();
        let child = match self.start(environment).await {
            Ok(child) => child,
            Err(failure) => {
                self.clean_up(environment, None);
                return Err(failure);
            }
        };
        self.supervise(Arc::clone(environment), child);
        let result = match time::timeout(limit, initialised(environment)).await {
            Ok(Ok(ready)) => return Ok(ready.saturating_duration_since(begun)),
            Ok(Err(failure)) => Err(failure),
            Err(_) => Err(Failure::TimedOut),
        };
        environment.end();
        result
    }

    async fn start(&self, environment: &Arc<Environment>) -> Result<Child, Failure> {
        let version = &environment.version;
        let folder = version.code.intact_folder().await;
        let folder = &folder.map_err(|error| cannot_exec(error.to_string()))?;
        let prefix = self.entrypoint(version, folder)?;
        let runtime_api = runtime_api::open(Arc::clone(environment))
            .await
            .map_err(|error| cannot_exec(error.to_string()))?;
        let program = Program {
            prefix,
            folder,
            variables: variables::variables(
                version,
                EnvironmentContext {
                    runtime_api: &runtime_api,
                    endpoint: &self.0.options.endpoint,
                    environment_id: &environment.id,
                    folder,
                    temporary: &environment.temporary,
                    initialization_type: environment.initialization_type(),
                },
            ),
            log: &environment.log,
        };
        program
            .start()
            .await
            .map_err(|error| cannot_exec(error.to_string()))
    }

    /// The command prefix that runs the `bootstrap` here, or why it cannot be run.
    fn entrypoint(&self, version: &Version, folder: &Path) -> Result<Vec<OsString>, Failure> {
        match code::inspect_bootstrap(folder) {
            Bootstrap::Missing => Err(Failure::InvalidEntrypoint(
                "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]".to_owned(),
            )),
            Bootstrap::NotExecutable => Err(cannot_exec("permission denied".to_owned())),
            Bootstrap::Script => Ok(Vec::new()),
            Bootstrap::Elf(architecture) if architecture == version.settings.architecture => self
                .0
                .options
                .emulators
                .prefix(architecture)
                .map_err(|missing| Failure::NoEmulator(missing.to_string())),
            Bootstrap::Elf(_) | Bootstrap::ForeignElf => {
                Err(cannot_exec("exec format error".to_owned()))
            }
        }
    }

    /// Cleans up when the process has ended.
    fn supervise(&self, environment: Arc<Environment>, mut child: Child) {
        environment.set_pid(child.id().unwrap_or_default());
        let environments = self.clone();
        tokio::spawn(async move {
            let status = child.wait().await.ok();
            // What it started itself must not outlive it.
            environment.kill();
            environments.clean_up(&environment, status);
        });
    }

    fn clean_up(&self, environment: &Environment, status: Option<std::process::ExitStatus>) {
        environment.log.finish();
        environment.set_exit(status);
        environment.log.record_metrics();
        self.0.pool().remove(environment);
        if let Err(error) = std::fs::remove_dir_all(&environment.temporary) {
            tracing::debug!(path = %environment.temporary.display(), %error, "cannot remove a temporary folder");
        }
    }
}

/// Waits until the runtime and all extensions ask for their first event, the runtime says that it cannot, or it ends.
async fn initialised(environment: &Environment) -> Result<Instant, Failure> {
    match environment.initialised().await {
        Some(Init::Ready(since)) => Ok(since),
        Some(Init::Failed(body)) => Err(Failure::InitError(body)),
        None => Err(run::exited(environment)),
    }
}

fn cannot_exec(why: String) -> Failure {
    Failure::InvalidEntrypoint(format!("fork/exec /var/task/bootstrap: {why}"))
}

fn fail(
    environment: &Environment,
    request: &Request,
    start: InvocationStart,
    duration: Duration,
    failure: Failure,
) -> Finished {
    environment
        .log
        .start(&request.id, &environment.version.number.to_string());
    let timing = Timing {
        start,
        duration,
        init: None,
        tail_from: request.tail.then_some(0),
    };
    run::finish(environment, request, timing, Err(failure), None)
}
