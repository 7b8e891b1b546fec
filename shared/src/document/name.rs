//! What a sender calls a document.

use std::{fmt, str::FromStr};

use super::error::{InvalidDocument, serde_as_text};

/// A name as the sender wrote it: not blank, of at most [`DocumentName::MAX_CHARACTERS`]
/// characters (so at most 1,020 bytes), none of them a control character.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentName(String);

impl DocumentName {
    /// Most characters (Unicode scalar values) that a name may have.
    pub const MAX_CHARACTERS: usize = 255;

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for DocumentName {
    type Error = InvalidDocument;

    fn try_from(name: String) -> Result<Self, InvalidDocument> {
        if name.trim().is_empty() {
            return Err(InvalidDocument::BlankName);
        }
        let characters = name.chars().count();
        if characters > Self::MAX_CHARACTERS {
            return Err(InvalidDocument::LongName {
                characters,
                max: Self::MAX_CHARACTERS,
            });
        }
        let control = name.chars().enumerate().find(|(_, c)| c.is_control());
        if let Some((position, character)) = control {
            return Err(InvalidDocument::ControlCharacterInName {
                character,
                position,
            });
        }
        Ok(Self(name))
    }
}

impl FromStr for DocumentName {
    type Err = InvalidDocument;

    fn from_str(name: &str) -> Result<Self, InvalidDocument> {
        name.to_owned().try_into()
    }
}

impl fmt::Display for DocumentName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

serde_as_text!(DocumentName, "a name");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_outside_its_limits_is_refused_with_the_limit() {
        for (name, message) in [
            (
                "",
                "name is blank: it needs a character that is not white space",
            ),
            (
                " \u{3000} ",
                "name is blank: it needs a character that is not white space",
            ),
            (
                "a\nb",
                "name has the control character '\\n' at character 1",
            ),
            (
                "\u{7f}",
                "name has the control character '\\u{7f}' at character 0",
            ),
            (&"n".repeat(256), "name has 256 characters, more than 255"),
        ] {
            let error = name.parse::<DocumentName>().unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn the_longest_name_takes_1020_bytes() {
        let name: DocumentName = "🗎".repeat(255).parse().unwrap();
        assert_eq!(name.as_str().len(), 1020);
    }

    proptest! {
        #[test]
        fn a_name_is_kept_as_it_was_written_or_refused(text in "\\PC{0,300}|.{0,20}") {
            let characters = text.chars().count();
            match text.parse::<DocumentName>() {
                Ok(name) => prop_assert_eq!(name.as_str(), text),
                Err(InvalidDocument::LongName { .. }) => prop_assert!(characters > 255),
                Err(InvalidDocument::BlankName) => prop_assert!(text.trim().is_empty()),
                Err(InvalidDocument::ControlCharacterInName { position, .. }) => {
                    prop_assert!(text.chars().nth(position).unwrap().is_control());
                }
                Err(other) => prop_assert!(false, "{}", other),
            }
        }
    }
}
