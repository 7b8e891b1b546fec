//! The greeting, and the names that it accepts.

use serde::Serialize;

/// Longest name in characters.
const MAX_NAME_CHARACTERS: usize = 100;

/// The name in a greeting without one.
const EVERYBODY: &str = "AWS Lambda";

/// A checked name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Name(String);

/// Why a text is not a name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to {MAX_NAME_CHARACTERS} characters, none of them a control character")]
pub(crate) struct InvalidName;

impl TryFrom<String> for Name {
    type Error = InvalidName;

    fn try_from(name: String) -> Result<Self, InvalidName> {
        let fits = (1..=MAX_NAME_CHARACTERS).contains(&name.chars().count());
        if fits && !name.contains(char::is_control) {
            Ok(Self(name))
        } else {
            Err(InvalidName)
        }
    }
}

/// The answer of the function.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Greeting {
    message: String,
}

/// Greets by name, or everybody.
pub(crate) fn greet(name: Option<&Name>) -> Greeting {
    let name = name.map_or(EVERYBODY, |Name(name)| name);
    Greeting {
        message: format!("Hello {name} from Graviton!"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: impl Into<String>) -> Result<Name, InvalidName> {
        Name::try_from(text.into())
    }

    #[test]
    fn a_greeting_has_the_name_or_a_default() {
        assert_eq!(greet(None).message, "Hello AWS Lambda from Graviton!");
        let ada = name("Ada").unwrap();
        assert_eq!(greet(Some(&ada)).message, "Hello Ada from Graviton!");
    }

    #[test]
    fn a_name_has_a_length_and_no_control_characters() {
        for good in ["A", "Ada Lovelace", "Åsa", &"ü".repeat(100)] {
            assert!(name(good).is_ok(), "{good}");
        }
        for bad in ["", "Ada\n", "\u{0}", &"a".repeat(101)] {
            assert_eq!(name(bad), Err(InvalidName), "{bad}");
        }
    }
}
