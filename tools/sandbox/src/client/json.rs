//! The AWS services that speak JSON over one path, for the few calls that `apply` and `traffic` make: compiling their
//! SDKs would take longer than compiling all of the sandbox.

use bytes::Bytes;
use hyper::{Request, header};
use serde::Deserialize;
use serde_json::Value;

use super::http::{HttpClient, HttpError};

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
}

impl JsonClient {
    /// A client for the sandbox at a URL.
    #[must_use]
    pub fn new(endpoint: &str) -> Self {
        Self {
            http: HttpClient::new(),
            endpoint: endpoint.trim_end_matches('/').to_owned(),
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
        // Nobody checks the signature: only the service is read from it.
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=sandbox/20000101/us-east-1/{name}/aws4_request, SignedHeaders=host, Signature=0"
        );
        Request::post(format!("{}/", self.endpoint))
            .header(header::CONTENT_TYPE, "application/x-amz-json-1.0")
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
