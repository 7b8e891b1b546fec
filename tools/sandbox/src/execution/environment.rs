//! One environment: one process of one version, that works on one event at a time.
//!
//! Between its events it is frozen: every process of its group is stopped. One that has left the group runs on.

use std::{
    path::PathBuf,
    process::ExitStatus,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    lifecycle::{Content, Event, ExtensionFailure, Refused, State},
    log::Log,
    process,
    version::Version,
};

/// How long a process with an extension may take to end itself. Without an extension it has no time at all. Source:
/// "Shutdown phase" of Lambda's execution environment lifecycle.
const SHUTDOWN_LIMIT: Duration = Duration::from_millis(500);

/// How an initialisation that the process has ended itself came out.
#[derive(Debug)]
pub enum Init {
    /// The runtime and all extensions asked for their first event; since when.
    Ready(Instant),
    /// The runtime posted this to `init/error`.
    Failed(Bytes),
}

/// One process of one version. Everything is reached through shared references: the invocation, the Runtime API and
/// the supervisor all hold it.
#[derive(Debug)]
pub struct Environment {
    /// Names it in logs.
    pub id: String,
    /// What it runs.
    pub version: Arc<Version>,
    /// Its log.
    pub log: Log,
    /// Folder for its temporary files, removed with it.
    pub temporary: PathBuf,
    /// Whether it is one of those that provisioned concurrency asks for.
    pub provisioned: bool,
    /// Cancelled when the process has ended.
    pub exited: CancellationToken,
    pid: OnceLock<u32>,
    exit: OnceLock<ExitStatus>,
    state: watch::Sender<State>,
    frozen: AtomicBool,
    ending: AtomicBool,
    idle_since: Mutex<Instant>,
    peak_memory_mib: AtomicU64,
}

impl Environment {
    /// An environment whose process is still to be started.
    #[must_use]
    pub fn new(id: String, version: Arc<Version>, log: Log, temporary: PathBuf) -> Self {
        Self {
            id,
            version,
            log,
            temporary,
            provisioned: false,
            exited: CancellationToken::new(),
            pid: OnceLock::new(),
            exit: OnceLock::new(),
            state: watch::Sender::default(),
            frozen: AtomicBool::new(false),
            ending: AtomicBool::new(false),
            idle_since: Mutex::new(Instant::now()),
            peak_memory_mib: AtomicU64::new(0),
        }
    }

