//! What a rollout keeps in the function's tags, so that it needs nothing but credentials and the function's name.
//!
//! | tags | what | written by |
//! | --- | --- | --- |
//! | `rollout:policy-1` … | the policy | `rollout publish`, and at the start of a rollout |
//! | `rollout:run-1` … | the rollout that is under way, frozen at its start: `frozen.rs` | its start; removed at its end |
//! | `rollout:next-1` … | the rollout that waits for the end of that one | likewise |
//! | `rollout:applied` | the commit that Terraform has applied last, as it is | `rollout applied` |
//!
//! Versions of these tools that are not the same read each other's: a field that one does not know is left aside, and what
//! means something else has another `format`. Of all but the last the first value is the number of parts, a blank, and the
//! text: JSON, deflated and in base64, whose letters tags may have,
//! cut into parts of 256 characters (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-tags.html>).

use std::{
    collections::{BTreeMap, HashMap},
    io::{Read as _, Write as _},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use package::{RolloutPolicy, manifest::GuardPolicy};
use serde::{
    Deserialize as _, Deserializer, Serialize,
    de::{DeserializeOwned, Error as _, Visitor},
    forward_to_deserialize_any,
};
use serde_json::{Map, Value};

/// What some tags hold together, by how their keys begin. Terraform leaves all `rollout:*` alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tags(&'static str);

/// A function's policy.
pub const POLICY: Tags = Tags("rollout:policy-");
/// The rollout that is under way.
pub const RUN: Tags = Tags("rollout:run-");
/// The rollout that comes next.
pub const NEXT: Tags = Tags("rollout:next-");
/// The key of the commit that was applied last.
pub const APPLIED: &str = "rollout:applied";

/// The longest value of a tag, in characters.
const PART: usize = 256;
/// A function has 50 tags at most; the others are its owner's. What is here takes 3 to 5 each, without long names of alarms.
const MOST_PARTS: usize = 13;
/// More than any of it takes: what was written by somebody else must not fill the memory.
const MOST_BYTES: u64 = 1 << 20;

/// What is written. A later version of these tools counts it up when what it writes means something else to an earlier one, and
/// not for a field that an earlier one may leave aside.
const FORMAT: u64 = 1;

/// Why something does not go into tags or come out of them.
#[derive(Debug, thiserror::Error)]
pub enum TagsError {
    /// More than there is room for.
    #[error(
        "the policy takes {0} tags, and {MOST_PARTS} are for it: name fewer alarms, such as one composite alarm"
    )]
    Long(usize),
    /// Parts are missing, or somebody has changed them.
    #[error("the tags {0}* are not as rollout has written them: publish or start it again")]
    Malformed(&'static str),
    /// Written by another version of `rollout`.
    #[error("the tags {0}* hold something that this version of rollout does not know: {1}")]
    Unknown(&'static str, serde_json::Error),
    /// Written by a later version of `rollout`.
    #[error("the tags {0}* are of format {1}, and this version of rollout reads up to {FORMAT}")]
    Newer(&'static str, u64),
}

/// Reads a policy without the fields that only another version of these tools knows.
///
/// # Errors
/// What is wrong with the rest.
pub fn policy<'de, D: Deserializer<'de>>(from: D) -> Result<RolloutPolicy, D::Error> {
    let mut policy = Map::deserialize(from)?;
    retain_fields_of::<RolloutPolicy>(&mut policy);
    if let Some(guard) = policy.get_mut("guard").and_then(Value::as_object_mut) {
        retain_fields_of::<GuardPolicy>(guard);
    }
    RolloutPolicy::deserialize(Value::Object(policy)).map_err(D::Error::custom)
}

fn retain_fields_of<T: DeserializeOwned>(object: &mut Map<String, Value>) {
    let mut fields: &[&str] = &[];
    // Always an error: a struct says which fields it has before it gets any.
    drop(T::deserialize(FieldsOf(&mut fields)));
    object.retain(|field, _| fields.contains(&field.as_str()));
}

struct FieldsOf<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for FieldsOf<'_> {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(Self::Error::custom("nothing but its fields"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        *self.0 = fields;
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

impl Tags {
    /// The tags that hold something.
    ///
    /// # Errors
    /// [`TagsError::Long`].
    pub fn write(self, it: &impl Serialize) -> Result<BTreeMap<String, String>, TagsError> {
        let unknown = |error| TagsError::Unknown(self.0, error);
        let mut json = serde_json::to_value(it).map_err(unknown)?;
        if let Some(json) = json.as_object_mut() {
            json.entry("format").or_insert_with(|| FORMAT.into());
        }
        let json = serde_json::to_vec(&json).map_err(unknown)?;
        let mut deflated = DeflateEncoder::new(Vec::new(), Compression::best());
        // Into memory, which takes everything.
        let deflated = deflated.write_all(&json).and_then(|()| deflated.finish());
        let base64 = STANDARD.encode(deflated.map_err(|_| TagsError::Malformed(self.0))?);
        // The first part has the number of parts in front.
        let room = PART - "99 ".len();
        let parts: Vec<_> = base64.as_bytes().chunks(room).collect();
        if parts.len() > MOST_PARTS {
            return Err(TagsError::Long(parts.len()));
        }
        let tags = (1..).zip(&parts).map(|(number, part)| {
            let part = String::from_utf8_lossy(part);
            let value = match number {
                1 => format!("{} {part}", parts.len()),
                _ => part.into_owned(),
            };
            (self.key(number), value)
        });
        Ok(tags.collect())
    }

    /// What tags hold; `None` when there are none of this name.
    ///
    /// # Errors
    /// [`TagsError`] when it is not what was written.
    pub fn read<T: DeserializeOwned>(
        self,
        tags: &HashMap<String, String>,
    ) -> Result<Option<T>, TagsError> {
        let Some(first) = tags.get(&self.key(1)) else {
            return Ok(None);
        };
        let json = first.split_once(' ').and_then(|(count, first)| {
            let count = count.parse().ok().filter(|count| *count <= MOST_PARTS)?;
            let mut base64 = first.to_owned();
            for number in 2..=count {
                base64.push_str(tags.get(&self.key(number))?);
            }
            let mut json = Vec::new();
            let deflated = STANDARD.decode(base64).ok()?;
            let inflate = DeflateDecoder::new(&*deflated).take(MOST_BYTES);
            { inflate }.read_to_end(&mut json).ok()?;
            Some(json)
        });
        let json = json.ok_or(TagsError::Malformed(self.0))?;
        let unknown = |error| TagsError::Unknown(self.0, error);
        let mut json: Map<String, Value> = serde_json::from_slice(&json).map_err(unknown)?;
        let format = json.remove("format").and_then(|format| format.as_u64());
        if let Some(format) = format.filter(|format| *format > FORMAT) {
            return Err(TagsError::Newer(self.0, format));
        }
        retain_fields_of::<T>(&mut json);
        let read = serde_json::from_value(Value::Object(json));
        read.map(Some).map_err(unknown)
    }

    /// The keys of these tags that are not among those: what a longer text has left behind a shorter one.
    #[must_use]
    pub fn left_over(
        self,
        found: &HashMap<String, String>,
        now: &BTreeMap<String, String>,
    ) -> Vec<String> {
        let own = found.keys().filter(|key| key.starts_with(self.0));
        let mut left: Vec<_> = own.filter(|key| !now.contains_key(*key)).cloned().collect();
        left.sort();
        left
    }

    /// The key of a part, from 1. There is something when there is the first.
    #[must_use]
    pub fn key(self, number: usize) -> String {
        format!("{}{number}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Alarms with names that do not shrink.
    fn policy(alarms: usize) -> RolloutPolicy {
        let name = |number: usize| format!("{:x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        RolloutPolicy {
            steps_percent: vec![1.5, 50.0, 100.0],
            slow_ms: Some(250.0),
            alarms: (1..=alarms).map(name).collect(),
            ..RolloutPolicy::default()
        }
    }

    fn tags(policy: &RolloutPolicy) -> HashMap<String, String> {
        POLICY.write(policy).expect("tags").into_iter().collect()
    }

    fn read(tags: &HashMap<String, String>) -> Result<Option<RolloutPolicy>, TagsError> {
        POLICY.read(tags)
    }

    #[test]
    fn the_default_policy_takes_few_tags() {
        assert!(tags(&RolloutPolicy::default()).len() <= 3);
    }

    #[test]
    fn a_function_without_the_tags_has_no_policy_there() {
        assert!(read(&HashMap::new()).is_ok_and(|found| found.is_none()));
    }

    #[test]
    fn a_policy_that_is_too_long_is_refused() {
        let error = POLICY.write(&policy(1_000)).expect_err("too long");
        assert!(matches!(error, TagsError::Long(14..)), "{error}");
    }

    #[test]
    fn what_somebody_has_changed_is_no_policy() {
        let whole = tags(&policy(20));
        assert!(whole.len() > 2);
        for (key, value) in &whole {
            let mut changed = whole.clone();
            changed.remove(key);
            let without = read(&changed);
            assert!(key == "rollout:policy-1" || matches!(without, Err(TagsError::Malformed(_))));
            changed.insert(key.clone(), format!("{value}!"));
            assert!(matches!(read(&changed), Err(TagsError::Malformed(_))));
        }
        let unknown = HashMap::from([(POLICY.key(1), "20 e30=".to_owned())]);
        assert!(matches!(read(&unknown), Err(TagsError::Malformed(_))));
    }

    #[test]
    fn what_a_longer_policy_has_left_is_found_and_nothing_else() {
        let mut found = tags(&policy(20));
        found.insert("team".to_owned(), "checkout".to_owned());
        found.insert("rollout:other".to_owned(), "x".to_owned());
        let now = POLICY.write(&policy(0)).expect("tags");
        let left = POLICY.left_over(&found, &now);
        assert_eq!(left.len(), found.len() - 2 - now.len());
        assert!(left.iter().all(|key| key.starts_with(POLICY.0)));
    }

    proptest! {
        #[test]
        fn a_policy_comes_out_as_it_went_in_by_what_lambda_takes(alarms in 0_usize..40) {
            let policy = policy(alarms);
            let tags = tags(&policy);
            for value in tags.values() {
                prop_assert!(value.len() <= 256);
                prop_assert!(value.chars().all(|c| c.is_ascii_alphanumeric() || " +-=._:/@".contains(c)));
            }
            prop_assert_eq!(read(&tags).expect("a policy"), Some(policy));
        }
    }
}
