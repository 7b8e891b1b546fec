//! A function whose event says what it does: the fixture of the sandbox's tests.
//!
//! Behind HTTP the path says what to do: `/do` does what its body asks for, `/answer` answers with its body, `/mirror` sends
//! body, content type and cookies back; any other path gets the event.
//!
//! With `GRACEFUL` in its environment it says in its log that it shuts down.
//!
//! Of a batch from a queue every body is a [`Message`], and the log says which batches began and ended.
#![allow(clippy::exit, clippy::print_stdout)] // what it is there for

use std::{env, fs, process, time::Duration};

use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};

/// What an event asks for.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Ask {
    /// Answer with the event.
    Echo,
    /// Answer with the process id and the number of earlier events.
    Who,
    /// Sleep before answering.
    Sleep {
        /// How long.
        ms: u64,
    },
    /// End the process.
    Exit {
        /// With this status.
        code: i32,
    },
    /// End the process by a signal.
    Abort,
    /// Report an error.
    Error,
    /// Panic.
    Panic,
    /// Answer with all environment variables and the working directory.
    Env {
        /// Sleep so long before.
        #[serde(default)]
        after_ms: u64,
    },
    /// Answer with a string of this many bytes.
    Big {
        /// How many.
        bytes: usize,
    },
    /// Write to standard output.
    Print {
        /// What.
        text: String,
    },
    /// Write a file to the temporary folder and say where.
    WriteTemporary,
    /// Start another process that lives long, and give its id.
    Spawn,
    /// Allocate and touch this much memory.
    Allocate {
        /// How much.
        mib: usize,
    },
    /// Answer with what the context says.
    Context,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    if env::var_os("GRACEFUL").is_some() {
        let shut_down = async || println!("shut down in order");
        lambda_runtime::spawn_graceful_shutdown_handler(shut_down).await;
    }
    let mut earlier = 0_u64;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let number = earlier;
        earlier += 1;
        handle(event, number)
    }))
    .await
}

async fn handle(event: LambdaEvent<Value>, earlier: u64) -> Result<Value, Diagnostic> {
    if event.payload["version"] == "2.0" {
        return Box::pin(handle_http(event, earlier)).await;
    }
    if event.payload["Records"].is_array() {
        return Box::pin(handle_batch(event, earlier)).await;
    }
    let ask: Ask = serde_json::from_value(event.payload.clone())
        .map_err(|error| diagnostic(&error.to_string()))?;
    Ok(match ask {
        Ask::Echo => event.payload,
        Ask::Who => json!({"pid": process::id(), "earlier": earlier}),
        Ask::Sleep { ms } => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            json!({"pid": process::id(), "slept_ms": ms})
        }
        Ask::Exit { code } => process::exit(code),
        Ask::Abort => process::abort(),
        Ask::Error => return Err(diagnostic("asked to fail")),
        Ask::Panic => panic!("asked to panic"),
        Ask::Env { after_ms } => {
            tokio::time::sleep(Duration::from_millis(after_ms)).await;
            json!({
                "variables": env::vars().collect::<std::collections::BTreeMap<_, _>>(),
                "folder": env::current_dir().map_err(|error| diagnostic(&error.to_string()))?,
            })
        }
        Ask::Big { bytes } => json!("x".repeat(bytes)),
        Ask::Print { text } => {
            println!("{text}");
            Value::Null
        }
        Ask::WriteTemporary => write_temporary().map_err(|error| diagnostic(&error.to_string()))?,
        Ask::Spawn => {
            let child = process::Command::new("/bin/sleep").arg("600").spawn();
            json!({"pid": child.map_err(|error| diagnostic(&error.to_string()))?.id()})
        }
        Ask::Allocate { mib } => {
            let block = vec![1_u8; mib << 20];
            json!({"last": block.last()})
        }
        Ask::Context => json!({
            "request_id": event.context.request_id,
            "deadline_ms": event.context.deadline,
            "arn": event.context.invoked_function_arn,
            "trace": event.context.xray_trace_id,
            "client": event.context.client_context,
            "memory_mib": event.context.env_config.memory,
            "version": event.context.env_config.version,
        }),
    })
}

