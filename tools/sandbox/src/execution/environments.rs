//! All environments: an invocation takes an idle one, or one is started for it.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use chrono::Utc;
use tokio::sync::oneshot;

use super::{
    emulation::Emulators,
    environment::Environment,
    invocation::{Answer, Finished, Request},
    log_files,
    pool::{Full, Lease, Pool},
    record::Recorder,
    run::{self, InvocationStart, RunOutcome},
    version::{Version, VersionId},
};

/// How environments are run.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many may exist at once, over all functions.
    pub limit: usize,
    /// How long the first initialisation may take. Lambda: 10 s.
    pub init_limit: Duration,
    /// How long an environment may be idle before it is stopped.
    pub idle_limit: Duration,
    /// Emulators for the other architecture.
    pub emulators: Emulators,
    /// Folder of the sandbox.
    pub folder: PathBuf,
    /// URL of the sandbox.
    pub endpoint: String,
    /// Gets the lines with metrics that functions print.
    pub recorder: Arc<dyn Recorder>,
}

/// All environments of a sandbox. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Environments(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) options: Options,
    pool: Mutex<Pool>,
}

impl Inner {
    pub(super) fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    async fn remove_old_logs(&self) {
        let all = self.pool().all();
        let running = all.iter().map(|one| one.log.path().to_owned()).collect();
        let folder = self.options.folder.join("logs");
        let removal =
            tokio::task::spawn_blocking(move || log_files::remove_old(&folder, &running)).await;
        if let Ok(Err(error)) = removal {
            tracing::warn!(%error, "cannot remove old logs");
        }
    }
}

impl Environments {
    /// No environment yet, and a task that stops those that have been idle for long.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let inner = Arc::new(Inner {
            options,
            pool: Mutex::default(),
        });
        tokio::spawn(reap_idle(Arc::downgrade(&inner)));
        Self(inner)
    }

    /// Runs one invocation: in an idle environment if there is one, in a new one if there is room.
    ///
    /// The answer goes to `early` when the function works on after it; else it is a part of the result.
    ///
    /// # Errors
    /// [`Full`] when there is neither; then nothing has run.
    pub async fn invoke(
        &self,
        version: &Arc<Version>,
        request: &Request,
        early: oneshot::Sender<Answer>,
    ) -> Result<Finished, Full> {
        let mut early = Some(early);
        let begin = InvocationStart {
            started: Utc::now(),
            begun: Instant::now(),
        };
        loop {
            let lease = self.0.pool().lease(version, self.0.options.limit)?;
            let (environment, cold_start) = match lease {
                Lease::Idle(environment) => (environment, None),
                Lease::New(evicted) => {
                    if let Some(evicted) = evicted {
                        evicted.end();
                    }
                    match self.cold_start(version, request, begin).await {
                        Ok((environment, cold_start)) => (environment, Some(cold_start)),
                        Err(finished) => return Ok(*finished),
                    }
                }
            };
            let cold = cold_start.unwrap_or_default();
            match run::run(&environment, request, cold, begin, &mut early).await {
                // The process ended while it was idle. Lambda does not report that to the caller either.
                RunOutcome::Lost if cold_start.is_none() => {}
                RunOutcome::Lost => return Ok(run::lost_event(&environment, request, begin)),
                RunOutcome::Killed(finished) => return Ok(finished),
                RunOutcome::Reusable(finished) => {
                    environment.freeze();
                    if let Some(retired) = self.0.pool().release(environment) {
                        retired.end();
                    }
                    return Ok(finished);
                }
            }
        }
    }

    /// Stops the environments of a version: at once when idle, else when they are done.
    pub fn retire(&self, version: VersionId) {
        let idle = self.0.pool().retire(version);
        idle.iter().for_each(Environment::end);
    }

    /// Number of environments by function and version.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, BTreeMap<String, usize>> {
        self.0.pool().counts()
    }

    /// Ends every process and waits until all are gone.
    pub async fn shut_down(&self) {
        self.0.pool().close();
        loop {
            let all = self.0.pool().all();
            let Some(one) = all.first() else {
                return;
            };
            all.iter().for_each(Environment::end);
            // Repeated, because an environment that is being started has no process to end yet.
            let _ = tokio::time::timeout(Duration::from_millis(20), one.exited.cancelled()).await;
        }
    }
}

/// Every so many seconds old logs are removed.
const SECONDS_BETWEEN_REMOVALS: u64 = 20;

/// Stops environments that have been idle for long, and removes old logs, as long as there is a sandbox.
async fn reap_idle(inner: Weak<Inner>) {
    let mut every = tokio::time::interval(Duration::from_secs(1));
    for second in 0_u64.. {
        every.tick().await;
        let Some(inner) = inner.upgrade() else {
            return;
        };
        if let Some(limit) = Instant::now().checked_sub(inner.options.idle_limit) {
            let idle = inner.pool().take_idle_since(limit);
            idle.iter().for_each(Environment::end);
        }
        if second % SECONDS_BETWEEN_REMOVALS == 0 {
            inner.remove_old_logs().await;
        }
    }
}
