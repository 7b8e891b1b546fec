//! `POST /documents`: stores a document and sends its message, or completes an attempt that was interrupted.
//!
//! Acknowledged only when both the document and its message are stored. Whatever fails in between (a timeout, a crash),
//! the same request with the same key finds what is there, adds what is missing, and answers with the same document. The
//! message may be sent twice that way, which its consumer handles.
//!
//! A caller that never retries leaves a document without a message: it stays `received`, and nobody was told that it was
//! stored. To close that without the caller, let the table's stream (DynamoDB Streams) invoke the consumer: then the one
//! write is the document and its message.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode, header::LOCATION},
    response::IntoResponse,
};
use axum_extra::extract::WithRejection;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use notary::{
    document::{Document, DocumentQueued, MAX_CONTENT_BYTES, NewDocument, Status},
    store::Creation,
};
use serde::Deserialize;
use shared::{aws, telemetry};
use utoipa::ToSchema;

use super::{SharedApi, answer};
use crate::{problem::Problem, router::Api};

/// Largest body in bytes: JSON may write every byte of the content as `\u00xx`, and a name of 255 characters takes 3 KiB
/// that way.
pub const MAX_BODY_BYTES: usize = 6 * MAX_CONTENT_BYTES + 16 * 1024;

/// The caller's name for one submission.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Set on the answer to a request whose document existed already.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A document to be stored; its content is either text or base64.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewDocument)]
pub struct Submission {
    /// Name of the document: not blank, no control characters.
    // `\s` of ECMAScript and of Python is White_Space and U+FEFF: every name that matches is not blank for us either.
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$",
        example = "Deed of sale"
    )]
    name: String,
    /// The content as text, at most 262,144 bytes in UTF-8.
    #[schema(max_length = 262_144, example = "Sold: one horse.")]
    content: Option<String>,
    /// The content in standard base64 with padding (RFC 4648, section 4), at most 262,144 bytes when decoded.
    #[schema(max_length = 349_528, content_encoding = "base64")]
    content_base64: Option<String>,
    /// The Merkle root that the content must have: SHA-256 as in RFC 6962 over leaves of 4,096 bytes. A document whose
    /// content has another one will be rejected.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    root: Option<String>,
}

