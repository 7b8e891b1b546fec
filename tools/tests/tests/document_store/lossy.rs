//! A connection that carries a request to its end and loses the answer.

use std::sync::{Arc, Mutex};

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};

/// The operations whose next answer will be lost.
type Losses = Arc<Mutex<Vec<String>>>;

#[derive(Debug)]
struct Lossy<T> {
    inner: T,
    losses: Losses,
}

/// `config`, but the first answer to each of these operations gets lost on its way.
///
/// The list empties as that happens.
pub fn losing_first_answers(config: &SdkConfig, operations: &[&str]) -> (SdkConfig, Losses) {
    let operations = operations.iter().map(ToString::to_string).collect();
    let losses: Losses = Arc::new(Mutex::new(operations));
    let client = Lossy {
        inner: config.http_client().unwrap(),
        losses: Arc::clone(&losses),
    };
    let config = config.to_builder().http_client(client).build();
    (config, losses)
}

impl HttpClient for Lossy<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Lossy {
            inner: self.inner.http_connector(settings, components),
            losses: Arc::clone(&self.losses),
        })
    }
}

impl HttpConnector for Lossy<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let answer = self.inner.call(request);
        let losses = Arc::clone(&self.losses);
        HttpConnectorFuture::new(async move {
            let answer = answer.await?;
            let mut losses = losses.lock().unwrap();
            match losses.iter().position(|lost| *lost == operation) {
                Some(index) => {
                    losses.remove(index);
                    Err(ConnectorError::io("the answer was lost".into()))
                }
                None => Ok(answer),
            }
        })
    }
}
