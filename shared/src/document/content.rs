//! The bytes of a document.

use super::{InvalidDocument, MAX_CONTENT_BYTES};

/// At most [`MAX_CONTENT_BYTES`] bytes; may be empty.
#[derive(Clone, PartialEq, Eq)]
pub struct Content(Vec<u8>);

impl Content {
    /// Returns the bytes.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl TryFrom<Vec<u8>> for Content {
    type Error = InvalidDocument;

    fn try_from(bytes: Vec<u8>) -> Result<Self, InvalidDocument> {
        if bytes.len() > MAX_CONTENT_BYTES {
            return Err(InvalidDocument::LongContent {
                bytes: bytes.len(),
                max: MAX_CONTENT_BYTES,
            });
        }
        Ok(Self(bytes))
    }
}

impl AsRef<[u8]> for Content {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Content {
    /// Only the length, to keep content out of logs.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Content({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ends_at_256_kib() {
        assert!(Content::try_from(vec![0; 262_144]).is_ok());
        let error = Content::try_from(vec![0; 262_145]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "content has 262145 bytes, more than 262144"
        );
    }
}
