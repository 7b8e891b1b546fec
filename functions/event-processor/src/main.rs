//! The `event-processor` function; `lib.rs` is the map.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;
use shared::{aws, configuration, document_store::DynamoDocumentStore, telemetry};

// One invocation at a time on a third of a CPU: a single-threaded runtime starts faster.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = telemetry::init();
    let table = configuration::required("DOCUMENTS_TABLE")?;
    let store = DynamoDocumentStore::new(&aws::config().await, table);
    run(telemetry.observe(service_fn(|event: LambdaEvent<Value>| {
        event_processor::handle(event, &store)
    })))
    .await
}