/// An event of an HTTP API.
async fn handle_http(event: LambdaEvent<Value>, earlier: u64) -> Result<Value, Diagnostic> {
    let LambdaEvent { payload, context } = event;
    let body = || {
        let body = payload["body"].as_str().unwrap_or_default();
        serde_json::from_str(body).map_err(|error| diagnostic(&error.to_string()))
    };
    match payload["rawPath"].as_str() {
        Some("/do") => handle(LambdaEvent::new(body()?, context), earlier).await,
        Some("/answer") => body(),
        Some("/mirror") => Ok(json!({
            "statusCode": 200,
            "headers": {"content-type": payload["headers"]["content-type"]},
            "cookies": payload["cookies"],
            "body": payload["body"],
            "isBase64Encoded": payload["isBase64Encoded"],
        })),
        _ => Ok(json!({"statusCode": 200, "body": payload.to_string()})),
    }
}

/// What a message asks for.
#[derive(Debug, Deserialize)]
struct Message {
    /// Its name in the log.
    name: String,
    /// How often to report it as failed before it succeeds.
    #[serde(default)]
    failures: u64,
    /// How long the batch sleeps for it.
    #[serde(default)]
    sleep_ms: u64,
    /// What the whole batch does instead of reporting failures: any [`Ask`].
    instead: Option<Value>,
    /// What the whole batch answers instead.
    answer: Option<Value>,
}

/// A batch from a queue.
async fn handle_batch(event: LambdaEvent<Value>, earlier: u64) -> Result<Value, Diagnostic> {
    let LambdaEvent { payload, context } = event;
    let mut messages: Vec<(Message, u64, &Value)> = Vec::new();
    for record in payload["Records"].as_array().into_iter().flatten() {
        let message = serde_json::from_str(record["body"].as_str().unwrap_or_default())
            .map_err(|error| diagnostic(&error.to_string()))?;
        let receives = record["attributes"]["ApproximateReceiveCount"].as_str();
        let receives = receives.and_then(|text| text.parse().ok());
        messages.push((message, receives.unwrap_or_default(), &record["messageId"]));
    }
    let names = messages
        .iter()
        .map(|(message, receives, _)| (&message.name, receives));
    let id = &context.request_id;
    let version = &context.env_config.version;
    println!(
        "began {}",
        json!({"id": id, "at_ms": now_ms(), "version": version, "messages": names.collect::<Vec<_>>()})
    );
    for (message, ..) in &messages {
        tokio::time::sleep(Duration::from_millis(message.sleep_ms)).await;
    }
    let mut answer = None;
    for (message, ..) in &messages {
        if let Some(instead) = &message.instead {
            let order = LambdaEvent::new(instead.clone(), context.clone());
            answer = Some(handle(order, earlier).await?);
        }
        answer = answer.or(message.answer.clone());
    }
    println!("ended {}", json!({"id": id, "at_ms": now_ms()}));
    let failed = messages
        .iter()
        .filter(|(message, receives, _)| *receives <= message.failures);
    let failed = failed.map(|(_, _, id)| json!({"itemIdentifier": id}));
    Ok(answer.unwrap_or_else(|| json!({"batchItemFailures": failed.collect::<Vec<_>>()})))
}

fn now_ms() -> u128 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap_or_default().as_millis()
}

fn write_temporary() -> std::io::Result<Value> {
    let folder = env::temp_dir();
    let before = fs::read_dir(&folder)?.count();
    let path = folder.join("probe");
    fs::write(&path, b"probe")?;
    Ok(json!({"folder": folder, "files_before": before, "path": path}))
}

fn diagnostic(message: &str) -> Diagnostic {
    Diagnostic {
        error_type: "Probe".to_owned(),
        error_message: message.to_owned(),
    }
}
