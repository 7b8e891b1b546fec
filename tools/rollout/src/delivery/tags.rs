//! A function's rollout policy in its tags, so that a rollout needs nothing but credentials and the function's name.
//!
//! `rollout publish` writes the tags `rollout:policy-1`, `-2` and so on: the number of parts, a blank, and the policy
//! as JSON, deflated and in base64, whose letters tags may have, cut into parts of 256 characters
//! (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-tags.html>).

use std::{
    collections::{BTreeMap, HashMap},
    io::{Read as _, Write as _},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use package::RolloutPolicy;

/// How all keys begin that rollouts use; Terraform leaves them alone.
pub const PREFIX: &str = "rollout:";
const KEY: &str = "rollout:policy-";

/// The longest value of a tag, in characters.
const PART: usize = 256;
/// A function has 50 tags at most; the others are its owner's.
const MOST_PARTS: usize = 20;
/// More than any policy takes: what was written by somebody else must not fill the memory.
const MOST_BYTES: u64 = 1 << 20;

/// Why a policy does not go into tags or come out of them.
#[derive(Debug, thiserror::Error)]
pub enum TagsError {
    /// More than there is room for.
    #[error(
        "the policy takes {0} tags, and {MOST_PARTS} are for it: name fewer alarms, such as one composite alarm"
    )]
    Long(usize),
    /// Parts are missing, or somebody has changed them.
    #[error("the tags {KEY}* hold no policy: publish the function again (rollout publish)")]
    Malformed,
    /// Written by another version of `rollout`.
    #[error("the tags {KEY}* hold a policy that this version of rollout does not know: {0}")]
    Unknown(serde_json::Error),
}

/// The tags that hold a policy.
///
/// # Errors
/// [`TagsError::Long`].
pub fn to_tags(policy: &RolloutPolicy) -> Result<BTreeMap<String, String>, TagsError> {
    let json = serde_json::to_vec(policy).map_err(TagsError::Unknown)?;
    let mut deflated = DeflateEncoder::new(Vec::new(), Compression::best());
    // Into memory, which takes everything.
    let deflated = deflated.write_all(&json).and_then(|()| deflated.finish());
    let base64 = STANDARD.encode(deflated.map_err(|_| TagsError::Malformed)?);
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
        (key(number), value)
    });
    Ok(tags.collect())
}

/// The policy that tags hold; `None` when there are none of this name.
///
/// # Errors
/// [`TagsError`] when they do not make a policy.
pub fn from_tags(tags: &HashMap<String, String>) -> Result<Option<RolloutPolicy>, TagsError> {
    let Some(first) = tags.get(&key(1)) else {
        return Ok(None);
    };
    let json = first.split_once(' ').and_then(|(count, first)| {
        let count = count.parse().ok().filter(|count| *count <= MOST_PARTS)?;
        let mut base64 = first.to_owned();
        for number in 2..=count {
            base64.push_str(tags.get(&key(number))?);
        }
        let mut json = Vec::new();
        let deflated = STANDARD.decode(base64).ok()?;
        let inflate = DeflateDecoder::new(&*deflated).take(MOST_BYTES);
        { inflate }.read_to_end(&mut json).ok()?;
        Some(json)
    });
    let policy = serde_json::from_slice(&json.ok_or(TagsError::Malformed)?);
    policy.map(Some).map_err(TagsError::Unknown)
}

/// The keys that an earlier, longer policy has left behind this one.
#[must_use]
pub fn left_over(found: &HashMap<String, String>, now: &BTreeMap<String, String>) -> Vec<String> {
    let own = found.keys().filter(|key| key.starts_with(KEY));
    let mut left: Vec<_> = own.filter(|key| !now.contains_key(*key)).cloned().collect();
    left.sort();
    left
}

fn key(number: usize) -> String {
    format!("{KEY}{number}")
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
        to_tags(policy).expect("tags").into_iter().collect()
    }

    #[test]
    fn the_default_policy_takes_few_tags() {
        assert!(tags(&RolloutPolicy::default()).len() <= 3);
    }

    #[test]
    fn a_function_without_the_tags_has_no_policy_there() {
        assert!(from_tags(&HashMap::new()).is_ok_and(|found| found.is_none()));
    }

    #[test]
    fn a_policy_that_is_too_long_is_refused() {
        let error = to_tags(&policy(1_000)).expect_err("too long");
        assert!(matches!(error, TagsError::Long(21..)), "{error}");
    }

    #[test]
    fn what_somebody_has_changed_is_no_policy() {
        let whole = tags(&policy(30));
        assert!(whole.len() > 2);
        for (key, value) in &whole {
            let mut changed = whole.clone();
            changed.remove(key);
            let without = from_tags(&changed);
            assert!(key == "rollout:policy-1" || matches!(without, Err(TagsError::Malformed)));
            changed.insert(key.clone(), format!("{value}!"));
            assert!(matches!(from_tags(&changed), Err(TagsError::Malformed)));
        }
        let unknown = HashMap::from([(key(1), "20 e30=".to_owned())]);
        assert!(matches!(from_tags(&unknown), Err(TagsError::Malformed)));
    }

    #[test]
    fn what_a_longer_policy_has_left_is_found_and_nothing_else() {
        let mut found = tags(&policy(30));
        found.insert("team".to_owned(), "checkout".to_owned());
        found.insert("rollout:other".to_owned(), "x".to_owned());
        let now = to_tags(&policy(0)).expect("tags");
        let left = left_over(&found, &now);
        assert_eq!(left.len(), found.len() - 2 - now.len());
        assert!(left.iter().all(|key| key.starts_with(KEY)));
    }

    proptest! {
        #[test]
        fn a_policy_comes_out_as_it_went_in_by_what_lambda_takes(alarms in 0_usize..60) {
            let policy = policy(alarms);
            let tags = tags(&policy);
            for value in tags.values() {
                prop_assert!(value.len() <= 256);
                prop_assert!(value.chars().all(|c| c.is_ascii_alphanumeric() || " +-=._:/@".contains(c)));
            }
            prop_assert_eq!(from_tags(&tags).expect("a policy"), Some(policy));
        }
    }
}
