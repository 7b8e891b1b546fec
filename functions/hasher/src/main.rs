//! The `hasher` function; `lib.rs` is the map.

use hasher::{Answer, HasherError, Request};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;
use shared::{architecture, configuration, telemetry};

// One invocation at a time, and the work is on rayon's threads: a single-threaded runtime starts faster.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = telemetry::init();
    let memory_mib = configuration::memory_mib()?;
    let threads = architecture::worker_threads(memory_mib, architecture::machine_threads());
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()?;
    run(telemetry.observe(service_fn(|event| handle(event, memory_mib, &pool)))).await
}

async fn handle(
    event: LambdaEvent<Value>,
    memory_mib: u32,
    pool: &rayon::ThreadPool,
) -> Result<Answer, HasherError> {
    let request = Request::parse(event.payload, memory_mib)?;
    let answer = hasher::hash(request, pool, event.context.deadline()).await?;
    tracing::info!(
        root = answer.root,
        bytes = answer.bytes,
        milliseconds = answer.milliseconds,
        "hashed"
    );
    Ok(answer)
}
