//! The attributes of a queue that can be set: names, defaults, limits.

use std::{collections::BTreeMap, ops::RangeInclusive};

use serde::Deserialize;

use super::message::Millis;
use crate::services::sqs::error::SqsError;

/// Largest message and largest batch in bytes: 1 MiB since August 2025, 256 KiB before.
pub const MAX_MESSAGE_BYTES: usize = 1024 * 1024;

/// Where messages go that were received too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redrive {
    /// ARN of the dead-letter queue.
    pub target: String,
    /// How often a message is delivered at most.
    pub max_receives: u32,
}

/// `RedrivePolicy` on the wire: the count may be a number or a text.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RedrivePolicy {
    dead_letter_target_arn: String,
    max_receive_count: serde_json::Value,
}

/// An attribute that is a number.
struct Numeric {
    name: &'static str,
    default: u64,
    range: RangeInclusive<u64>,
}

const fn numeric(name: &'static str, default: u64, range: RangeInclusive<u64>) -> Numeric {
    Numeric {
        name,
        default,
        range,
    }
}

const NUMERIC: [Numeric; 6] = [
    numeric("DelaySeconds", 0, 0..=900),
    numeric("MaximumMessageSize", 1_048_576, 1024..=1_048_576),
    numeric("MessageRetentionPeriod", 345_600, 60..=1_209_600),
    numeric("ReceiveMessageWaitTimeSeconds", 0, 0..=20),
    numeric("VisibilityTimeout", 30, 0..=43_200),
    // There is no KMS here: kept and returned.
    numeric("KmsDataKeyReusePeriodSeconds", 300, 60..=86_400),
];

/// Attributes that are true or false. AWS takes them in any case, and answers them in lower case.
const BOOLEAN: [&str; 3] = [
    "ContentBasedDeduplication",
    "FifoQueue",
    "SqsManagedSseEnabled",
];

/// Attributes that are kept and returned and mean nothing here: there is neither IAM nor encryption.
const OPAQUE: [&str; 3] = ["Policy", "RedriveAllowPolicy", "KmsMasterKeyId"];

/// All attributes of a queue that can be set, with the values that they have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    fifo: bool,
    values: BTreeMap<String, String>,
    redrive: Option<Redrive>,
}

impl Settings {
    /// The defaults.
    #[must_use]
    pub fn new(fifo: bool) -> Self {
        let numbers = NUMERIC
            .iter()
            .filter(|attribute| attribute.name != "KmsDataKeyReusePeriodSeconds")
            .map(|attribute| (attribute.name, attribute.default.to_string()));
        let kind: &[(&str, &str)] = if fifo {
            &[
                ("FifoQueue", "true"),
                ("ContentBasedDeduplication", "false"),
                ("DeduplicationScope", "queue"),
                ("FifoThroughputLimit", "perQueue"),
            ]
        } else {
            &[]
        };
        let texts = kind
            .iter()
            .chain(&[("SqsManagedSseEnabled", "true")])
            .map(|&(name, value)| (name, value.to_owned()));
        Self {
            fifo,
            values: numbers
                .chain(texts)
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            redrive: None,
        }
    }

    /// These settings with some attributes changed.
    ///
    /// # Errors
    /// `InvalidAttributeName` and `InvalidAttributeValue`.
    pub fn with(&self, changes: &BTreeMap<String, String>) -> Result<Self, SqsError> {
        let mut settings = self.clone();
        for (name, value) in changes {
            let value = &normal(name, value);
            settings.check(name, value)?;
            if name == "RedrivePolicy" {
                settings.redrive = redrive(value)?;
            }
            if value.is_empty() {
                settings.values.remove(name);
            } else {
                settings.values.insert(name.clone(), value.clone());
            }
        }
        Ok(settings)
    }

    fn check(&self, name: &str, value: &str) -> Result<(), SqsError> {
        let allowed = match name {
            "RedrivePolicy" => true,
            "SqsManagedSseEnabled" => matches!(value, "true" | "false"),
            // The name decides, and it never changes.
            "FifoQueue" => self.fifo && value == "true",
            "ContentBasedDeduplication" if self.fifo => matches!(value, "true" | "false"),
            "DeduplicationScope" if self.fifo => matches!(value, "queue" | "messageGroup"),
            "FifoThroughputLimit" if self.fifo => {
                matches!(value, "perQueue" | "perMessageGroupId")
            }
            _ if OPAQUE.contains(&name) => true,
            _ => match NUMERIC.iter().find(|attribute| attribute.name == name) {
                Some(attribute) => value
                    .parse()
                    .is_ok_and(|number| attribute.range.contains(&number)),
                None => return Err(SqsError::InvalidAttributeName(name.to_owned())),
            },
        };
        if allowed {
            Ok(())
        } else {
            Err(SqsError::InvalidAttributeValue(name.to_owned()))
        }
    }

