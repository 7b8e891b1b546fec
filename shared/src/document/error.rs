//! What is wrong with a document's field.

/// Longest part of a refused value that an error repeats, in characters.
const QUOTED_CHARACTERS: usize = 64;

/// An invalid field of a document: which one, its value, the limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDocument {
    /// Not a document id.
    #[error("id is {value:?}, which is not a hyphenated UUID of version 7")]
    Id {
        /// What it holds, shortened.
        value: String,
    },
    /// Empty, or only white space.
    #[error("name is blank: it needs a character that is not white space")]
    BlankName,
    /// Too long a name.
    #[error("name has {characters} characters, more than {max}")]
    LongName {
        /// How many it has.
        characters: usize,
        /// How many it may have.
        max: usize,
    },
    /// A name that would break a line, a log or a terminal.
    #[error("name has the control character {character:?} at character {position}")]
    ControlCharacterInName {
        /// Which one.
        character: char,
        /// Where, counted from 0.
        position: usize,
    },
    /// Too much content.
    #[error("content has {bytes} bytes, more than {max}")]
    LongContent {
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        max: usize,
    },
    /// Not a status.
    #[error("status is {value:?}, which is none of received, verified, rejected")]
    Status {
        /// What it holds, shortened.
        value: String,
    },
    /// Not a SHA-256 digest.
    #[error("root is {value:?}, which is not 64 hexadecimal digits")]
    Root {
        /// What it holds, shortened.
        value: String,
    },
    /// Not a time.
    #[error("time is {value:?}, which is not RFC 3339, such as 2026-01-31T08:00:00.000Z")]
    Time {
        /// What it holds, shortened.
        value: String,
    },
}

/// The beginning of `value`, for an error message: a sender's value may be a megabyte.
pub(super) fn quoted(value: &str) -> String {
    match value.char_indices().nth(QUOTED_CHARACTERS) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}

/// `Serialize` and `Deserialize` through `Display` and `FromStr`, so that the check is in one place.
macro_rules! serde_as_text {
    ($type:ty, $expected:literal) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl serde::de::Visitor<'_> for Text {
                    type Value = $type;

                    fn expecting(
                        &self,
                        formatter: &mut std::fmt::Formatter<'_>,
                    ) -> std::fmt::Result {
                        formatter.write_str($expected)
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$type, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }
    };
}
pub(super) use serde_as_text;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_shortened_at_a_character() {
        assert_eq!(quoted("short"), "short");
        let long = "ä".repeat(1000);
        assert_eq!(quoted(&long), format!("{}…", "ä".repeat(64)));
    }
}
