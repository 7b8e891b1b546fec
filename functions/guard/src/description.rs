//! What is left in the alias's description, for `rollout` and for people.
//!
//! A rollout keeps its record there: `rollout 1->2 since 2026-11-23T14:30:00Z 5%@0s 25%@41s`, each weight with the
//! seconds after the start (tools/rollout/src/delivery/record.rs). It gets one more change and who made it:
//! `… 25%@41s 0%@97s by guard`. A description that is no record is replaced by a sentence.

use std::time::SystemTime;

use aws_sdk_lambda::primitives::{DateTime, DateTimeFormat};

/// The longest description that Lambda takes.
const LONGEST: usize = 256;
/// Behind a record: who has made its last change.
const BY_GUARD: &str = " by guard";

/// The description of an alias whose candidate's weight is taken back now.
#[must_use]
pub fn taken_back(before: &str, version: &str, now: SystemTime) -> String {
    // No lack of room may keep the weight up.
    match record(before, now).filter(|record| record.len() <= LONGEST) {
        Some(record) => record,
        None => {
            let now = DateTime::from_secs(DateTime::from(now).secs());
            let now = now.fmt(DateTimeFormat::DateTime).unwrap_or_default();
            format!("weight of version {version} taken back at {now}{BY_GUARD}")
        }
    }
}

/// The record with one more change; with that alone where there is no room for all.
fn record(before: &str, now: SystemTime) -> Option<String> {
    let words: Vec<&str> = before.split(' ').collect();
    let ["rollout", _, "since", since, changes @ ..] = words.as_slice() else {
        return None;
    };
    let started = DateTime::from_str(since, DateTimeFormat::DateTime).ok()?;
    let last = changes.last().and_then(|change| offset_s(change))?;
    // A clock that was set back must not put the change before an earlier one.
    let elapsed_s = (DateTime::from(now).secs() - started.secs()).max(last);
    let change = format!("0%@{elapsed_s}s{BY_GUARD}");
    let whole = format!("{before} {change}");
    if whole.len() <= LONGEST {
        return Some(whole);
    }
    let head = words.get(..4)?.join(" ");
    Some(format!("{head} {change}"))
}

/// The time of a change, `25%@41s`.
fn offset_s(change: &str) -> Option<i64> {
    let (_, offset) = change.split_once("%@")?;
    offset.strip_suffix('s')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    /// So many seconds after the record in the tests began.
    fn after(seconds: u64) -> SystemTime {
        // 2026-11-23T14:30:00Z
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_444_200 + seconds)
    }

    const RECORD: &str = "rollout 1->2 since 2026-11-23T14:30:00Z 5%@0s 25%@41s";

    #[test]
    fn a_record_gets_one_more_change_and_who_made_it() {
        assert_eq!(
            taken_back(RECORD, "2", after(97)),
            "rollout 1->2 since 2026-11-23T14:30:00Z 5%@0s 25%@41s 0%@97s by guard"
        );
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_the_order_of_changes() {
        assert!(taken_back(RECORD, "2", after(7)).ends_with(" 0%@41s by guard"));
    }

    #[test]
    fn without_room_for_all_only_the_last_change_is_kept() {
        let long = format!("{RECORD}{}", " 50%@99s".repeat(30));
        assert_eq!(
            taken_back(&long, "2", after(200)),
            "rollout 1->2 since 2026-11-23T14:30:00Z 0%@200s by guard"
        );
    }

    #[test]
    fn what_people_wrote_is_replaced_by_a_sentence() {
        for before in [
            "",
            "production",
            "rollout 1->2",
            "rollout 1->2 since yesterday 5%@0s",
        ] {
            assert_eq!(
                taken_back(before, "2", after(0)),
                "weight of version 2 taken back at 2026-11-23T14:30:00Z by guard",
                "{before}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_description_is_longer_than_lambda_takes(before in "\\PC{0,256}", seconds in 0..1_000_000_u64) {
            prop_assert!(taken_back(&before, "999999", after(seconds)).len() <= LONGEST);
            let record = format!("{RECORD}{before}");
            prop_assert!(taken_back(&record, "999999", after(seconds)).len() <= LONGEST);
        }
    }
}
