//! The work: one message, one greeting.

use serde::Deserialize;
use shared::queue::Record;

use crate::failure::Failure;

/// Longest name in characters.
const MAX_NAME_CHARACTERS: usize = 100;

/// The body of a message.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    name: Name,
}

/// A checked name.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct Name(String);

/// Why a text is not a name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to {MAX_NAME_CHARACTERS} characters, none of them a control character")]
struct InvalidName;

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

/// Greets by the name in the message, in the log.
///
/// Work must have the same result when it is done twice: a queue delivers at least once, and at the deadline
/// work is dropped at any await.
///
/// # Errors
/// [`Failure`] when the message cannot be read.
pub(crate) async fn greet(record: &Record) -> Result<(), Failure> {
    let message: Message = record
        .json()
        .map_err(|reason| Failure::Malformed { reason })?;
    tracing::info!(
        message_id = record.message_id,
        greeting = greeting(&message.name),
        "greeted"
    );
    Ok(())
}

fn greeting(Name(name): &Name) -> String {
    format!("Hello {name} from Graviton!")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(body: &str) -> Record {
        Record {
            message_id: "message".to_owned(),
            group: None,
            receive_count: Some(1),
            body: Ok(body.to_owned()),
        }
    }

    #[test]
    fn a_greeting_has_the_name() {
        let ada = Name("Ada".to_owned());
        assert_eq!(greeting(&ada), "Hello Ada from Graviton!");
    }

    #[tokio::test]
    async fn a_message_with_a_name_is_done() {
        for body in [r#"{"name": "Ada"}"#, r#" {"name":"\u00c5sa"} "#] {
            assert_eq!(greet(&record(body)).await, Ok(()), "{body}");
        }
    }

    #[tokio::test]
    async fn any_other_message_is_malformed_and_says_why() {
        for (body, text) in [
            ("", "the body is not a JSON object"),
            (r#"["Ada"]"#, "the body is not a JSON object"),
            ("{}", "missing field `name`"),
            (r#"{"name": null}"#, "invalid type: null"),
            (r#"{"name": ""}"#, "a name has 1 to 100 characters"),
            (r#"{"name": "A", "age": 7}"#, "unknown field `age`"),
        ] {
            let failure = greet(&record(body)).await.unwrap_err().to_string();
            assert!(failure.starts_with("malformed message: "), "{failure}");
            assert!(failure.contains(text), "{failure}");
        }
    }
}
