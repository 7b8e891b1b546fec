//! The body of `POST /documents`: its members, their limits, and errors that name the member.

use axum::{
    body::to_bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, header::CONTENT_TYPE},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use mime::Mime;
use serde::{Deserialize, Deserializer};
use sha2::{Digest as _, Sha256};
use shared::document::{Content, DocumentName, MAX_CONTENT_BYTES, Root};
use utoipa::ToSchema;

use crate::problem::Problem;

/// Largest body in bytes: JSON may write every byte of the content as `\u00xx`, and a name of 255
/// characters takes 3 KiB that way.
pub const MAX_BODY_BYTES: usize = 6 * MAX_CONTENT_BYTES + 16 * 1024;

/// A document to be stored; its content is text or base64.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = NewDocument)]
pub struct NewDocumentBody {
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
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, max_length = 262_144, example = "Sold: one horse.")]
    content: Option<String>,
    /// The content in standard base64 with padding (RFC 4648, section 4), at most 262,144 bytes
    /// when decoded.
    #[serde(default, deserialize_with = "present")]
    #[schema(
        value_type = String,
        required = false,
        max_length = 349_528,
        content_encoding = "base64",
        pattern = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$"
    )]
    content_base64: Option<String>,
    /// The Merkle root that the content must have: SHA-256 as in RFC 6962 over leaves of 4,096
    /// bytes. A document whose content has another one will be rejected.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, pattern = "^[0-9A-Fa-f]{64}$")]
    root: Option<String>,
}

/// A checked submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Name of the document.
    pub name: DocumentName,
    /// The bytes.
    pub content: Content,
    /// The root that the sender gave.
    pub claimed_root: Option<Root>,
}

impl Submission {
    /// Reads and checks a body.
    ///
    /// # Errors
    /// [`Problem::InvalidBody`] with the member that is wrong, [`Problem::ContentTooLarge`].
    pub fn parse(body: &[u8]) -> Result<Self, Problem> {
        let raw = deserialize(body)?;
        let name = raw
            .name
            .try_into()
            .map_err(|error| invalid("name", error))?;
        let claimed_root = raw
            .root
            .map(|root| root.parse().map_err(|error| invalid("root", error)))
            .transpose()?;
        let content = match (raw.content, raw.content_base64) {
            (Some(text), None) => text.into_bytes(),
            (None, Some(base64)) => decoded(&base64)?,
            (None, None) => return Err(one_content("neither")),
            (Some(_), Some(_)) => return Err(one_content("both")),
        };
        // Content can only be too long.
        let content = Content::try_from(content)
            .map_err(|error| Problem::ContentTooLarge(error.to_string()))?;
        Ok(Self {
            name,
            content,
            claimed_root,
        })
    }

    /// The same for equal submissions, whether the content came as text or as base64.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        // Each part with its length, so that different submissions never give the same bytes.
        let root: &[u8] = self
            .claimed_root
            .as_ref()
            .map_or(&[], |root| root.as_bytes());
        for part in [self.name.as_str().as_bytes(), root, self.content.as_ref()] {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        hasher.finalize().into()
    }
}

impl<S: Sync> FromRequest<S> for Submission {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::UnsupportedMediaType);
        }
        // Lambda passes the whole body at once, so only its length can be wrong.
        let body = to_bytes(request.into_body(), MAX_BODY_BYTES).await;
        Self::parse(&body.map_err(|_| {
            Problem::ContentTooLarge(format!("the body has more than {MAX_BODY_BYTES} bytes"))
        })?)
    }
}

/// Whether the body is declared to be JSON, in UTF-8 if a charset is given (RFC 8259).
fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let Some(mime) = value.to_str().ok().and_then(|v| v.parse::<Mime>().ok()) else {
        return false;
    };
    mime.essence_str() == mime::APPLICATION_JSON.as_ref()
        && mime
            .get_param(mime::CHARSET)
            .is_none_or(|charset| charset == mime::UTF_8)
}

fn deserialize(body: &[u8]) -> Result<NewDocumentBody, Problem> {
    let text = str::from_utf8(body).map_err(|error| Problem::InvalidBody {
        reason: format!("the body is not UTF-8: {error}"),
        member: None,
    })?;
    // A derived struct would also take an array, by position.
    if text
        .trim_start_matches([' ', '\t', '\n', '\r'])
        .starts_with('[')
    {
        return Err(Problem::InvalidBody {
            reason: "the body is an array, not an object".to_owned(),
            member: None,
        });
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let raw = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        refused(error.into_inner(), Some(path).filter(|path| path != "."))
    })?;
    json.end().map_err(|error| refused(error, None))?;
    Ok(raw)
}

fn refused(error: serde_json::Error, member: Option<String>) -> Problem {
    let reason = if error.is_data() {
        format!("the body is not a new document: {error}")
    } else {
        format!("the body is not JSON: {error}")
    };
    Problem::InvalidBody { reason, member }
}

/// A member that is present must have a value: `null` is not the same as leaving it out.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

fn decoded(base64: &str) -> Result<Vec<u8>, Problem> {
    BASE64_STANDARD.decode(base64).map_err(|error| {
        let reason = format!("not standard base64 with padding (RFC 4648, section 4): {error}");
        invalid("content_base64", reason)
    })
}

fn invalid(member: &str, reason: impl ToString) -> Problem {
    Problem::InvalidBody {
        reason: reason.to_string(),
        member: Some(member.to_owned()),
    }
}

fn one_content(has: &str) -> Problem {
    Problem::InvalidBody {
        reason: format!("a document needs either content or content_base64, this one has {has}"),
        member: None,
    }
}

#[cfg(test)]
mod tests;
