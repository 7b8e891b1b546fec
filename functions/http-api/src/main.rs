//! The `http-api` function; `lib.rs` is the map.

use http_api::{Api, Facts, handle, queue::SqsDocumentQueue, router};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;
use shared::{aws, configuration, document_store::DynamoDocumentStore, telemetry};

// One invocation at a time, and it waits for the network: a single-threaded runtime starts faster.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = telemetry::init();
    let table = configuration::required("DOCUMENTS_TABLE")?;
    let queue_url = configuration::required("DOCUMENTS_QUEUE_URL")?;
    let facts = Facts::from_environment()?;
    let aws = aws::config().await;
    let router = router(Api {
        store: DynamoDocumentStore::new(&aws, table),
        queue: SqsDocumentQueue::new(&aws, queue_url),
        facts,
    });
    let service = service_fn(move |event: LambdaEvent<Value>| handle(router.clone(), event));
    run(telemetry.observe(service)).await
}
