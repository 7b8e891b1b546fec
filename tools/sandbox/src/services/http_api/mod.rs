//! The HTTP API before a function with an HTTP trigger, as API Gateway has it, with payload format 2.0.
//!
//! - `event.rs`: a request as the event that the function gets.
//! - `response.rs`: what the function returns as the response that the client gets.
//! - `proxy.rs`: the way of one request through these, and what API Gateway answers by itself.
//! - `metrics.rs`: what is counted of a request.
//!
//! Every function has a port of its own on loopback, where the API's own domain would be, and is always invoked through
//! its alias `live`, as an integration that Terraform makes is.
//!
//! # What differs from API Gateway
//! - `http` instead of `https`; `domainName` and the `host` header have a port.
//! - A `Host` that is not loopback is refused, as no other host is this API's: see [`origin_check`].
//! - There is one route, `$default`, and no authorizer, CORS, access log or throttling of its own.
//! - Of its metrics `IntegrationLatency`, `DataProcessed` and those of a route are missing.

pub(super) mod event;
mod metrics;
mod proxy;
pub(super) mod response;

use std::{
    collections::BTreeMap,
    future::IntoFuture as _,
    io,
    net::Ipv4Addr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{Router, middleware::from_fn};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{
    cloudwatch::ServiceMetrics,
    lambda::{Lambda, model::names::FunctionRef},
};
use crate::{
    LIVE,
    aws::{DEFAULT_REGION, arn},
    net::{NoDelay, origin_check},
};

/// What stands for every route of a function's HTTP API in a resource policy.
#[must_use]
pub fn source_arn(function: &str) -> String {
    let id = event::api_id(function);
    arn::arn("execute-api", DEFAULT_REGION, format_args!("{id}/*"))
}

/// The HTTP APIs of all functions of a sandbox. Cheap to clone.
#[derive(Clone)]
pub struct HttpApis(Arc<Inner>);

struct Inner {
    lambda: Lambda,
    metrics: ServiceMetrics,
    /// URL by function.
    open: Mutex<BTreeMap<String, String>>,
    closed: CancellationToken,
}

impl HttpApis {
    /// None yet.
    #[must_use]
    pub fn new(lambda: Lambda, metrics: ServiceMetrics) -> Self {
        Self(Arc::new(Inner {
            lambda,
            metrics,
            open: Mutex::default(),
            closed: CancellationToken::new(),
        }))
    }

    /// The URL of a function's HTTP API; opens one where there is none.
    ///
    /// # Errors
    /// When there is no port to be had.
    pub async fn open(&self, function: &str) -> io::Result<String> {
        if let Some(url) = self.table().get(function) {
            return Ok(url.clone());
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        // Another task may have been faster; then its listener stays and ours is dropped.
        let mut table = self.table();
        let opened = table.entry(function.to_owned()).or_insert_with(|| {
            self.serve(function, listener);
            url
        });
        Ok(opened.clone())
    }

    /// All URLs, by function.
    #[must_use]
    pub fn all(&self) -> BTreeMap<String, String> {
        self.table().clone()
    }

    /// Stops listening. Requests under way are cut off, as the functions that work on them are.
    pub fn close(&self) {
        self.0.closed.cancel();
    }

    fn serve(&self, function: &str, listener: TcpListener) {
        let target = proxy::Target {
            lambda: self.0.lambda.clone(),
            reference: FunctionRef {
                name: function.to_owned(),
                qualifier: Some(LIVE.to_owned()),
            },
            api_id: event::api_id(function),
            metrics: self.0.metrics.clone(),
        };
        let router = Router::new()
            .fallback(proxy::handle)
            .layer(from_fn(origin_check::refuse_foreign_hosts))
            .with_state(Arc::new(target));
        let closed = self.0.closed.clone();
        tokio::spawn(async move {
            let serving = axum::serve(NoDelay(listener), router).into_future();
            closed.run_until_cancelled(serving).await
        });
    }

    fn table(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
