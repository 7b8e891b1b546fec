//! Greets over HTTP.
//!
//! ```text
//! event --shared::http_event--> request --router.rs--> greeting.rs or problem.rs --> answer
//! ```

mod greeting;
mod problem;
mod router;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;
use shared::{http_event, telemetry};

// One invocation at a time, which mostly waits for the network: a single-threaded runtime starts faster.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = telemetry::init();
    // Make clients and read settings here, during init, and pass them to the router as its state.
    let router = router::router();
    let service =
        service_fn(move |event: LambdaEvent<Value>| http_event::handle(router.clone(), event));
    run(telemetry.observe(service)).await
}
