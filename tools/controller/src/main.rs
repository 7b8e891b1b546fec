//! The function `controller`; `lib.rs` is the map.

use controller::wake::Wake;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};
use shared::telemetry;

// One invocation at a time on a fraction of a CPU: a single-threaded runtime starts faster.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = telemetry::init();
    run(telemetry.observe(service_fn(handle))).await
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let wake = Wake::read(event.payload)?;
    Ok(json!({ "wake": format!("{wake:?}") }))
}
