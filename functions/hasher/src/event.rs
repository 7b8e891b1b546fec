//! The event: its fields, their limits, and errors that name the field.

use std::num::NonZeroU64;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use lambda_runtime::Diagnostic;
use serde::Deserialize;
use serde_json::Value;
use shared::quote::{kind, shortened};

use crate::input::Input;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// Leaf size when the event does not name one, in KiB.
const DEFAULT_LEAF_KIB: i64 = 1024;
/// Largest leaf in KiB.
const MAX_LEAF_KIB: i64 = 64 * 1024;
/// How many characters of serde's text an error repeats at most.
const MAX_REASON_CHARACTERS: usize = 120;
/// MiB of generated input per MiB of the function's memory.
///
/// Hashing needs no memory that grows with its input; the limit is time. CPU time is proportional to memory,
/// so this allows the same time (about ten seconds with the SHA instructions) at every memory size.
const INPUT_PER_MEMORY: i64 = 8;

/// What the configured memory allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    memory_mib: u32,
}

impl Limits {
    /// The limits of a function with `memory_mib`.
    #[must_use]
    pub fn for_memory(memory_mib: u32) -> Self {
        Self { memory_mib }
    }

    /// Largest `size_mib`.
    #[must_use]
    pub fn max_size_mib(self) -> i64 {
        i64::from(self.memory_mib) * INPUT_PER_MEMORY
    }
}

/// A checked event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The bytes to hash.
    pub input: Input,
    /// Size of every leaf but the last, in bytes.
    pub leaf_bytes: NonZeroU64,
}

/// Why an event is refused; Lambda reports it as a function error of type `InvalidEvent`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Not an object, an unknown field, or a field of another type.
    #[error(
        "{reason}; expected {{\"size_mib\": integer, \"seed\": integer, \"leaf_kib\": integer}} \
         or {{\"data_base64\": string, \"leaf_kib\": integer}}"
    )]
    Shape {
        /// What does not fit, in serde's words with the field's name.
        reason: String,
    },
    /// A number outside its limits.
    #[error("{field} is {value}, which is not between {min} and {max} {unit}")]
    OutOfRange {
        /// The field.
        field: &'static str,
        /// What it holds.
        value: i64,
        /// Smallest value allowed.
        min: i64,
        /// Largest value allowed.
        max: i64,
        /// The unit of all three, and where the limit comes from.
        unit: String,
    },
    /// `data_base64` is not base64.
    #[error("data_base64 is not standard base64 with padding (RFC 4648, section 4): {reason}")]
    NotBase64 {
        /// What is wrong and where.
        reason: String,
    },
    /// Neither input or both.
    #[error("an event needs either size_mib or data_base64, this one has {0}")]
    OneInput(&'static str),
    /// `seed` is for generated input, and this event brings its own.
    #[error("seed goes with size_mib, not with data_base64")]
    SeedWithData,
}

