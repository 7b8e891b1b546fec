//! Writes and reads items of the table. Errors name the item and the attribute.

use std::{collections::HashMap, fmt::Display, str::FromStr};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use sha2::{Digest as _, Sha256};

use crate::{
    document::{Content, Document, DocumentId, Status, Timestamp},
    document_store::StoreError,
};

/// The table's partition key.
pub(super) const ID: &str = "id";
/// The index's partition key; only documents have it.
pub(super) const KIND: &str = "kind";
/// The only value of it.
pub(super) const DOCUMENT: &str = "document";
const CONTENT: &str = "content";

/// How long an idempotency key is remembered, in seconds: a day.
const REQUEST_LIFETIME_S: i64 = 24 * 60 * 60;

/// Attributes by name.
pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) fn text(value: impl Display) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

pub(super) fn number(value: impl Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Key of the item with the document.
pub(super) fn document_key(id: DocumentId) -> String {
    format!("document#{id}")
}

/// Key of the item with the document's content.
pub(super) fn content_key(id: DocumentId) -> String {
    format!("content#{id}")
}

/// Key of the item that remembers a request: a digest, because the sender's key may be of any length and content.
pub(super) fn request_key(idempotency_key: &str) -> String {
    format!("request#{}", hex::encode(Sha256::digest(idempotency_key)))
}

pub(super) fn document_item(document: &Document) -> Item {
    let attributes = [
        (ID, text(document_key(document.id))),
        (KIND, text(DOCUMENT)),
        ("name", text(&document.name)),
        ("size_bytes", number(document.size_bytes)),
        ("status", text(document.status)),
        ("root", text(document.root)),
        ("revision", number(document.revision)),
        ("created_at", text(document.created_at)),
        ("updated_at", text(document.updated_at)),
    ];
    item(attributes)
}

pub(super) fn content_item(id: DocumentId, content: Content) -> Item {
    let bytes = AttributeValue::B(Blob::new(content.into_bytes()));
    item([(ID, text(content_key(id))), (CONTENT, bytes)])
}

/// What is remembered of a request.
pub(super) struct Request {
    pub(super) document_id: DocumentId,
    pub(super) fingerprint: String,
}

pub(super) fn request_item(key: &str, request: &Request, now: Timestamp) -> Item {
    let attributes = [
        (ID, text(key)),
        ("document_id", text(request.document_id)),
        ("fingerprint", text(&request.fingerprint)),
        (
            "expires_at",
            number(now.epoch_seconds() + REQUEST_LIFETIME_S),
        ),
    ];
    item(attributes)
}

pub(super) fn item<const N: usize>(attributes: [(&str, AttributeValue); N]) -> Item {
    attributes
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// An item that was read; each attribute is checked when it is accessed.
pub(super) struct Reader(Item);

impl Reader {
    pub(super) fn new(item: Item) -> Self {
        Self(item)
    }

    /// The document in the item.
    pub(super) fn document(&self) -> Result<Document, StoreError> {
        Ok(Document {
            id: self.document_id()?,
            name: self.parsed("name")?,
            size_bytes: self.number("size_bytes")?,
            status: self.status()?,
            root: self.parsed("root")?,
            revision: self.number("revision")?,
            created_at: self.parsed("created_at")?,
            updated_at: self.parsed("updated_at")?,
        })
    }

    /// The document's status alone.
    pub(super) fn status(&self) -> Result<Status, StoreError> {
        self.parsed("status")
    }

    /// What the item remembers of a request.
    pub(super) fn request(&self) -> Result<Request, StoreError> {
        Ok(Request {
            document_id: self.parsed("document_id")?,
            fingerprint: self.parsed("fingerprint")?,
        })
    }

    /// The content in the item.
    pub(super) fn content(mut self) -> Result<Content, StoreError> {
        match self.0.remove(CONTENT) {
            Some(AttributeValue::B(blob)) => blob
                .into_inner()
                .try_into()
                .map_err(|error| self.malformed(CONTENT, error)),
            other => Err(self.not_a("binary value", CONTENT, other.as_ref())),
        }
    }

    /// The bytes of an attribute, as many as `N`.
    pub(super) fn bytes<const N: usize>(&self, name: &'static str) -> Result<[u8; N], StoreError> {
        let value = self.0.get(name);
        let Some(AttributeValue::B(blob)) = value else {
            return Err(self.not_a("binary value", name, value));
        };
        let bytes = blob.as_ref();
        bytes
            .try_into()
            .map_err(|_| self.malformed(name, format_args!("{} bytes instead of {N}", bytes.len())))
    }

    fn document_id(&self) -> Result<DocumentId, StoreError> {
        let key: String = self.parsed(ID)?;
        let id = key.strip_prefix("document#").unwrap_or_default();
        id.parse().map_err(|error| self.malformed(ID, error))
    }

    fn parsed<T: FromStr<Err: Display>>(&self, name: &'static str) -> Result<T, StoreError> {
        match self.0.get(name) {
            Some(AttributeValue::S(value)) => {
                value.parse().map_err(|error| self.malformed(name, error))
            }
            other => Err(self.not_a("string", name, other)),
        }
    }

    fn number(&self, name: &'static str) -> Result<u64, StoreError> {
        match self.0.get(name) {
            Some(AttributeValue::N(value)) => {
                value.parse().map_err(|error| self.malformed(name, error))
            }
            other => Err(self.not_a("number", name, other)),
        }
    }

    fn not_a(
        &self,
        wanted: &str,
        name: &'static str,
        found: Option<&AttributeValue>,
    ) -> StoreError {
        let problem = if found.is_some() { "not a" } else { "missing" };
        self.malformed(name, format_args!("{problem} {wanted}"))
    }

    fn malformed(&self, attribute: &'static str, problem: impl Display) -> StoreError {
        let key = self.0.get(ID).and_then(|id| id.as_s().ok());
        StoreError::MalformedItem {
            key: key.map_or_else(|| "without a key".to_owned(), Clone::clone),
            attribute,
            problem: problem.to_string(),
        }
    }
}
