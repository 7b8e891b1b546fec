//! A Runtime API for one process: it says when the process polls, and times what it answers.

use std::{
    net::Ipv4Addr,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, bail};
use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
    serve::ListenerExt as _,
};
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc},
    task::JoinHandle,
    time::timeout,
};

/// How long a process may take to poll or to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the process did, and when.
#[derive(Debug)]
enum Happening {
    Polled(Instant),
    Answered(Instant),
    Failed(String),
}

#[derive(Debug)]
struct Shared {
    happenings: mpsc::UnboundedSender<Happening>,
    events: Mutex<mpsc::Receiver<Bytes>>,
}

/// The Runtime API of one process.
#[derive(Debug)]
pub(crate) struct RuntimeApi {
    /// `host:port`
    pub(crate) authority: String,
    events: mpsc::Sender<Bytes>,
    happenings: mpsc::UnboundedReceiver<Happening>,
    serving: JoinHandle<()>,
}

impl RuntimeApi {
    /// Opens a loopback port.
    pub(crate) async fn open() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let authority = listener.local_addr()?.to_string();
        let (happening, happenings) = mpsc::unbounded_channel();
        let (events, due) = mpsc::channel(1);
        let shared = Arc::new(Shared {
            happenings: happening,
            events: Mutex::new(due),
        });
        // Small answers that somebody waits for are sent at once.
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, router(shared)).await;
        });
        Ok(Self {
            authority,
            events,
            happenings,
            serving,
        })
    }

    /// When the process asked for its next event.
    pub(crate) async fn polled(&mut self) -> Result<Instant> {
        match self.happening().await? {
            Happening::Polled(at) => Ok(at),
            Happening::Failed(error) => bail!("it reported {error}"),
            Happening::Answered(_) => bail!("it answered without having been asked"),
        }
    }

    /// Hands over an event; how long until its answer came, an error included: a refusal is an
    /// answer too. The process must have polled.
    pub(crate) async fn invoke(&mut self, event: Bytes) -> Result<Duration> {
        let start = Instant::now();
        self.events.send(event).await?;
        match self.happening().await? {
            Happening::Answered(at) => Ok(at.duration_since(start)),
            other => bail!("instead of an answer: {other:?}"),
        }
    }

    async fn happening(&mut self) -> Result<Happening> {
        let happening = timeout(PATIENCE, self.happenings.recv()).await;
        happening
            .with_context(|| format!("nothing came for {} s", PATIENCE.as_secs()))?
            .context("the Runtime API has ended")
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn router(shared: Arc<Shared>) -> Router {
    let path = |rest: &str| format!("/2018-06-01/runtime/{rest}");
    Router::new()
        .route(&path("invocation/next"), get(next))
        .route(&path("invocation/{id}/response"), post(answered))
        .route(&path("invocation/{id}/error"), post(answered))
        .route(&path("init/error"), post(init_error))
        .with_state(shared)
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    // Nobody listens any more when the measurement is over.
    let _ = shared.happenings.send(Happening::Polled(Instant::now()));
    let Some(event) = shared.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let deadline = SystemTime::now() + PATIENCE;
    let deadline = deadline.duration_since(UNIX_EPOCH).unwrap_or_default();
    let headers = [
        (
            "lambda-runtime-aws-request-id",
            "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned(),
        ),
        (
            "lambda-runtime-deadline-ms",
            deadline.as_millis().to_string(),
        ),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:000000000000:function:bench:live".to_owned(),
        ),
        (
            "lambda-runtime-trace-id",
            "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0".to_owned(),
        ),
    ];
    (headers, event).into_response()
}

async fn answered(
    State(shared): State<Arc<Shared>>,
    Path(_): Path<String>,
    _: Bytes,
) -> StatusCode {
    let _ = shared.happenings.send(Happening::Answered(Instant::now()));
    StatusCode::ACCEPTED
}

async fn init_error(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    let error = String::from_utf8_lossy(&body).into_owned();
    let _ = shared.happenings.send(Happening::Failed(error));
    StatusCode::ACCEPTED
}