impl From<EventError> for Diagnostic {
    fn from(error: EventError) -> Self {
        Self {
            error_type: "InvalidEvent".to_owned(),
            error_message: error.to_string(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEvent {
    size_mib: Option<i64>,
    seed: Option<u64>,
    leaf_kib: Option<i64>,
    data_base64: Option<String>,
}

impl Request {
    /// Checks an event against `limits`.
    ///
    /// # Errors
    /// [`EventError`] with the field and its limits.
    pub fn parse(event: Value, limits: Limits) -> Result<Self, EventError> {
        // A derived struct would also take an array, by position.
        if !event.is_object() {
            return Err(EventError::Shape {
                reason: format!("the event is {}", kind(&event)),
            });
        }
        let raw: RawEvent = serde_path_to_error::deserialize(event).map_err(shape)?;
        let leaf_kib = in_range(
            "leaf_kib",
            raw.leaf_kib.unwrap_or(DEFAULT_LEAF_KIB),
            MAX_LEAF_KIB,
            || "KiB".to_owned(),
        )?;
        let input = match (raw.size_mib, raw.data_base64) {
            (Some(size_mib), None) => generated(size_mib, raw.seed, limits)?,
            (None, Some(_)) if raw.seed.is_some() => return Err(EventError::SeedWithData),
            (None, Some(text)) => given(&text)?,
            (None, None) => return Err(EventError::OneInput("neither")),
            (Some(_), Some(_)) => return Err(EventError::OneInput("both")),
        };
        Ok(Self {
            input,
            leaf_bytes: leaf_kib.saturating_mul(NonZeroU64::MIN.saturating_add(KIB - 1)),
        })
    }
}

fn shape(error: serde_path_to_error::Error<serde_json::Error>) -> EventError {
    let field = error.path().to_string();
    let reason = error.into_inner().to_string();
    // serde names an unknown field itself; for a wrong type only the path knows which.
    let reason = match field.as_str() {
        "." => reason,
        field if reason.contains(field) => reason,
        field => format!("{field}: {reason}"),
    };
    EventError::Shape {
        reason: shortened(&reason, MAX_REASON_CHARACTERS),
    }
}

fn in_range(
    field: &'static str,
    value: i64,
    max: i64,
    unit: impl FnOnce() -> String,
) -> Result<NonZeroU64, EventError> {
    u64::try_from(value)
        .ok()
        .filter(|_| value <= max)
        .and_then(NonZeroU64::new)
        .ok_or_else(|| EventError::OutOfRange {
            field,
            value,
            min: 1,
            max,
            unit: unit(),
        })
}

fn generated(size_mib: i64, seed: Option<u64>, limits: Limits) -> Result<Input, EventError> {
    let size_mib = in_range("size_mib", size_mib, limits.max_size_mib(), || {
        format!(
            "MiB ({INPUT_PER_MEMORY} times the function's memory of {} MiB)",
            limits.memory_mib
        )
    })?;
    Ok(Input::generated(
        size_mib.get() * MIB,
        seed.unwrap_or_default(),
    ))
}

fn given(text: &str) -> Result<Input, EventError> {
    BASE64_STANDARD
        .decode(text)
        .map(Input::Given)
        .map_err(|error| EventError::NotBase64 {
            reason: error.to_string(),
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const LIMITS: Limits = Limits { memory_mib: 1769 };

    fn message(event: Value) -> String {
        Request::parse(event, LIMITS).unwrap_err().to_string()
    }

    #[test]
    fn the_documented_events_are_accepted() {
        let generated = json!({"size_mib": 64, "seed": 7, "leaf_kib": 1024});
        let request = Request::parse(generated, LIMITS).unwrap();
        assert_eq!(request.input, Input::generated(64 * MIB, 7));
        assert_eq!(request.leaf_bytes.get(), MIB);

        let given = Request::parse(json!({"data_base64": "YWJj"}), LIMITS).unwrap();
        assert_eq!(given.input, Input::Given(b"abc".to_vec()));
    }

    #[test]
    fn numbers_outside_their_limits_are_named_with_the_limits() {
        for size_mib in [-1, 0, 14_153, i64::MAX] {
            assert_eq!(
                message(json!({"size_mib": size_mib})),
                format!(
                    "size_mib is {size_mib}, which is not between 1 and 14152 MiB \
                     (8 times the function's memory of 1769 MiB)"
                )
            );
        }
        for leaf_kib in [-1, 0, 65_537] {
            assert_eq!(
                message(json!({"size_mib": 1, "leaf_kib": leaf_kib})),
                format!("leaf_kib is {leaf_kib}, which is not between 1 and 65536 KiB")
            );
        }
    }

    #[test]
    fn a_field_of_another_type_and_an_unknown_field_are_named() {
        for (event, named) in [
            (
                json!({"size_mib": "64"}),
                "size_mib: invalid type: string \"64\"",
            ),
            (
                json!({"size_mib": 1.5}),
                "size_mib: invalid type: floating point `1.5`",
            ),
            (
                json!({"size_mib": 1, "seed": -1}),
                "seed: invalid value: integer `-1`",
            ),
            (
                json!({"data_base64": 7}),
                "data_base64: invalid type: integer `7`",
            ),
            (json!({"size_mb": 1}), "unknown field `size_mb`"),
            (json!([1]), "the event is an array"),
            (json!(null), "the event is null"),
        ] {
            let message = message(event);
            assert!(message.starts_with(named), "{message}");
            assert!(
                message.contains("expected {\"size_mib\": integer"),
                "{message}"
            );
        }
    }

    #[test]
    fn text_that_is_not_base64_is_refused_with_the_place() {
        assert_eq!(
            message(json!({"data_base64": "YW!j"})),
            "data_base64 is not standard base64 with padding (RFC 4648, section 4): \
             Invalid symbol 33, offset 2."
        );
    }

    #[test]
    fn an_event_has_exactly_one_input() {
        assert!(message(json!({})).ends_with("this one has neither"));
        assert!(message(json!({"size_mib": 1, "data_base64": ""})).ends_with("this one has both"));
        assert_eq!(
            message(json!({"data_base64": "", "seed": 1})),
            "seed goes with size_mib, not with data_base64"
        );
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let key = prop::sample::select(vec!["size_mib", "seed", "leaf_kib", "data_base64", "x"]);
        let value = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
        ];
        prop::collection::btree_map(key, value, 0..5)
            .prop_map(|map| map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
    }

    proptest! {
        #[test]
        fn any_object_is_a_request_or_a_clear_error(event in any_json(), memory_mib in 128u32..10_241) {
            match Request::parse(event, Limits::for_memory(memory_mib)) {
                Ok(request) => prop_assert!(request.leaf_bytes.get().is_multiple_of(KIB)),
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }
}
