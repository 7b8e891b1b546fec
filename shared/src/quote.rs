//! How an error quotes JSON that it refuses: enough to find it, never all of it.

use serde_json::Value;

/// What kind of value this is, with its article.
#[must_use]
pub const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// At most `characters` of `text`, with `…` where something is left out: serde's errors may quote a whole event.
#[must_use]
pub fn shortened(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_fits_stays_as_it_is() {
        assert_eq!(shortened("äöü", 3), "äöü");
    }

    #[test]
    fn a_longer_one_ends_between_characters_and_says_so() {
        assert_eq!(shortened("äöüß", 3), "äöü…");
    }
}
