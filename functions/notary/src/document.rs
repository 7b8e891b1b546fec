//! A document: what callers see of it and the table keeps of it. To add a field, add it here and to `Document::received`.

use chrono::{DateTime, SubsecRound as _, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::merkle::{self, Tree};

/// Largest content in bytes: with its keys it fits a DynamoDB item, whose limit is 400 KiB.
pub const MAX_CONTENT_BYTES: usize = 256 * 1024;
/// Size in bytes of every leaf of a document's Merkle tree but the last.
const LEAF_BYTES: usize = 4096;

/// A document without its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Document {
    /// Assigned when it was stored: a UUID of version 7, so that ids sort by age.
    pub id: Uuid,
    /// Name that the sender gave.
    #[schema(min_length = 1, max_length = 255)]
    pub name: String,
    /// Length of the content in bytes.
    #[schema(maximum = 262_144)]
    pub size_bytes: u64,
    /// `received` at first; `verified` or `rejected` once the content has been compared with the root.
    pub status: Status,
    /// Merkle root over the content: SHA-256 as in RFC 6962 over leaves of 4,096 bytes.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub root: String,
    /// 1 when created, one more with every change.
    pub revision: u64,
    /// When it was stored.
    pub created_at: DateTime<Utc>,
    /// When its status last changed.
    pub updated_at: DateTime<Utc>,
}

/// The status of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Stored, and to be verified.
    Received,
    /// The content has the root that the document says. Final.
    Verified,
    /// The content has another root. Final.
    Rejected,
}

/// The message in the queue: this document is to be verified. Unknown fields are ignored, so that a newer sender may
/// add some.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentQueued {
    /// Which document.
    pub document_id: Uuid,
}

/// A document to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDocument {
    /// Given by the sender.
    pub name: String,
    /// Its bytes, at most [`MAX_CONTENT_BYTES`].
    pub content: Vec<u8>,
    /// The root that the sender says the content has, if any.
    pub claimed_root: Option<String>,
}

impl Document {
    /// A new one, received now.
    #[must_use]
    pub fn received(new: &NewDocument) -> Self {
        let now = now();
        Self {
            id: Uuid::now_v7(),
            name: new.name.clone(),
            size_bytes: new.content.len() as u64,
            status: Status::Received,
            root: match &new.claimed_root {
                Some(root) => root.clone(),
                None => content_root(&new.content),
            },
            revision: 1,
            created_at: now,
            updated_at: now,
        }
    }
}

/// The RFC 6962 root over `content`, in hexadecimal.
#[must_use]
pub fn content_root(content: &[u8]) -> String {
    let mut tree = Tree::default();
    for leaf in content.chunks(LEAF_BYTES) {
        tree.push(merkle::leaf_hash(leaf));
    }
    hex::encode(tree.root())
}

/// The present, to the millisecond.
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Roots that another implementation of RFC 6962 gives: Python's hashlib over leaves cut by hand, for content
    /// within one leaf, of one leaf exactly, and one byte into the second.
    #[test]
    fn the_leaves_of_a_document_are_of_4096_bytes() {
        for (bytes, root) in [
            (
                3,
                "aa58d2b0be1dbadf21619645c9245062a283c19a6701bfe07d07cc2441687c85",
            ),
            (
                4096,
                "8d0d7e85fe8e1cbd02f3f050bcfbb14e2e159d381bf0cd66eab71d1262d152b3",
            ),
            (
                4097,
                "3fc0aff9b75d77c767d0b1a0728381205676ed8406e9cde6fb48344569df36db",
            ),
        ] {
            assert_eq!(content_root(&vec![b'a'; bytes]), root, "{bytes}");
        }
    }

    #[test]
    fn the_public_json_keeps_its_fields_and_comes_back_the_same() {
        let public = json!({
            "id": "01890a5d-ac96-774b-bcce-b302099a8057",
            "name": "Ärger & Söhne",
            "size_bytes": 3,
            "status": "received",
            "root": "609f6e36d2405585188d5cfd761f407c7cc46a7d3f314c88270469dde315fcd1",
            "revision": 1,
            "created_at": "2023-06-30T07:57:46.134Z",
            "updated_at": "2023-06-30T07:57:46.135Z",
        });
        let document: Document = serde_json::from_value(public.clone()).unwrap();
        assert_eq!(document.root, content_root(b"abc"));
        let written = serde_json::to_value(&document).unwrap();
        for (field, value) in public.as_object().unwrap() {
            assert_eq!(&written[field], value, "{field}");
        }
        let back: Document = serde_json::from_value(written).unwrap();
        assert_eq!(back, document);
    }

    #[test]
    fn ids_sort_as_documents_were_received() {
        let new = NewDocument {
            name: "deed".to_owned(),
            content: b"abc".to_vec(),
            claimed_root: None,
        };
        let ids: Vec<String> = (0..1000)
            .map(|_| Document::received(&new).id.to_string())
            .collect();
        assert!(ids.is_sorted());
    }

    #[test]
    fn a_message_with_fields_of_a_newer_sender_is_read() {
        let json = r#"{"document_id":"01890a5d-ac96-774b-bcce-b302099a8057","priority":1}"#;
        let message: DocumentQueued = serde_json::from_str(json).unwrap();
        assert_eq!(
            serde_json::to_string(&message).unwrap(),
            r#"{"document_id":"01890a5d-ac96-774b-bcce-b302099a8057"}"#
        );
    }
}
