//! The event: its fields, and errors that name the field.

use lambda_runtime::Diagnostic;
use serde::Deserialize;
use serde_json::Value;
use shared::quote::{kind, shortened};

use crate::greeting::Name;

/// How many characters of serde's text an error repeats at most.
const MAX_REASON_CHARACTERS: usize = 120;

/// A checked event.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// Whom to greet; everybody without it.
    pub(crate) name: Option<Name>,
}

/// Why an event is refused; Lambda reports it as a function error of type `InvalidEvent`.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}; expected {{}} or {{\"name\": string}}")]
pub(crate) struct EventError {
    /// What does not fit, with the field.
    reason: String,
}

impl From<EventError> for Diagnostic {
    fn from(error: EventError) -> Self {
        Self {
            error_type: "InvalidEvent".to_owned(),
            error_message: error.to_string(),
        }
    }
}

impl Request {
    /// Checks an event.
    ///
    /// # Errors
    /// [`EventError`] with the field that does not fit.
    pub(crate) fn parse(event: Value) -> Result<Self, EventError> {
        // A derived struct would also accept an array, by position.
        if !event.is_object() {
            return Err(EventError {
                reason: format!("the event is {}", kind(&event)),
            });
        }
        serde_path_to_error::deserialize(event).map_err(|error| EventError {
            reason: shortened(&error.to_string(), MAX_REASON_CHARACTERS),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_is_optional() {
        for (event, name) in [
            (json!({}), None),
            (json!({"name": null}), None),
            (
                json!({"name": "Ada"}),
                Name::try_from("Ada".to_owned()).ok(),
            ),
        ] {
            assert_eq!(Request::parse(event), Ok(Request { name }));
        }
    }

    #[test]
    fn every_other_event_is_refused_with_what_does_not_fit() {
        for (event, start) in [
            (json!(null), "the event is null; expected {} or"),
            (json!(["Ada"]), "the event is an array"),
            (json!({"name": 7}), "name: invalid type: integer `7`"),
            (json!({"name": ""}), "name: a name has 1 to 100 characters"),
            (json!({"Name": "Ada"}), "Name: unknown field `Name`"),
        ] {
            let error = Diagnostic::from(Request::parse(event).unwrap_err());
            assert_eq!(error.error_type, "InvalidEvent");
            assert!(error.error_message.starts_with(start), "{error:?}");
        }
    }

    #[test]
    fn an_error_is_short_whatever_the_event_is() {
        let event = json!({"x".repeat(1_000_000): 1});
        let diagnostic = Diagnostic::from(Request::parse(event).unwrap_err());
        assert_eq!(diagnostic.error_type, "InvalidEvent");
        assert!(diagnostic.error_message.len() < 200);
    }
}
