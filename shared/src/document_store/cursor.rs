//! A place in a listing, as signed text.
//!
//! ```text
//! base64url( version (1) || document id (16) || HMAC-SHA256(key, version || document id) (32) )
//! ```
//!
//! Nothing in it is secret. The signature makes sure that it is a place that this table's listing gave. A
//! cursor has exactly one text: base64 without padding and without unused bits at its end.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::document::DocumentId;

/// The first byte: another layout must have another one.
const VERSION: u8 = 1;
const ID_BYTES: usize = 16;
const TAG_BYTES: usize = 32;
const CURSOR_BYTES: usize = 1 + ID_BYTES + TAG_BYTES;

/// The key of a table's cursors.
#[derive(Clone)]
pub(super) struct CursorKey(Hmac<Sha256>);

impl CursorKey {
    /// Length in bytes: SHA-256's, as RFC 2104 recommends.
    pub(super) const BYTES: usize = 32;

    pub(super) fn new(key: &[u8; Self::BYTES]) -> Self {
        // RFC 2104: a short key is padded with zeros to SHA-256's block of 64 bytes.
        let mut block = [0; 64];
        block[..Self::BYTES].copy_from_slice(key);
        Self(Hmac::new(&block.into()))
    }

    /// The cursor after this document.
    pub(super) fn seal(&self, after: DocumentId) -> String {
        let mut cursor = [VERSION; CURSOR_BYTES];
        let (place, tag) = cursor.split_at_mut(1 + ID_BYTES);
        place[1..].copy_from_slice(after.as_bytes());
        tag.copy_from_slice(&self.0.clone().chain_update(&*place).finalize().into_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(cursor)
    }

    /// The document before this cursor; `None` when the signature is not ours.
    pub(super) fn open(&self, cursor: &str) -> Option<DocumentId> {
        let mut bytes = [0; CURSOR_BYTES];
        // Text that is too long fails as well: the buffer has no room for it.
        let length = BASE64_URL_SAFE_NO_PAD
            .decode_slice(cursor, &mut bytes)
            .ok()?;
        if length != CURSOR_BYTES {
            return None;
        }
        let (place, tag) = bytes.split_at(1 + ID_BYTES);
        // In constant time, and before anything else is read from it.
        self.0.clone().chain_update(place).verify_slice(tag).ok()?;
        let (version, id) = place.split_first()?;
        let id = DocumentId::from_bytes(id.try_into().ok()?).ok()?;
        (*version == VERSION).then_some(id)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_id() -> impl Strategy<Value = DocumentId> {
        any::<[u8; ID_BYTES]>().prop_map(|mut bytes| {
            bytes[6] = 0x70 | (bytes[6] & 0x0f);
            bytes[8] = 0x80 | (bytes[8] & 0x3f);
            DocumentId::from_bytes(bytes).unwrap()
        })
    }

    proptest! {
        #[test]
        fn a_cursor_comes_back_under_its_own_key_and_no_other(id in any_id(), key: [u8; 32], other: [u8; 32]) {
            let cursor = CursorKey::new(&key).seal(id);
            prop_assert_eq!(CursorKey::new(&key).open(&cursor), Some(id));
            prop_assert_eq!(CursorKey::new(&other).open(&cursor), (key == other).then_some(id));
        }

        #[test]
        fn a_cursor_with_any_one_bit_flipped_is_refused(id in any_id(), key: [u8; 32]) {
            let key = CursorKey::new(&key);
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(key.seal(id)).unwrap();
            for bit in 0..bytes.len() * 8 {
                let mut flipped = bytes.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                let cursor = BASE64_URL_SAFE_NO_PAD.encode(flipped);
                prop_assert_eq!(key.open(&cursor), None, "bit {}", bit);
            }
        }

        #[test]
        fn a_cursor_with_any_one_character_replaced_is_refused(
            id in any_id(), key: [u8; 32], at in 0usize..66, with in "[-_A-Za-z0-9+/=. ]"
        ) {
            let key = CursorKey::new(&key);
            let cursor = key.seal(id);
            let mut changed = cursor.clone();
            changed.replace_range(at..=at, &with);
            prop_assert_eq!(key.open(&changed), (changed == cursor).then_some(id));
        }

        #[test]
        fn no_text_is_a_cursor_by_chance_and_none_panics(text in "\\PC{0,100}|[-_A-Za-z0-9]{0,100}", key: [u8; 32]) {
            prop_assert_eq!(CursorKey::new(&key).open(&text), None);
        }

        #[test]
        fn no_bytes_are_a_cursor_by_chance_and_none_panics(bytes: Vec<u8>, key: [u8; 32]) {
            let text = BASE64_URL_SAFE_NO_PAD.encode(bytes);
            prop_assert_eq!(CursorKey::new(&key).open(&text), None);
        }
    }

    #[test]
    fn a_signed_place_of_another_version_is_refused() {
        let key = CursorKey::new(&[7; 32]);
        let mut bytes = vec![2];
        bytes.extend_from_slice(DocumentId::generate().as_bytes());
        let tag = key.0.clone().chain_update(&bytes).finalize().into_bytes();
        bytes.extend_from_slice(&tag);
        assert_eq!(key.open(&BASE64_URL_SAFE_NO_PAD.encode(bytes)), None);
    }
}
