//! The `event-processor` function; `lib.rs` is the map.

use lambda_runtime::{Error, run, service_fn};
use notary::store::DocumentStore;
use shared::{aws, configuration, telemetry};

// One invocation at a time on a third of a CPU: a single-threaded runtime starts faster.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = telemetry::init();
    let table = configuration::required("DOCUMENTS_TABLE")?;
    let store = DocumentStore::new(&aws::config().await, table);
    run(telemetry.observe(service_fn(|event| event_processor::handle(event, &store)))).await
}
