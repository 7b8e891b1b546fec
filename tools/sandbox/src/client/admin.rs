//! The routes under `/_sandbox/` that are no part of AWS.

use std::collections::BTreeMap;

use bytes::Bytes;
use hyper::{Method, Request, StatusCode, Uri, header};
use package::Architecture;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::http::{HttpClient, HttpError};

use crate::{
    execution::faults::{FaultPlan, FunctionFaults},
    rehearsal::{access::Grant, service_faults::ServiceFault},
    services::eventbridge::Rule,
};

/// Why the sandbox did not do it.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The endpoint is not `http://host:port`.
    #[error("{0:?} is not an endpoint: write it like http://127.0.0.1:4566")]
    Endpoint(String),
    /// Nobody listens there.
    #[error("no sandbox answers at {endpoint}: start it again with `sandbox start`")]
    Unreachable {
        /// Where.
        endpoint: String,
        /// Why not.
        source: HttpError,
    },
    /// The connection broke.
    #[error("the connection to the sandbox at {endpoint} broke")]
    Broken {
        /// Where.
        endpoint: String,
        /// How.
        source: HttpError,
    },
    /// It answered, and refused.
    #[error("{endpoint} answered {status}: {message}")]
    Refused {
        /// Where.
        endpoint: String,
        /// Its status.
        status: StatusCode,
        /// What it said.
        message: String,
    },
    /// It answered something else: not a sandbox.
    #[error("{endpoint} did not answer as a sandbox does")]
    Answer {
        /// Where.
        endpoint: String,
        /// What was wrong with it.
        source: serde_json::Error,
    },
}

/// A client for the admin routes of one sandbox.
#[derive(Debug, Clone)]
pub struct AdminClient {
    endpoint: String,
    /// `host:port`.
    authority: String,
    http: HttpClient,
}

impl AdminClient {
    /// A client for the sandbox at `endpoint`.
    ///
    /// # Errors
    /// [`AdminError::Endpoint`] when that is no `http` address with host and port.
    pub fn new(endpoint: &str) -> Result<Self, AdminError> {
        let wrong = || AdminError::Endpoint(endpoint.to_owned());
        let uri: Uri = endpoint.parse().map_err(|_| wrong())?;
        let authority = uri
            .authority()
            .filter(|authority| authority.port().is_some());
        let authority = authority.filter(|_| uri.scheme_str() == Some("http"));
        Ok(Self {
            endpoint: endpoint.to_owned(),
            authority: authority.ok_or_else(wrong)?.to_string(),
            http: HttpClient::new(),
        })
    }

    /// All faults that hold now, by function.
    ///
    /// # Errors
    /// [`AdminError`] when the sandbox cannot be asked.
    pub async fn faults(&self) -> Result<BTreeMap<String, FunctionFaults>, AdminError> {
        let body = self
            .send(Method::GET, "/_sandbox/faults", None::<&()>)
            .await?;
        self.read(&body)
    }

    /// Replaces the faults of one build.
    ///
    /// # Errors
    /// [`AdminError`] when the sandbox cannot be asked, or refuses.
    pub async fn set_faults(
        &self,
        function: &str,
        architecture: Architecture,
        plan: &FaultPlan,
    ) -> Result<(), AdminError> {
        let path = format!("/_sandbox/faults/{function}/{architecture}");
        self.send(Method::PUT, &path, Some(plan)).await?;
        Ok(())
    }

    /// Removes all faults of a function.
    ///
    /// # Errors
    /// [`AdminError`] when the sandbox cannot be asked.
    pub async fn clear_faults(&self, function: &str) -> Result<(), AdminError> {
        let path = format!("/_sandbox/faults/{function}");
        self.send(Method::DELETE, &path, None::<&()>).await?;
        Ok(())
    }

    /// URL of the HTTP API of every function that has one.
    ///
    /// # Errors
    /// [`AdminError`] when the sandbox cannot be asked.
    pub async fn http_apis(&self) -> Result<BTreeMap<String, String>, AdminError> {
        let body = self
            .send(Method::GET, "/_sandbox/http", None::<&()>)
            .await?;
        self.read(&body)
    }

    /// Opens the HTTP API of a function unless it is open; gives its URL.
    ///
    /// # Errors
    /// [`AdminError`] when the sandbox cannot be asked, or has no port for it.
    pub async fn open_http_api(&self, function: &str) -> Result<String, AdminError> {
        let path = format!("/_sandbox/http/{function}");
        let body = self.send(Method::PUT, &path, None::<&()>).await?;
        self.read(&body)
    }

