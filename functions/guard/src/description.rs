//! The alias's new description, for `rollout` and for people.
//!
//! A rollout keeps its record there: `rollout 1->2 since 2026-11-23T14:30:00Z 5%@0s 25%@41s`, each weight with the
//! seconds after the start. `guard` adds its change and its name: `… 25%@41s 0%@97s by guard`. A description that
//! is no record is replaced by a sentence.

use std::time::SystemTime;

use aws_sdk_lambda::primitives::{DateTime, DateTimeFormat};

/// The longest description that Lambda accepts.
const LONGEST: usize = 256;
/// At the end of a record: who made the last change.
const BY_GUARD: &str = " by guard";

/// The description of an alias whose candidate is rolled back now.
#[must_use]
pub fn rolled_back(before: &str, version: &str, now: SystemTime) -> String {
    // A record that is too long must not keep the weight where it is.
    match record(before, now).filter(|record| record.len() <= LONGEST) {
        Some(record) => record,
        None => {
            let now = DateTime::from_secs(DateTime::from(now).secs());
            let now = now.fmt(DateTimeFormat::DateTime).unwrap_or_default();
            format!("version {version} rolled back at {now}{BY_GUARD}")
        }
    }
}

/// The record with one more change; with only that change when all do not fit.
fn record(before: &str, now: SystemTime) -> Option<String> {
    // The change ends a pause, which stands behind the last one.
    let before = before.split(" paused@").next().unwrap_or(before);
    let words: Vec<&str> = before.split(' ').collect();
    let ["rollout", _, "since", since, changes @ ..] = words.as_slice() else {
        return None;
    };
    let started = DateTime::from_str(since, DateTimeFormat::DateTime).ok()?;
    let last = changes.last().and_then(|change| offset_s(change))?;
    // When the clock was set back, the change must not be before an earlier one.
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

    /// This many seconds after the start in `RECORD`.
    fn after(seconds: u64) -> SystemTime {
        // 2026-11-23T14:30:00Z
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_444_200 + seconds)
    }

    const RECORD: &str = "rollout 1->2 since 2026-11-23T14:30:00Z 5%@0s 25%@41s";

    #[test]
    fn a_record_gets_one_more_change_and_who_made_it() {
        assert_eq!(
            rolled_back(RECORD, "2", after(97)),
            "rollout 1->2 since 2026-11-23T14:30:00Z 5%@0s 25%@41s 0%@97s by guard"
        );
    }

    #[test]
    fn a_change_ends_a_pause() {
        let paused = format!("{RECORD} paused@65s");
        let description = rolled_back(&paused, "2", after(97));
        assert_eq!(description, format!("{RECORD} 0%@97s by guard"));
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_the_order_of_changes() {
        assert!(rolled_back(RECORD, "2", after(7)).ends_with(" 0%@41s by guard"));
    }

    #[test]
    fn without_room_for_all_only_the_last_change_is_kept() {
        let long = format!("{RECORD}{}", " 50%@99s".repeat(30));
        assert_eq!(
            rolled_back(&long, "2", after(200)),
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
                rolled_back(before, "2", after(0)),
                "version 2 rolled back at 2026-11-23T14:30:00Z by guard",
                "{before}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_description_is_longer_than_lambda_takes(before in "\\PC{0,256}", seconds in 0..1_000_000_u64) {
            prop_assert!(rolled_back(&before, "999999", after(seconds)).len() <= LONGEST);
            let record = format!("{RECORD}{before}");
            prop_assert!(rolled_back(&record, "999999", after(seconds)).len() <= LONGEST);
        }
    }
}
