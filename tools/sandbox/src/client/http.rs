//! The one HTTP client, and the AWS services that speak JSON over one path, for the few calls that `apply` and `traffic`
//! make: compiling their SDKs would take longer than compiling all of the sandbox.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, header};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::Deserialize;
use serde_json::Value;

use crate::aws::json_protocol;

/// A client for plain HTTP: connections are kept and used again, redirects are not followed. Cheap to clone.
#[derive(Debug, Clone)]
pub struct HttpClient(Client<HttpConnector, Full<Bytes>>);

/// Why there is no whole response.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// Nobody answers.
    #[error("no answer")]
    NoAnswer(#[from] hyper_util::client::legacy::Error),
    /// The answer breaks off.
    #[error("the answer breaks off")]
    BrokenOff(#[from] hyper::Error),
}

impl HttpError {
    /// Whether nobody listens there.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::NoAnswer(error) if error.is_connect())
    }
}

impl HttpClient {
    /// A client without connections.
    #[must_use]
    pub fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self(Client::builder(TokioExecutor::new()).build(connector))
    }

    /// Sends a request with an absolute URI and reads the whole response.
    ///
    /// # Errors
    /// [`HttpError`].
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = self.0.request(request.map(Full::new)).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Response::from_parts(head, body))
    }
}

impl Default for HttpClient {
    fn default() -> Self {
        Self::new()
    }
}

/// A service that can be called.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// Tables.
    Dynamodb,
    /// Queues.
    Sqs,
}

/// Why there is no output.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The endpoint is no URL.
    #[error("no request can be made of it")]
    Request(#[from] hyper::http::Error),
    /// There is no whole answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The service refuses.
    #[error("{operation} was refused: {code}: {message}")]
    Refused {
        /// What was asked for.
        operation: String,
        /// The error's name, like `ResourceNotFoundException`.
        code: String,
        /// What it says.
        message: String,
    },
    /// The answer is not JSON.
    #[error("the answer is not JSON")]
    Answer(#[from] serde_json::Error),
}

impl CallError {
    /// Whether the service has refused with this error.
    fn is(&self, name: &str) -> bool {
        matches!(self, Self::Refused { code, .. } if code == name)
    }
}

/// A client for these services of one sandbox.
#[derive(Debug, Clone)]
pub struct JsonClient {
    http: HttpClient,
    endpoint: String,
    region: String,
}

impl JsonClient {
    /// A client for the sandbox at a URL, in a region.
    #[must_use]
    pub fn new(endpoint: &str, region: &str) -> Self {
        Self {
            http: HttpClient::new(),
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            region: region.to_owned(),
        }
    }

    /// The request for one call.
    pub(super) fn request(
        &self,
        service: Service,
        operation: &str,
        input: &Value,
    ) -> Result<Request<Bytes>, hyper::http::Error> {
        let (name, target) = match service {
            Service::Dynamodb => ("dynamodb", "DynamoDB_20120810"),
            Service::Sqs => ("sqs", "AmazonSQS"),
        };
        // Nobody checks the signature: only region and service are read from it.
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=sandbox/20000101/{}/{name}/aws4_request, SignedHeaders=host, Signature=0",
            self.region
        );
        Request::post(format!("{}/", self.endpoint))
            .header(header::CONTENT_TYPE, json_protocol::CONTENT_TYPE)
            .header(header::AUTHORIZATION, authorization)
            .header("x-amz-target", format!("{target}.{operation}"))
            .body(Bytes::from(input.to_string()))
    }

    /// Makes one call and gives its output.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn call(
        &self,
        service: Service,
        operation: &str,
        input: &Value,
    ) -> Result<Value, CallError> {
        let request = self.request(service, operation, input)?;
        let response = self.http.send(request).await?;
        let body = response.body();
        if response.status().is_success() {
            // Some calls have no output.
            return Ok(if body.is_empty() {
                Value::Null
            } else {
                serde_json::from_slice(body)?
            });
        }
        let said: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |name: &str| said[name].as_str().unwrap_or_default();
        Err(CallError::Refused {
            operation: operation.to_owned(),
            // `com.amazonaws.dynamodb.v20120810#ResourceNotFoundException`
            code: text("__type")
                .rsplit('#')
                .next()
                .unwrap_or_default()
                .to_owned(),
            message: format!("{}{}", text("message"), text("Message")),
        })
    }

    /// The output of a call, or none where the service refuses with the error `missing`.
    ///
    /// # Errors
    /// [`CallError`] for everything else.
    pub async fn call_if_there(
        &self,
        service: Service,
        operation: &str,
        input: &Value,
        missing: &str,
    ) -> Result<Option<Value>, CallError> {
        match self.call(service, operation, input).await {
            Ok(output) => Ok(Some(output)),
            Err(error) if error.is(missing) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