/// Stores a document and queues it for verification.
///
/// The same request with the same Idempotency-Key may be sent any number of times within 24 hours and returns the same
/// document.
#[utoipa::path(
    post,
    path = "/documents",
    operation_id = "createDocument",
    tag = "documents",
    params(("Idempotency-Key" = String, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$",
        description = "Names this submission; a new value, such as a UUID, for every new document.")),
    request_body(content = Submission, content_type = "application/json"),
    responses(
        (status = 201, description = "Stored and queued", body = Document, content_type = "application/json",
            headers(
                ("Location" = String, description = "Path of the document."),
                ("ETag" = String, description = "Of the document."),
                ("Idempotent-Replayed" = Option<String>, description = "`true` when the document was there already."),
            ),
            links(
                ("read" = (operation_id = "getDocument", parameters(("id" = "$response.body#/id")))),
                ("content" = (operation_id = "getContent", parameters(("id" = "$response.body#/id")))),
                ("delete" = (operation_id = "deleteDocument", parameters(("id" = "$response.body#/id")))),
            )),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn create_document(
    State(api): SharedApi,
    headers: HeaderMap,
    WithRejection(Json(submission), _): WithRejection<Json<Submission>, Problem>,
) -> Result<impl IntoResponse, Problem> {
    let key = idempotency_key(&headers)?;
    let (document, replayed) = match api.store.create(submission.check()?, key).await? {
        Creation::Created(document) => (document, false),
        Creation::Repeated(document) => (document, true),
        Creation::KeyReused => {
            let detail = "this Idempotency-Key was used for another document: use a new key for a new document";
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Err(Problem::new(status, "key-reused", detail));
        }
        Creation::Deleted => {
            let detail = "the document of this Idempotency-Key has been deleted: use a new key to store it again";
            let status = StatusCode::CONFLICT;
            return Err(Problem::new(status, "document-deleted", detail));
        }
    };
    // Also for a repeated request: perhaps the message was not sent the first time.
    if document.status == Status::Received {
        announce(&api, &document).await?;
    }
    telemetry::count("DocumentsStored", u64::from(!replayed));
    tracing::info!(document = %document.id, bytes = document.size_bytes, replayed, "stored and queued");

    let location = [(LOCATION, format!("/documents/{}", document.id))];
    let mark = replayed.then_some([(REPLAYED, "true")]);
    Ok((StatusCode::CREATED, location, mark, answer(document)?))
}

async fn announce(api: &Api, document: &Document) -> Result<(), Problem> {
    let message = DocumentQueued {
        document_id: document.id,
    };
    // Its JSON can always be written.
    let message = serde_json::to_string(&message).map_err(|_| Problem::internal())?;
    let send = api.sqs.send_message().queue_url(&api.queue_url);
    let sent = send.message_body(message).send().await;
    sent.map_err(|error| Problem::aws("queue", &aws::explain(&error), aws::is_transient(&error)))?;
    Ok(())
}

/// Required, so that an interrupted submission can always be completed by sending it again
/// (draft-ietf-httpapi-idempotency-key-header).
fn idempotency_key(headers: &HeaderMap) -> Result<&str, Problem> {
    let key = headers
        .get(IDEMPOTENCY_KEY)
        .and_then(|key| key.to_str().ok());
    let is_key = |key: &&str| {
        (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
    };
    key.filter(is_key).ok_or_else(|| {
        let detail = "an Idempotency-Key of 1 to 255 visible ASCII characters is required: a new value, such as a \
                      UUID, for every new document";
        Problem::new(StatusCode::BAD_REQUEST, "invalid-header", detail)
    })
}

impl Submission {
    /// What a caller can get wrong that the types do not say.
    fn check(self) -> Result<NewDocument, Problem> {
        if self.name.trim().is_empty()
            || self.name.chars().count() > 255
            || self.name.chars().any(char::is_control)
        {
            let detail = "name: 1 to 255 characters, not all of them white space, none of them a control character";
            return Err(Problem::invalid_body(detail));
        }
        let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_root = |root: &String| root.len() == 64 && root.bytes().all(is_digit);
        if !self.root.as_ref().is_none_or(is_root) {
            let detail = "root: 64 hexadecimal digits, in lower case";
            return Err(Problem::invalid_body(detail));
        }
        let content = match (self.content, self.content_base64) {
            (Some(text), None) => text.into_bytes(),
            (None, Some(base64)) => BASE64_STANDARD
                .decode(base64)
                .map_err(|error| Problem::invalid_body(format!("content_base64: {error}")))?,
            _ => {
                let detail = "a document needs either content or content_base64";
                return Err(Problem::invalid_body(detail));
            }
        };
        if content.len() > MAX_CONTENT_BYTES {
            let detail = format!(
                "the content has {} bytes, more than {MAX_CONTENT_BYTES}",
                content.len()
            );
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            return Err(Problem::new(status, "content-too-large", detail));
        }
        Ok(NewDocument {
            name: self.name,
            content,
            claimed_root: self.root,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn check(body: Value) -> Result<NewDocument, Problem> {
        serde_json::from_value::<Submission>(body).unwrap().check()
    }

    #[test]
    fn text_and_base64_of_the_same_content_are_the_same_document() {
        let text = check(json!({"name": "deed", "content": "abc"})).unwrap();
        let base64 = check(json!({"content_base64": "YWJj", "name": "deed"})).unwrap();
        assert_eq!(text.content, b"abc");
        assert_eq!(text, base64);
    }

    #[test]
    fn content_may_have_256_kib_and_not_a_byte_more_however_it_is_spelled() {
        for (member, fits, too_much) in [
            ("content", "a".repeat(262_144), "a".repeat(262_145)),
            ("content", "ä".repeat(131_072), "ä".repeat(131_073)),
            (
                "content_base64",
                BASE64_STANDARD.encode(vec![7; 262_144]),
                BASE64_STANDARD.encode(vec![7; 262_145]),
            ),
        ] {
            let body = json!({"name": "n", member: fits});
            assert_eq!(check(body).unwrap().content.len(), 262_144);
            let refused = check(json!({"name": "n", member: too_much})).unwrap_err();
            assert_eq!(
                refused.into_response().status(),
                StatusCode::PAYLOAD_TOO_LARGE
            );
        }
    }

    #[test]
    fn the_longest_spelling_of_the_largest_document_is_within_the_limit_of_the_body() {
        let name = r"\ud83d\uddce".repeat(255);
        let content = r"\u0061".repeat(262_144);
        let root = "a".repeat(64);
        let body = format!(r#"{{"name":"{name}","content":"{content}","root":"{root}"}}"#);
        assert!(body.len() < MAX_BODY_BYTES);
        assert!(
            serde_json::from_str::<Submission>(&body)
                .unwrap()
                .check()
                .is_ok()
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (body, named) in [
            (json!({"name": " ", "content": ""}), "name: "),
            (json!({"name": "a\nb", "content": ""}), "name: "),
            (json!({"name": "n".repeat(256), "content": ""}), "name: "),
            (json!({"name": "n", "content": "", "root": "ab"}), "root: "),
            (
                json!({"name": "n", "content_base64": "YW!j"}),
                "content_base64: Invalid symbol 33, offset 2",
            ),
            (
                json!({"name": "n", "content_base64": "YWJ"}),
                "content_base64: ",
            ),
            (json!({"name": "n"}), "either content or content_base64"),
            (
                json!({"name": "n", "content": "", "content_base64": ""}),
                "either content or content_base64",
            ),
        ] {
            let refused = serde_json::to_value(check(body.clone()).unwrap_err()).unwrap();
            assert!(
                refused["detail"].as_str().unwrap().contains(named),
                "{body}: {refused}"
            );
        }
    }

    proptest! {
        #[test]
        fn every_content_comes_through_base64_as_it_was(content: Vec<u8>, name in "[^\\pC\\s]{1,255}") {
            let body = json!({"name": name, "content_base64": BASE64_STANDARD.encode(&content)});
            let expected = NewDocument { name, content, claimed_root: None };
            prop_assert_eq!(check(body), Ok(expected));
        }

        #[test]
        fn a_header_is_a_key_exactly_when_it_is_visible_ascii(
            bytes in prop::collection::vec(prop_oneof![0x20..0x7f_u8, 0x80..=0xff_u8], 0..300)
        ) {
            let expected = (1..=255).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
            let headers = [(IDEMPOTENCY_KEY, axum::http::HeaderValue::from_bytes(&bytes).unwrap())];
            let headers = headers.into_iter().collect();
            prop_assert_eq!(idempotency_key(&headers).is_ok(), expected);
        }
    }
}
