//! The `http-api` function; `lib.rs` is the map.

use http_api::{Api, router};
use lambda_http::{Error, run};
use notary::store::DocumentStore;
use shared::{aws, configuration, http, telemetry};

// One invocation at a time, and it waits for the network: a single-threaded runtime starts faster.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = telemetry::init();
    let config = aws::config().await;
    let router = router(Api {
        store: DocumentStore::new(&config, configuration::required("DOCUMENTS_TABLE")?),
        sqs: aws_sdk_sqs::Client::new(&config),
        queue_url: configuration::required("DOCUMENTS_QUEUE_URL")?,
    });
    run(telemetry.observe(http::path_as_sent(router))).await
}
