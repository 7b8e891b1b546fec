//! The built function as a process, with a Runtime API of the test's own: it sends any bytes as an event, where
//! Lambda and the sandbox refuse what is not JSON.

use std::{
    net::Ipv4Addr,
    process::Stdio,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    response::IntoResponse,
    routing::{get, post},
};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    process::{Child, Command},
    sync::{Mutex, mpsc},
    task::JoinHandle,
    time::timeout,
};

/// Timeout of everything the process does; only a failing test waits for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// The process's answer to an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// `/response`
    Response(Value),
    /// `/error`
    Error(Value),
}

/// A running function.
pub struct Function {
    events: mpsc::Sender<(Bytes, SystemTime)>,
    answers: mpsc::Receiver<Answer>,
    process: Child,
    serving: JoinHandle<()>,
}

struct Api {
    events: Mutex<mpsc::Receiver<(Bytes, SystemTime)>>,
    answers: mpsc::Sender<Answer>,
}

impl Function {
    /// Starts it with the variables that Lambda sets, and these.
    pub async fn start(variables: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let (events, due) = mpsc::channel(1);
        let (answered, answers) = mpsc::channel(1);
        let api = Arc::new(Api {
            events: Mutex::new(due),
            answers: answered,
        });
        let serving =
            tokio::spawn(async move { axum::serve(listener, router(api)).await.unwrap() });
        let process = command(&authority)
            .envs(variables.iter().copied())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self {
            events,
            answers,
            process,
            serving,
        }
    }

    /// Its answer to these bytes, given `time` for the invocation.
    pub async fn ask_within(&mut self, event: impl Into<Bytes>, time: Duration) -> Answer {
        let end = SystemTime::now() + time;
        self.events.send((event.into(), end)).await.unwrap();
        let answer = timeout(PATIENCE, self.answers.recv()).await;
        answer.expect("the function did not answer").unwrap()
    }

    /// Its answer to these bytes.
    pub async fn ask(&mut self, event: impl Into<Bytes>) -> Answer {
        self.ask_within(event, PATIENCE).await
    }

    /// Whether the process still runs.
    pub fn is_running(&mut self) -> bool {
        self.process.try_wait().unwrap().is_none()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The function's own binary with what Lambda sets.
pub fn command(runtime_api: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_event-processor"));
    command
        .env_clear()
        .envs([
            ("AWS_LAMBDA_RUNTIME_API", runtime_api),
            ("AWS_LAMBDA_FUNCTION_NAME", "event-processor"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/event-processor"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/01/[1]0"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn router(api: Arc<Api>) -> Router {
    const INVOCATION: &str = "/2018-06-01/runtime/invocation";
    Router::new()
        .route(&format!("{INVOCATION}/next"), get(next))
        .route(
            &format!("{INVOCATION}/{{id}}/response"),
            post(async |State(api): State<Arc<Api>>, body: Bytes| {
                let answer = Answer::Response(serde_json::from_slice(&body).unwrap());
                api.answers.send(answer).await.unwrap();
            }),
        )
        .route(
            &format!("{INVOCATION}/{{id}}/error"),
            post(async |State(api): State<Arc<Api>>, body: Bytes| {
                let answer = Answer::Error(serde_json::from_slice(&body).unwrap());
                api.answers.send(answer).await.unwrap();
            }),
        )
        .with_state(api)
}

async fn next(State(api): State<Arc<Api>>) -> impl IntoResponse {
    let (event, end) = api.events.lock().await.recv().await.unwrap();
    let end_ms = end.duration_since(UNIX_EPOCH).unwrap().as_millis();
    let headers = [
        (
            "lambda-runtime-aws-request-id",
            "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned(),
        ),
        ("lambda-runtime-deadline-ms", end_ms.to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:000000000000:function:event-processor:live".to_owned(),
        ),
    ];
    (headers, event)
}
