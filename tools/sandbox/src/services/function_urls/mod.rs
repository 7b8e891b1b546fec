//! Function URLs: HTTP straight to a function, without an API before it.
//!
//! - `operations`: the API. The URLs themselves are kept with the function: `lambda/model/url.rs`.
//! - `proxy`: one request, as the event that the function gets, and the answer. The event and most rules of the answer are
//!   those of an HTTP API.
//!
//! # What differs from Lambda
//! - A URL is a port of its own on loopback, with `http`: `http://127.0.0.1:40000/`.
//! - With `AWS_IAM` a request must be signed, and the signature is not checked.
//! - With `RESPONSE_STREAM` an answer that the function streams arrives when it is complete, and has the size limit of any
//!   other.
//! - There is no `Cors`: a request that asks for it is refused.

mod operations;
mod proxy;

use std::{future::IntoFuture as _, io, net::Ipv4Addr, sync::Arc};

use axum::{
    Router,
    middleware::from_fn,
    routing::{get, post},
};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::lambda::{Lambda, model::names::FunctionRef};
use crate::net::{NoDelay, origin_check};

/// The function URLs of a sandbox. Cheap to clone.
#[derive(Clone)]
pub struct FunctionUrls {
    lambda: Lambda,
    closed: CancellationToken,
}

impl FunctionUrls {
    /// None yet.
    #[must_use]
    pub fn new(lambda: Lambda) -> Self {
        Self {
            lambda,
            closed: CancellationToken::new(),
        }
    }

    /// The routes of the API.
    pub fn router(&self) -> Router {
        let url = post(operations::create)
            .get(operations::read)
            .put(operations::update)
            .delete(operations::remove);
        Router::new()
            .route("/2021-10-31/functions/{name}/url", url)
            .route("/2021-10-31/functions/{name}/urls", get(operations::list))
            .with_state(self.clone())
    }

    /// Stops serving all URLs.
    pub fn close(&self) {
        self.closed.cancel();
    }

    /// Serves a URL; gives it, and what stops the server when it is dropped.
    async fn open(
        &self,
        reference: FunctionRef,
        region: String,
    ) -> io::Result<(String, DropGuard)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}/", listener.local_addr()?);
        let target = proxy::Target {
            lambda: self.lambda.clone(),
            reference,
            region,
            id: uuid::Uuid::new_v4().simple().to_string(),
        };
        let router = Router::new()
            .fallback(proxy::handle)
            .layer(from_fn(origin_check::refuse_foreign_hosts))
            .with_state(Arc::new(target));
        let closed = self.closed.child_token();
        let open = closed.clone().drop_guard();
        tokio::spawn(async move {
            let serving = axum::serve(NoDelay(listener), router).into_future();
            closed.run_until_cancelled(serving).await
        });
        Ok((url, open))
    }
}
