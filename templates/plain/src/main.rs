//! Greets by the name in the event.
//!
//! ```text
//! event (JSON) --event.rs--> Request --greeting.rs--> Greeting (JSON)
//! ```

mod event;
mod greeting;

use event::{EventError, Request};
use greeting::Greeting;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;
use shared::telemetry;

// One invocation at a time on a fraction of a CPU: a single-threaded runtime starts faster.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = telemetry::init();
    // Make clients and read settings here, during init, and not in the handler.
    run(telemetry.observe(service_fn(handle))).await
}

async fn handle(event: LambdaEvent<Value>) -> Result<Greeting, EventError> {
    let request = Request::parse(event.payload)?;
    tracing::info!(named = request.name.is_some(), "greeted");
    Ok(greeting::greet(request.name.as_ref()))
}