    /// `AWS_LAMBDA_INITIALIZATION_TYPE`
    #[must_use]
    pub const fn initialization_type(&self) -> &'static str {
        match self.provisioned {
            true => "provisioned-concurrency",
            false => "on-demand",
        }
    }

    /// Records the process that was started for it.
    pub fn set_pid(&self, pid: u32) {
        let _ = self.pid.set(pid);
    }

    /// Records how the process ended, and cancels `exited`.
    pub fn set_exit(&self, status: Option<ExitStatus>) {
        if let Some(status) = status {
            let _ = self.exit.set(status);
        }
        self.exited.cancel();
    }

    /// How the process ended, in Lambda's words.
    #[must_use]
    pub fn exit_message(&self) -> String {
        self.exit.get().map_or_else(
            || "Runtime exited".to_owned(),
            |status| process::describe_exit(*status),
        )
    }

    /// The process, as long as there is one. Once it has ended, the kernel may give its id to another one.
    fn process(&self) -> Option<u32> {
        let pid = self.pid.get().copied();
        pid.filter(|_| !self.exited.is_cancelled())
    }

    /// Kills the process and everything that it started.
    pub fn kill(&self) {
        if let Some(pid) = self.process() {
            process::kill_group(pid);
        }
    }

    /// Ends the process: by SIGKILL at once, unless an extension has registered: then by SIGTERM, and by SIGKILL when it
    /// has not ended within `SHUTDOWN_LIMIT`.
    pub fn end(self: &Arc<Self>) {
        let Some(pid) = self.process() else {
            return;
        };
        if !self.state.borrow().has_extensions() {
            return self.kill();
        }
        if self.ending.swap(true, Ordering::Relaxed) {
            return;
        }
        process::terminate(pid);
        // A stopped process takes no signal but SIGKILL.
        self.thaw();
        let environment = Arc::clone(self);
        tokio::spawn(async move {
            let ended = environment.exited.cancelled();
            if tokio::time::timeout(SHUTDOWN_LIMIT, ended).await.is_err() {
                environment.kill();
            }
        });
    }

    /// Stops the process and everything that it started, until [`Environment::thaw`].
    pub fn freeze(&self) {
        if let Some(pid) = self.process() {
            self.frozen.store(true, Ordering::Relaxed);
            process::stop_group(pid);
        }
    }

    /// Lets them go on.
    pub fn thaw(&self) {
        if let (true, Some(pid)) = (self.frozen.swap(false, Ordering::Relaxed), self.process()) {
            process::continue_group(pid);
        }
    }

    /// Peak resident memory so far in MiB.
    #[must_use]
    pub fn peak_memory_mib(&self) -> u64 {
        let now = self
            .pid
            .get()
            .map_or(0, |pid| process::peak_memory_mib(*pid));
        self.peak_memory_mib
            .fetch_max(now, Ordering::Relaxed)
            .max(now)
    }

    /// Waits until the process has initialised or says that it cannot; `None` when it ends before.
    pub async fn initialised(&self) -> Option<Init> {
        self.wait_for(|state| {
            let failed = state.init_error.clone().map(Init::Failed);
            failed.or_else(|| state.ready_since().map(Init::Ready))
        })
        .await
    }

    /// Gives an event to the runtime and to the extensions that want it. False when the process has ended.
    #[must_use]
    pub fn enqueue(&self, event: Event) -> bool {
        if self.exited.is_cancelled() {
            return false;
        }
        self.state.send_modify(|state| state.give(event));
        true
    }

    /// Whether the runtime has taken the event.
    #[must_use]
    pub fn has_taken(&self) -> bool {
        self.state.borrow().has_taken()
    }

    /// Waits until the runtime takes the event; false when it ends before.
    pub async fn taken(&self) -> bool {
        let taken = |state: &State| state.has_taken().then_some(());
        self.wait_for(taken).await.is_some()
    }

    /// Waits for the answer; gives it with the time when the event was taken. `None` when the process ends without one.
    pub async fn answered(&self) -> Option<(Content, Instant)> {
        self.take_when(State::has_answer, State::take_answer).await
    }

    /// Waits until the runtime and all extensions wait for their next event; gives since when. `None` when the process
    /// ends before.
    pub async fn ready(&self) -> Option<Instant> {
        self.wait_for(State::ready_since).await
    }

    /// Waits until the state has something. What it had when the process ended is not lost.
    async fn wait_for<T>(&self, what: impl Fn(&State) -> Option<T>) -> Option<T> {
        let mut states = self.state.subscribe();
        loop {
            if let Some(found) = what(&states.borrow_and_update()) {
                return Some(found);
            }
            tokio::select! {
                biased;
                changed = states.changed() => changed.ok()?,
                () = self.exited.cancelled() => return what(&states.borrow()),
            }
        }
    }

    /// Waits until there is something to take, and takes it. Of several that wait one gets it.
    async fn take_when<T>(
        &self,
        is_there: impl Fn(&State) -> bool,
        take: impl Fn(&mut State) -> Option<T>,
    ) -> Option<T> {
        loop {
            self.wait_for(|state| is_there(state).then_some(())).await?;
            let mut taken = None;
            self.state.send_if_modified(|state| {
                taken = take(state);
                taken.is_some()
            });
            if taken.is_some() {
                return taken;
            }
        }
    }

    /// Changes the state, and tells those who wait when that has worked.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut State) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        let mut change = Some(change);
        let mut result = Err(Refused::new("Extension.InvalidExtensionState", ""));
        self.state.send_if_modified(|state| {
            if let Some(change) = change.take() {
                result = change(state);
            }
            result.is_ok()
        });
        result
    }

    /// `GET invocation/next`: waits for an event. `None` when the process has ended meanwhile.
    pub async fn next(&self) -> Option<Event> {
        self.state.send_modify(State::ask);
        self.take_when(State::has_event, State::take).await
    }

    /// `POST invocation/{id}/response` and `…/error`: passes the answer on. False when the runtime is not
    /// working on that event.
    #[must_use]
    pub fn answer(&self, request_id: &str, content: Content) -> bool {
        self.state
            .send_if_modified(|state| state.answer(request_id, content))
    }

    /// `POST init/error`.
    pub fn fail_init(&self, body: Bytes) {
        self.state
            .send_modify(|state| state.init_error = Some(body));
    }

    /// `POST extension/register`: gives the identifier of the extension.
    ///
    /// # Errors
    /// Those of `State::register`.
    pub fn register_extension(&self, name: &str, events: &[String]) -> Result<String, Refused> {
        let id = uuid::Uuid::new_v4().to_string();
        self.change(|state| state.register(id, name, events))
    }

    /// `GET extension/event/next`: waits for an event. `None` when the process has ended meanwhile.
    ///
    /// # Errors
    /// When there is no such extension.
    pub async fn next_extension_event(&self, id: &str) -> Result<Option<Event>, Refused> {
        self.change(|state| state.extension_asks(id))?;
        let is_there = |state: &State| state.has_extension_event(id);
        let take = |state: &mut State| state.take_extension_event(id);
        Ok(self.take_when(is_there, take).await)
    }

    /// `POST extension/init/error` and `…/exit/error`.
    ///
    /// # Errors
    /// When there is no such extension.
    pub fn fail_extension(&self, id: &str, failure: ExtensionFailure) -> Result<(), Refused> {
        self.change(|state| state.extension_fails(id, failure))
    }

    /// What an extension has said before the process has ended.
    #[must_use]
    pub fn extension_failure(&self) -> Option<ExtensionFailure> {
        self.state.borrow().extension_failure
    }

    /// Records that it is idle from now on.
    pub fn mark_idle(&self) {
        *self
            .idle_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Since when it has been idle.
    #[must_use]
    pub fn idle_since(&self) -> Instant {
        *self
            .idle_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
