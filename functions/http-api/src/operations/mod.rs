//! The operations of the API: one file each, with its handler and its part of the OpenAPI description.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, Path, State},
    http::request::Parts,
};
use shared::{
    document::DocumentId,
    document_store::{DocumentStore, StoreError},
};

use crate::{
    problem::Problem,
    queue::{DocumentQueue, QueueError},
};

pub mod create_document;
pub mod delete_document;
pub mod get_document;
pub mod health;
pub mod list_documents;
pub mod openapi;

/// What the operations use.
pub struct Api<S, Q> {
    /// The store of the documents.
    pub store: S,
    /// The queue of their messages.
    pub queue: Q,
    /// The answer of `GET /health`.
    pub facts: health::Facts,
}

/// The API, as handlers extract it.
pub type SharedApi<S, Q> = State<Arc<Api<S, Q>>>;

/// The id of a document, extracted from the path. A malformed id is a 404, like an unknown one.
#[derive(Debug, Clone, Copy)]
pub struct PathId(pub DocumentId);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Path::<String>::from_request_parts(parts, state)
            .await
            .ok()
            .and_then(|Path(id)| id.parse().ok())
            .map(Self)
            .ok_or(Problem::DocumentNotFound)
    }
}

/// Logs why the store failed. The problem says whether to try again.
fn store_failed(error: StoreError) -> Problem {
    if matches!(error, StoreError::InvalidCursor) {
        return Problem::InvalidParameter {
            parameter: "cursor".to_owned(),
            reason: "the cursor is not one that this API has given".to_owned(),
        };
    }
    failed("store", &error, error.is_transient())
}

/// Logs why the queue failed. The problem says whether to try again.
fn queue_failed(error: QueueError) -> Problem {
    failed("queue", &error, error.is_transient())
}

fn failed(part: &str, error: &(dyn std::error::Error + 'static), transient: bool) -> Problem {
    if transient {
        tracing::warn!(part, error, "failed for now");
        Problem::Unavailable
    } else {
        tracing::error!(part, error, "failed");
        Problem::Internal
    }
}

/// `DocumentStore` and `DocumentQueue` with the bounds that handlers need.
pub trait Store: DocumentStore + 'static {}
impl<S: DocumentStore + 'static> Store for S {}
/// See [`Store`].
pub trait Queue: DocumentQueue + 'static {}
impl<Q: DocumentQueue + 'static> Queue for Q {}