    /// The first of these attributes that has another value here.
    #[must_use]
    pub fn difference<'a>(&self, asked: &'a BTreeMap<String, String>) -> Option<&'a str> {
        let same = |name: &str, value: &String| match name {
            "RedrivePolicy" => redrive(value).is_ok_and(|asked| asked == self.redrive),
            _ => self.values.get(name) == Some(&normal(name, value)),
        };
        asked
            .iter()
            .find(|(name, value)| !same(name, value))
            .map(|(name, _)| name.as_str())
    }

    /// Every attribute with its value.
    #[must_use]
    pub fn values(&self) -> &BTreeMap<String, String> {
        &self.values
    }

    /// Whether the order of messages is kept.
    #[must_use]
    pub fn is_fifo(&self) -> bool {
        self.fifo
    }

    /// Where messages go that were received too often.
    #[must_use]
    pub fn redrive(&self) -> Option<&Redrive> {
        self.redrive.as_ref()
    }

    /// `VisibilityTimeout`
    #[must_use]
    pub fn visibility(&self) -> Millis {
        self.number("VisibilityTimeout") * 1000
    }

    /// `DelaySeconds`
    #[must_use]
    pub fn delay(&self) -> Millis {
        self.number("DelaySeconds") * 1000
    }

    /// `MessageRetentionPeriod`
    #[must_use]
    pub fn retention(&self) -> Millis {
        self.number("MessageRetentionPeriod") * 1000
    }

    /// `ReceiveMessageWaitTimeSeconds`
    #[must_use]
    pub fn wait(&self) -> Millis {
        self.number("ReceiveMessageWaitTimeSeconds") * 1000
    }

    /// `MaximumMessageSize` in bytes.
    #[must_use]
    pub fn maximum_message_bytes(&self) -> usize {
        usize::try_from(self.number("MaximumMessageSize")).unwrap_or(MAX_MESSAGE_BYTES)
    }

    /// Whether the body stands for a deduplication id that is not given.
    #[must_use]
    pub fn deduplicates_by_content(&self) -> bool {
        self.values
            .get("ContentBasedDeduplication")
            .is_some_and(|value| value == "true")
    }

    /// Whether a deduplication id holds within a group only.
    #[must_use]
    pub fn deduplicates_by_group(&self) -> bool {
        self.values
            .get("DeduplicationScope")
            .is_some_and(|value| value == "messageGroup")
    }

    fn number(&self, name: &str) -> u64 {
        self.values
            .get(name)
            .and_then(|value| value.parse().ok())
            .unwrap_or_default()
    }
}

/// The spelling in which a value is kept.
fn normal(name: &str, value: &str) -> String {
    match BOOLEAN.contains(&name) {
        true => value.to_ascii_lowercase(),
        false => value.to_owned(),
    }
}

/// Reads a redrive policy; an empty text takes it away.
fn redrive(text: &str) -> Result<Option<Redrive>, SqsError> {
    if text.is_empty() {
        return Ok(None);
    }
    let invalid = |reason: &str| SqsError::invalid("RedrivePolicy", text, reason);
    let policy: RedrivePolicy = serde_json::from_str(text)
        .map_err(|error| invalid(&format!("Redrive policy is not valid: {error}.")))?;
    let count = policy.max_receive_count;
    let count = count
        .as_u64()
        .or_else(|| count.as_str().and_then(|text| text.parse().ok()))
        .and_then(|count| u32::try_from(count).ok())
        .filter(|count| (1..=1000).contains(count))
        .ok_or_else(|| {
            invalid("Invalid value for maxReceiveCount, valid values are from 1 to 1000 both inclusive.")
        })?;
    Ok(Some(Redrive {
        target: policy.dead_letter_target_arn,
        max_receives: count,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(name: &str, value: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn a_value_outside_its_range_is_refused() {
        for (name, value) in [
            ("DelaySeconds", "901"),
            ("VisibilityTimeout", "-1"),
            ("VisibilityTimeout", "43201"),
            ("MaximumMessageSize", "1048577"),
            ("ReceiveMessageWaitTimeSeconds", "soon"),
            ("MessageRetentionPeriod", ""),
            ("FifoQueue", "false"),
        ] {
            let refused = Settings::new(true).with(&changes(name, value));
            assert_eq!(
                refused,
                Err(SqsError::InvalidAttributeValue(name.to_owned())),
                "{name}={value}"
            );
        }
    }

    #[test]
    fn what_only_fifo_queues_have_is_unknown_to_others() {
        let refused = Settings::new(false).with(&changes("ContentBasedDeduplication", "true"));
        assert!(matches!(refused, Err(SqsError::InvalidAttributeName(_))));
        assert!(
            Settings::new(true)
                .with(&changes("ContentBasedDeduplication", "true"))
                .unwrap()
                .deduplicates_by_content()
        );
    }

    #[test]
    fn a_boolean_is_the_same_in_any_case() {
        let settings = Settings::new(true)
            .with(&changes("FifoQueue", "True"))
            .unwrap();
        assert_eq!(settings.values()["FifoQueue"], "true");
        assert_eq!(settings.difference(&changes("FifoQueue", "TRUE")), None);
        assert!(settings.with(&changes("FifoQueue", "yes")).is_err());
    }

    #[test]
    fn a_redrive_policy_is_the_same_in_either_spelling() {
        let number = r#"{"deadLetterTargetArn":"arn:a","maxReceiveCount":5}"#;
        let text = r#"{ "maxReceiveCount": "5", "deadLetterTargetArn": "arn:a" }"#;
        let settings = Settings::new(false)
            .with(&changes("RedrivePolicy", number))
            .unwrap();
        assert_eq!(
            settings.redrive().map(|redrive| redrive.max_receives),
            Some(5)
        );
        assert_eq!(settings.difference(&changes("RedrivePolicy", text)), None);
        let without = settings.with(&changes("RedrivePolicy", "")).unwrap();
        assert_eq!(without.redrive(), None);
    }

    #[test]
    fn a_redrive_policy_needs_a_count_from_1_to_1000() {
        for count in ["0", "1001", "\"many\"", "null"] {
            let policy = format!(r#"{{"deadLetterTargetArn":"arn:a","maxReceiveCount":{count}}}"#);
            assert!(redrive(&policy).is_err(), "{count}");
        }
    }
}
