//! One environment: one process of one version, that works on one event at a time.

use std::{
    path::PathBuf,
    process::ExitStatus,
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::{log::Log, process, version::Version};

/// An event that a process is to take.
#[derive(Debug)]
pub struct QueuedEvent {
    /// Request id of the invocation.
    pub request_id: String,
    /// The event.
    pub payload: Bytes,
    /// ARN that was invoked, with its qualifier.
    pub invoked_arn: String,
    /// X-Ray trace header.
    pub trace_id: String,
    /// How long the process may work on it.
    pub limit: Duration,
    /// Signalled when the process takes the event.
    pub taken: oneshot::Sender<()>,
    /// Receives the answer.
    pub answer: oneshot::Sender<Answer>,
}

/// What a process answered, and when.
#[derive(Debug)]
pub struct Answer {
    /// The answer.
    pub content: Content,
    /// From taking the event to answering.
    pub duration: Duration,
}

/// What a process posts for an event.
#[derive(Debug)]
pub enum Content {
    /// To `…/response`.
    Response(Bytes),
    /// To `…/error`.
    Error(Bytes),
    /// To `…/response`, and too large to pass on.
    TooLarge,
}

/// An event as a process gets it.
#[derive(Debug)]
pub struct NextEvent {
    /// Request id of the invocation.
    pub request_id: String,
    /// The event.
    pub payload: Bytes,
    /// ARN that was invoked.
    pub invoked_arn: String,
    /// X-Ray trace header.
    pub trace_id: String,
    /// When the process is killed, in milliseconds since 1970.
    pub deadline_ms: u128,
}

/// How far a process has come with its initialisation.
#[derive(Debug, Clone)]
pub enum Init {
    /// Not asked for an event yet.
    Running,
    /// Asked for its first event then.
    Done(Instant),
    /// Posted this to `init/error`.
    Failed(Bytes),
}

#[derive(Debug)]
struct InFlight {
    request_id: String,
    taken: Instant,
    answer: oneshot::Sender<Answer>,
}

/// One process of one version. Everything is reached through shared references: the invocation, the Runtime API and
/// the supervisor all hold it.
#[derive(Debug)]
pub struct Environment {
    /// Names it in logs.
    pub id: String,
    /// What it runs.
    pub version: std::sync::Arc<Version>,
    /// Its log.
    pub log: Log,
    /// Folder for its temporary files, removed with it.
    pub temporary: PathBuf,
    /// Cancelled when the process has ended.
    pub exited: CancellationToken,
    pid: OnceLock<u32>,
    exit: OnceLock<ExitStatus>,
    init: watch::Sender<Init>,
    event_sender: mpsc::Sender<QueuedEvent>,
    events: AsyncMutex<mpsc::Receiver<QueuedEvent>>,
    in_flight: Mutex<Option<InFlight>>,
    idle_since: Mutex<Instant>,
    peak_memory_mib: AtomicU64,
}

impl Environment {
    /// An environment whose process is still to be started.
    #[must_use]
    pub fn new(id: String, version: std::sync::Arc<Version>, log: Log, temporary: PathBuf) -> Self {
        let (event_sender, events) = mpsc::channel(1);
        Self {
            id,
            version,
            log,
            temporary,
            exited: CancellationToken::new(),
            pid: OnceLock::new(),
            exit: OnceLock::new(),
            init: watch::Sender::new(Init::Running),
            event_sender,
            events: AsyncMutex::new(events),
            in_flight: Mutex::new(None),
            idle_since: Mutex::new(Instant::now()),
            peak_memory_mib: AtomicU64::new(0),
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

    /// Kills the process and everything that it started.
    pub fn kill(&self) {
        // Once the process has ended, the kernel may give its id to another one.
        if let (Some(pid), false) = (self.pid.get(), self.exited.is_cancelled()) {
            process::kill_group(*pid);
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

    /// Follows the initialisation.
    #[must_use]
    pub fn watch_init(&self) -> watch::Receiver<Init> {
        self.init.subscribe()
    }

    /// Queues an event for the process. False when the process has ended or has not taken the last event yet.
    #[must_use]
    pub fn enqueue(&self, event: QueuedEvent) -> bool {
        !self.exited.is_cancelled() && self.event_sender.try_send(event).is_ok()
    }

    /// `GET invocation/next`: waits for an event. The first call ends the initialisation.
    pub async fn next(&self) -> Option<NextEvent> {
        self.init.send_if_modified(|init| {
            let first = matches!(init, Init::Running);
            if first {
                *init = Init::Done(Instant::now());
            }
            first
        });
        let event = self.events.lock().await.recv().await?;
        *self.in_flight() = Some(InFlight {
            request_id: event.request_id.clone(),
            taken: Instant::now(),
            answer: event.answer,
        });
        let _ = event.taken.send(());
        let deadline = SystemTime::now() + event.limit;
        let since_epoch = deadline
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Some(NextEvent {
            request_id: event.request_id,
            payload: event.payload,
            invoked_arn: event.invoked_arn,
            trace_id: event.trace_id,
            deadline_ms: since_epoch.as_millis(),
        })
    }

    /// `POST invocation/{id}/response` and `…/error`: passes the answer on. False when the process is not
    /// working on that event.
    #[must_use]
    pub fn answer(&self, request_id: &str, content: Content) -> bool {
        let mut slot = self.in_flight();
        let Some(in_flight) = slot.take_if(|in_flight| in_flight.request_id == request_id) else {
            return false;
        };
        let duration = in_flight.taken.elapsed();
        // Fails when the time limit has just been reached: then nobody waits for it.
        let _ = in_flight.answer.send(Answer { content, duration });
        true
    }

    /// `POST init/error`.
    pub fn fail_init(&self, body: Bytes) {
        self.init.send_replace(Init::Failed(body));
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

    fn in_flight(&self) -> MutexGuard<'_, Option<InFlight>> {
        self.in_flight
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
