//! Ids that sort by time.

use std::{fmt, str::FromStr};

use uuid::{Uuid, Version};

use super::error::{InvalidDocument, quoted, serde_as_text};

/// A UUID of version 7 (RFC 9562, section 5.7): milliseconds first, so ids sort by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentId(Uuid);

impl DocumentId {
    /// A new one, greater than every other that this process has made.
    #[must_use]
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }

    /// The 16 bytes, in the same order as the ids.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The id with these bytes.
    ///
    /// # Errors
    /// [`InvalidDocument::Id`] when they are no UUID of version 7.
    pub fn from_bytes(bytes: [u8; 16]) -> Result<Self, InvalidDocument> {
        let uuid = Uuid::from_bytes(bytes);
        Self::checked(uuid).ok_or_else(|| InvalidDocument::Id {
            value: uuid.to_string(),
        })
    }

    fn checked(uuid: Uuid) -> Option<Self> {
        let ours = uuid.get_version() == Some(Version::SortRand)
            && uuid.get_variant() == uuid::Variant::RFC4122;
        ours.then_some(Self(uuid))
    }
}

impl FromStr for DocumentId {
    type Err = InvalidDocument;

    /// Reads only the hyphenated form, so that a document has one URL. Upper case is accepted.
    fn from_str(text: &str) -> Result<Self, InvalidDocument> {
        text.parse::<uuid::fmt::Hyphenated>()
            .ok()
            .and_then(|hyphenated| Self::checked(hyphenated.into_uuid()))
            .ok_or_else(|| InvalidDocument::Id {
                value: quoted(text),
            })
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(formatter)
    }
}

serde_as_text!(DocumentId, "a hyphenated UUID of version 7");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_of_one_process_sort_as_they_were_made() {
        let ids: Vec<DocumentId> = (0..1000).map(|_| DocumentId::generate()).collect();
        assert!(ids.is_sorted());
        assert!(ids.iter().map(ToString::to_string).is_sorted());
    }

    #[test]
    fn only_the_hyphenated_form_of_version_7_is_an_id() {
        for text in [
            "",
            "01890a5dac96774bbcceb302099a8057",
            "{01890a5d-ac96-774b-bcce-b302099a8057}",
            "urn:uuid:01890a5d-ac96-774b-bcce-b302099a8057",
            "c2f1a4c0-5d43-4d4b-9d2a-1f8d0f6a7b9e",
            "01890a5d-ac96-774b-0cce-b302099a8057",
            "00000000-0000-0000-0000-000000000000",
            " 01890a5d-ac96-774b-bcce-b302099a8057",
        ] {
            assert!(text.parse::<DocumentId>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_id_comes_back_from_its_text_and_bytes(bytes: [u8; 16]) {
            let Ok(id) = DocumentId::from_bytes(bytes) else {
                // Random bytes are mostly another version: set ours.
                let mut ours = bytes;
                ours[6] = 0x70 | (ours[6] & 0x0f);
                ours[8] = 0x80 | (ours[8] & 0x3f);
                prop_assert!(DocumentId::from_bytes(ours).is_ok());
                return Ok(());
            };
            prop_assert_eq!(id.to_string().parse::<DocumentId>(), Ok(id));
            prop_assert_eq!(DocumentId::from_bytes(*id.as_bytes()), Ok(id));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,80}") {
            let _ = text.parse::<DocumentId>();
        }
    }
}