    /// Replaces what a function may do to tables and queues.
    ///
    /// # Errors
    /// [`AdminError`] when the sandbox cannot be asked.
    pub async fn set_grant(&self, function: &str, grant: &Grant) -> Result<(), AdminError> {
        let path = format!("/_sandbox/access/{function}");
        self.send(Method::PUT, &path, Some(grant)).await?;
        Ok(())
    }

    /// Lets alarms and the time invoke a function by these rules, in place of those that it may have.
    ///
    /// # Errors
    /// [`AdminError`] when the sandbox cannot be asked.
    pub async fn set_rules(&self, function: &str, rules: &[Rule]) -> Result<(), AdminError> {
        let path = format!("/_sandbox/rules/{function}");
        self.send(Method::PUT, &path, Some(&rules)).await?;
        Ok(())
    }

    /// The last events that were put to EventBridge, the oldest first.
    ///
    /// # Errors
    /// [`AdminError`] when the sandbox cannot be asked.
    pub async fn events(&self) -> Result<Vec<Value>, AdminError> {
        let body = self
            .send(Method::GET, "/_sandbox/events", None::<&()>)
            .await?;
        self.read(&body)
    }

    /// The faults of services that hold now, as they were written.
    ///
    /// # Errors
    /// [`AdminError`] when the sandbox cannot be asked.
    pub async fn service_faults(&self) -> Result<Vec<String>, AdminError> {
        let body = self
            .send(Method::GET, "/_sandbox/service-faults", None::<&()>)
            .await?;
        self.read(&body)
    }

    /// Injects faults of services; gives all that hold afterwards.
    ///
    /// # Errors
    /// [`AdminError`] when the sandbox cannot be asked.
    pub async fn set_service_faults(
        &self,
        faults: &[ServiceFault],
    ) -> Result<Vec<String>, AdminError> {
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        let body = self
            .send(Method::PUT, "/_sandbox/service-faults", Some(&faults))
            .await?;
        self.read(&body)
    }

    /// Removes all faults of services.
    ///
    /// # Errors
    /// [`AdminError`] when the sandbox cannot be asked.
    pub async fn clear_service_faults(&self) -> Result<(), AdminError> {
        let path = "/_sandbox/service-faults";
        self.send(Method::DELETE, path, None::<&()>).await?;
        Ok(())
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<Bytes, AdminError> {
        let body = body.map(serde_json::to_vec).transpose();
        let body = body
            .map_err(|source| self.answer(source))?
            .unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.authority))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::from(body))
            .map_err(|_| AdminError::Endpoint(format!("{}{path}", self.endpoint)))?;
        let response = self.http.send(request).await;
        let response = response.map_err(|source| self.no_answer(source))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response.into_body());
        }
        Err(AdminError::Refused {
            endpoint: self.endpoint.clone(),
            status,
            message: String::from_utf8_lossy(response.body()).into_owned(),
        })
    }

    fn read<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, AdminError> {
        serde_json::from_slice(body).map_err(|source| self.answer(source))
    }

    fn no_answer(&self, source: HttpError) -> AdminError {
        let endpoint = self.endpoint.clone();
        match source.is_unreachable() {
            true => AdminError::Unreachable { endpoint, source },
            false => AdminError::Broken { endpoint, source },
        }
    }

    fn answer(&self, source: serde_json::Error) -> AdminError {
        let endpoint = self.endpoint.clone();
        AdminError::Answer { endpoint, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_needs_scheme_host_and_port() {
        assert!(AdminClient::new("http://127.0.0.1:80").is_ok());
        for wrong in [
            "",
            "127.0.0.1:80",
            "https://127.0.0.1:80",
            "http://127.0.0.1",
            "no url",
        ] {
            let message = AdminClient::new(wrong).unwrap_err().to_string();
            assert!(message.contains("write it like"), "{wrong}: {message}");
        }
    }

    #[tokio::test]
    async fn an_endpoint_that_nobody_listens_on_is_named() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let error = AdminClient::new(&endpoint)
            .unwrap()
            .faults()
            .await
            .unwrap_err();
        assert!(matches!(error, AdminError::Unreachable { .. }), "{error:?}");
        assert!(error.to_string().contains(&endpoint), "{error}");
    }
}
