//! `POST /documents`: stores a document and sends its message, or completes an attempt that was interrupted.
//!
//! Acknowledged only when both the item and its message are stored. Whatever fails in between (a timeout, a
//! crash), the same request with the same key finds what is there, adds what is missing, and answers with the same
//! document. The message may be sent twice that way, which its consumer handles.

use axum::{
    extract::State,
    http::{HeaderName, HeaderValue, StatusCode, header::LOCATION},
    response::{IntoResponse as _, Response},
};
use shared::{
    document::{DocumentQueued, Status},
    document_store::{Creation, NewDocument},
    telemetry,
};

use super::{Queue, SharedApi, Store, queue_failed, store_failed};
use crate::{
    accept::AcceptsJson,
    idempotency_key::IdempotencyKey,
    problem::{Problem, ProblemDetails},
    representation::{self, DocumentBody},
    submission::{NewDocumentBody, Submission},
};

/// Set on the answer to a request whose document existed already.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Stores a document and queues it for verification.
///
/// The same request with the same Idempotency-Key may be sent any number of times within 24 hours
/// and returns the same document.
#[utoipa::path(
    post,
    path = "/documents",
    operation_id = "createDocument",
    tag = "documents",
    params(("Idempotency-Key" = String, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$",
        description = "Names this submission; a new value, such as a UUID, for every new document.")),
    request_body(content = NewDocumentBody, content_type = "application/json"),
    responses(
        (status = 201, description = "Stored and queued", body = DocumentBody, content_type = "application/json",
            headers(
                ("Location" = String, description = "Path of the document."),
                ("ETag" = String, description = "Of the document."),
                ("Idempotent-Replayed" = String, description = "`true` when the document was there already."),
            ),
            links(
                ("read" = (operation_id = "getDocument", parameters(("id" = "$response.body#/id")))),
                ("delete" = (operation_id = "deleteDocument", parameters(("id" = "$response.body#/id")))),
            )),
        (status = 400, description = "The body or the Idempotency-Key is not valid", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 406, description = "The caller does not accept JSON", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 409, description = "The document of this Idempotency-Key has been deleted since", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 413, description = "The content has more than 262,144 bytes", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 415, description = "The body is not declared to be JSON", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 422, description = "The Idempotency-Key was used for another document", body = ProblemDetails, content_type = "application/problem+json"),
    ),
)]
pub async fn create_document<S: Store, Q: Queue>(
    State(api): SharedApi<S, Q>,
    _: AcceptsJson,
    key: IdempotencyKey,
    submission: Submission,
) -> Result<Response, Problem> {
    let new = NewDocument {
        fingerprint: submission.fingerprint(),
        name: submission.name,
        content: submission.content,
        claimed_root: submission.claimed_root,
        idempotency_key: key.into_string(),
    };
    let (document, replayed) = match api.store.create(new).await.map_err(store_failed)? {
        Creation::Created(document) => (document, false),
        Creation::Repeated(document) => (document, true),
        Creation::KeyReused => return Err(Problem::KeyReused),
        Creation::Deleted => return Err(Problem::DocumentDeleted),
    };
    // Also for a repeated request: perhaps the message was not sent the first time.
    if document.status == Status::Received {
        let message = DocumentQueued {
            document_id: document.id,
        };
        api.queue.send(message).await.map_err(queue_failed)?;
    }
    telemetry::count("DocumentsStored", u64::from(!replayed));
    tracing::info!(document = %document.id, bytes = document.size_bytes, replayed, "stored and queued");

    let location = HeaderValue::from_str(&format!("/documents/{}", document.id));
    let mut response = representation::document(document)?;
    *response.status_mut() = StatusCode::CREATED;
    // An id has only hexadecimal digits and hyphens, which are valid in a header.
    if let Ok(location) = location {
        response.headers_mut().insert(LOCATION, location);
    }
    if replayed {
        let value = HeaderValue::from_static("true");
        response.headers_mut().insert(REPLAYED, value);
    }
    Ok(response.into_response())
}
