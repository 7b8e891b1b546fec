//! A function whose event says what it does: the fixture of the sandbox's tests.
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
    Env,
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
    let mut earlier = 0_u64;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let number = earlier;
        earlier += 1;
        handle(event, number)
    }))
    .await
}

async fn handle(event: LambdaEvent<Value>, earlier: u64) -> Result<Value, Diagnostic> {
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
        Ask::Env => json!({
            "variables": env::vars().collect::<std::collections::BTreeMap<_, _>>(),
            "folder": env::current_dir().map_err(|error| diagnostic(&error.to_string()))?,
        }),
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
            "memory_mib": event.context.env_config.memory,
            "version": event.context.env_config.version,
        }),
    })
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
