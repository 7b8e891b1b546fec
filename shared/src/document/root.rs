//! The digest that stands for a document's content.

use std::{fmt, str::FromStr};

use super::{
    LEAF_BYTES,
    error::{InvalidDocument, quoted, serde_as_text},
};
use crate::merkle::{self, Hash, Tree};

/// A Merkle root: 64 lower-case hexadecimal digits as text.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Root(Hash);

/// The RFC 6962 root over `content` in leaves of [`LEAF_BYTES`].
#[must_use]
pub fn content_root(content: &[u8]) -> Root {
    let mut tree = Tree::new();
    tree.extend(content.chunks(LEAF_BYTES).map(merkle::leaf_hash));
    Root(tree.root())
}

impl Root {
    /// The digest.
    #[must_use]
    pub fn as_bytes(&self) -> &Hash {
        &self.0
    }
}

impl From<Hash> for Root {
    fn from(hash: Hash) -> Self {
        Self(hash)
    }
}

impl FromStr for Root {
    type Err = InvalidDocument;

    fn from_str(text: &str) -> Result<Self, InvalidDocument> {
        let mut hash = Hash::default();
        match hex::decode_to_slice(text, &mut hash) {
            Ok(()) => Ok(Self(hash)),
            Err(_) => Err(InvalidDocument::Root {
                value: quoted(text),
            }),
        }
    }
}

impl fmt::Display for Root {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Root({self})")
    }
}

serde_as_text!(Root, "64 hexadecimal digits");

#[cfg(test)]
mod tests {
    use super::*;

    /// Roots that another implementation of RFC 6962 gives: Python's hashlib over leaves cut by
    /// hand, for content within one leaf, of one leaf exactly, and one byte into the second.
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
            assert_eq!(
                content_root(&vec![b'a'; bytes]).to_string(),
                root,
                "{bytes}"
            );
        }
    }

    #[test]
    fn only_64_hexadecimal_digits_are_a_root() {
        let root = content_root(b"");
        assert_eq!(root.to_string().parse(), Ok(root));
        assert_eq!(root.to_string().to_uppercase().parse(), Ok(root));
        for text in ["", "e3b0", &"g".repeat(64), &"0".repeat(65)] {
            assert!(text.parse::<Root>().is_err(), "{text}");
        }
    }
}
