//! The `guard` function; `lib.rs` is the map.

use guard::LambdaAliases;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;
use shared::{aws, telemetry};

// One invocation at a time on a fraction of a CPU: a single-threaded runtime starts faster.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = telemetry::init();
    let aliases = LambdaAliases::new(&aws::config().await);
    run(telemetry.observe(service_fn(|event: LambdaEvent<Value>| {
        guard::handle(event, &aliases)
    })))
    .await
}
