//! A document: its parts, and the limits of each.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `id` | [`DocumentId`]: a UUID of version 7, so ids sort by the time of creation |
//! | `name` | [`DocumentName`]: what the sender calls it |
//! | `status` | [`Status`] and [`Verdict`]: received, then verified or rejected, once |
//! | `root` | [`Root`] and [`content_root`]: the Merkle root that stands for the content |
//! | `content` | [`Content`]: its bytes, no more than [`MAX_CONTENT_BYTES`] |
//! | `timestamp` | [`Timestamp`]: UTC to the millisecond |
//! | `error` | [`InvalidDocument`]: which field, what it holds, which limit |
//!
//! Each type is checked when it is made, by [`FromStr`](std::str::FromStr) and by serde:
//! every [`Document`] is a valid one.

mod content;
mod error;
mod id;
mod name;
mod root;
mod status;
mod timestamp;

use serde::{Deserialize, Serialize};

pub use content::Content;
pub use error::InvalidDocument;
pub use id::DocumentId;
pub use name::DocumentName;
pub use root::{Root, content_root};
pub use status::{Status, Verdict};
pub use timestamp::Timestamp;

/// Largest content in bytes: with its keys it fits a DynamoDB item, whose limit is 400 KiB.
pub const MAX_CONTENT_BYTES: usize = 256 * 1024;

/// Size in bytes of every leaf of a document's Merkle tree but the last.
pub const LEAF_BYTES: usize = 4096;

/// A document without its content, which is stored separately.
///
/// Its JSON is public: these fields in this order, no others, and the same bytes from both builds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Made by `http-api` when the document arrives.
    pub id: DocumentId,
    /// Given by the sender.
    pub name: DocumentName,
    /// Length of the content in bytes, at most [`MAX_CONTENT_BYTES`].
    pub size_bytes: u64,
    /// Received, verified or rejected.
    pub status: Status,
    /// Merkle root over the content: the one that the sender gave, or else the one that we computed.
    pub root: Root,
    /// 1 when created, one more with every change.
    pub revision: u64,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When its status last changed.
    pub updated_at: Timestamp,
}

/// The message in the queue: this document is to be verified.
///
/// Unknown fields are ignored, so that a newer sender may add some.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentQueued {
    /// Which document.
    pub document_id: DocumentId,
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"id":"01890a5d-ac96-774b-bcce-b302099a8057","name":"Ärger & Söhne","size_bytes":3,"status":"received","root":"609f6e36d2405585188d5cfd761f407c7cc46a7d3f314c88270469dde315fcd1","revision":1,"created_at":"2023-06-30T07:57:46.134Z","updated_at":"2023-06-30T07:57:46.000Z"}"#;

    #[test]
    fn the_public_json_is_stable_and_comes_back_the_same() {
        let document: Document = serde_json::from_str(JSON).unwrap();
        assert_eq!(document.root, content_root(b"abc"));
        assert_eq!(serde_json::to_string(&document).unwrap(), JSON);
    }

    #[test]
    fn a_field_outside_its_limits_is_refused_by_serde_too() {
        for (from, to, message) in [
            ("774b", "474b", "UUID of version 7"),
            ("Ärger & Söhne", " ", "name is blank"),
            (
                "received",
                "lost",
                "status is \"lost\", which is none of received, verified, rejected",
            ),
            ("609f6e", "609f", "64 hexadecimal digits"),
            ("46.134Z", "46.134", "RFC 3339"),
        ] {
            let json = JSON.replacen(from, to, 1);
            let error = serde_json::from_str::<Document>(&json).unwrap_err();
            assert!(error.to_string().contains(message), "{error}");
        }
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
