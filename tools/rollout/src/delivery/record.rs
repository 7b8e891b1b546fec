//! What a rollout writes into the alias's description, to go on after a kill.
//!
//! ```text
//! rollout 1->2 since 2026-11-23T14:30:00Z 5%@0s 25%@41s 50%@80s
//!         |    |     |                    ` each weight of the candidate, and when it was set,
//!         |    |     |                      in seconds after the start
//!         |    |     ` start of the rollout, in whole seconds
//!         |    ` candidate
//!         ` baseline
//! ```
//!
//! Behind the last change may stand:
//!
//! | text | meaning |
//! | --- | --- |
//! | ` paused@65s` | somebody has paused it; with ` samples`, ` share` or ` until` behind it the rollout has done so itself |
//! | ` resumed@90s` | its timers count from there |
//! | ` unanswered@120s` | since then the metrics cannot be read |
//! | ` worse` | why the candidate has lost its weight: a [`Cause`] |
//!
//! Before the first weight it is `rollout 1->2 since 2026-11-23T14:30:00Z awaits approval`. Who rolls back by hand leaves
//! `version 2 set by rollback of version 4` instead (`rollout rollback`, scripts/rollback.sh).
//!
//! The metrics since the start, cut at the weight changes, give back all that a run knew. A time
//! is the whole second that the change fell into, so the change itself is up to a second later.

use std::{fmt, str::FromStr};

use chrono::{DateTime, SecondsFormat, SubsecRound, TimeDelta, Utc};

use super::decision::Cause;
use crate::aws::routing::{Percent, Routing, Version};

/// The longest description that Lambda takes.
const LONGEST_DESCRIPTION: usize = 256;

/// What may stand behind the last change, each with a time.
const PAUSED: &str = "paused@";
const RESUMED: &str = "resumed@";
const UNANSWERED: &str = "unanswered@";

/// Instead of the first change.
const AWAITS_APPROVAL: &str = "awaits approval";

/// A rollout as its alias remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The version that served before.
    pub baseline: Version,
    /// The version that traffic moves to.
    pub candidate: Version,
    /// When the first weight was set, in whole seconds.
    pub since: DateTime<Utc>,
    /// Every weight of the candidate in order of time, the first one at `since`; none while it awaits approval.
    pub changes: Vec<WeightChange>,
    /// Whether it is paused.
    pub paused: Option<Pause>,
    /// When it was resumed after its last change, in seconds after the start.
    pub resumed: Option<u32>,
    /// Since when the metrics cannot be read, in seconds after the start.
    pub unanswered: Option<u32>,
    /// Why the candidate has lost its weight.
    pub cause: Option<Cause>,
}

/// A pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// Since when, in seconds after the start of the rollout.
    pub offset_s: u32,
    /// What the rollout needs that has paused itself; `None` when somebody else has.
    pub needs: Option<Needed>,
}

/// What a rollout needs that has paused itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needed {
    /// More invocations of the candidate.
    Samples,
    /// Somebody who finds out why the candidate does not get its share.
    Share,
    /// Nothing: it was to go no further (`--until`).
    Until,
}

impl Needed {
    const ALL: [Self; 3] = [Self::Samples, Self::Share, Self::Until];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Samples => "samples",
            Self::Share => "share",
            Self::Until => "until",
        }
    }
}

/// A weight that the candidate was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeightChange {
    /// The weight.
    pub percent: Percent,
    /// Seconds after the start of the rollout.
    pub offset_s: u32,
}

/// What rolling back by hand leaves in the alias: `version 2 set by rollback of version 4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByHand {
    /// The version that serves alone since then.
    pub serves: Version,
    /// The version that served or was to serve.
    pub rolled_back: Version,
}

impl ByHand {
    /// A rollback of what an alias serves to one version: of its candidate, or else of the version that served alone.
    #[must_use]
    pub fn of(routing: &Routing, serves: Version) -> Self {
        let candidate = routing.additional.map(|(version, _)| version);
        let rolled_back = candidate.filter(|candidate| *candidate != serves);
        Self {
            serves,
            rolled_back: rolled_back.unwrap_or(routing.primary),
        }
    }
}

impl fmt::Display for ByHand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            serves,
            rolled_back,
        } = self;
        write!(
            f,
            "version {serves} set by rollback of version {rolled_back}"
        )
    }
}

impl FromStr for ByHand {
    type Err = NotARecord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (serves, rolled_back) = text
                .strip_prefix("version ")?
                .split_once(" set by rollback of version ")?;
            Some(Self {
                serves: serves.parse().ok()?,
                rolled_back: rolled_back.parse().ok()?,
            })
        };
        parse().ok_or(NotARecord)
    }
}

/// A version that got its traffic taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RolledBack {
    /// The version.
    pub version: Version,
    /// When its rollout had begun; unknown where somebody has rolled back by hand.
    pub since: Option<DateTime<Utc>>,
}

/// The version that the last change of an alias has rolled back, by its description.
#[must_use]
pub fn rolled_back(description: &str) -> Option<RolledBack> {
    if let Ok(ByHand { rolled_back, .. }) = description.parse() {
        return Some(RolledBack {
            version: rolled_back,
            since: None,
        });
    }
    let record: Record = description.parse().ok()?;
    let last = record.changes.last()?.percent;
    // One that another release has taken the place of was not found bad.
    let is_bad = last == Percent::ZERO && record.cause != Some(Cause::Superseded);
    is_bad.then_some(RolledBack {
        version: record.candidate,
        since: Some(record.since),
    })
}

/// A description that no rollout has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the alias's description is not a rollout's")]
pub struct NotARecord;

/// More weight changes than a description has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{changes} changes of the weight, and a pause, do not fit into the alias's description \
     ({LONGEST_DESCRIPTION} characters): abort it (rollout abort) and start again with fewer steps"
)]
pub struct TooManyChanges {
    changes: usize,
}

impl Record {
    /// A rollout that starts now.
    #[must_use]
    pub fn start(
        baseline: Version,
        candidate: Version,
        percent: Percent,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            baseline,
            candidate,
            changes: vec![WeightChange {
                percent,
                offset_s: 0,
            }],
            ..Self::awaiting_approval(baseline, candidate, now)
        }
    }

    /// A rollout that starts when somebody has approved it.
    #[must_use]
    pub fn awaiting_approval(baseline: Version, candidate: Version, now: DateTime<Utc>) -> Self {
        Self {
            baseline,
            candidate,
            since: now.trunc_subsecs(0),
            changes: Vec::new(),
            paused: None,
            resumed: None,
            unanswered: None,
            cause: None,
        }
    }

    /// Whether somebody has to approve it before the first weight.
    #[must_use]
    pub fn awaits_approval(&self) -> bool {
        self.changes.is_empty()
    }

    /// The same rollout with one more change of the weight, which ends a pause.
    #[must_use]
    pub fn changed(mut self, percent: Percent, now: DateTime<Utc>) -> Self {
        let offset_s = self.offset_s(now);
        self.changes.push(WeightChange { percent, offset_s });
        Self {
            paused: None,
            resumed: None,
            unanswered: None,
            ..self
        }
    }

    /// The same by somebody: the first weight of a rollout that awaits approval is its start.
    #[must_use]
    pub fn promoted(self, percent: Percent, now: DateTime<Utc>) -> Self {
        if self.awaits_approval() && percent > Percent::ZERO {
            return Self::start(self.baseline, self.candidate, percent, now);
        }
        self.changed(percent, now)
    }

    /// The same rollout without the candidate's weight.
    #[must_use]
    pub fn rolled_back(self, cause: Cause, now: DateTime<Utc>) -> Self {
        Self {
            cause: Some(cause),
            ..self.changed(Percent::ZERO, now)
        }
    }

    /// The same rollout, paused now: by itself when it needs something.
    #[must_use]
    pub fn paused(self, needs: Option<Needed>, now: DateTime<Utc>) -> Self {
        let offset_s = self.offset_s(now);
        Self {
            paused: Some(Pause { offset_s, needs }),
            resumed: None,
            ..self
        }
    }

    /// The same rollout, not paused any more: what it waits for is waited for from now on.
    #[must_use]
    pub fn resumed(self, now: DateTime<Utc>) -> Self {
        Self {
            resumed: Some(self.offset_s(now)),
            paused: None,
            ..self
        }
    }

    /// Whether it has paused itself: whoever starts it again wants it to go on, as whoever resumes it.
    #[must_use]
    pub fn is_paused_by_itself(&self) -> bool {
        self.paused.is_some_and(|pause| pause.needs.is_some())
    }

    /// The same rollout, whose metrics cannot be read since then, or can be read again.
    #[must_use]
    pub fn unanswered(self, since: Option<DateTime<Utc>>) -> Self {
        Self {
            unanswered: since.map(|since| self.offset_s(since)),
            ..self
        }
    }

    /// Seconds from the start until now. A clock that was set back puts nothing before the last change.
    fn offset_s(&self, now: DateTime<Utc>) -> u32 {
        let elapsed = now.trunc_subsecs(0) - self.since;
        let last = self.changes.last().map_or(0, |change| change.offset_s);
        u32::try_from(elapsed.num_seconds()).map_or(last, |s| s.max(last))
    }

    /// The candidate's weight.
    #[must_use]
    pub fn percent(&self) -> Percent {
        self.changes
            .last()
            .map_or(Percent::ZERO, |last| last.percent)
    }

    /// What the alias routes to.
    #[must_use]
    pub fn routing(&self) -> Routing {
        match self.percent() {
            Percent::ZERO => Routing::alone(self.baseline),
            Percent::HUNDRED => Routing::alone(self.candidate),
            percent => Routing::weighted(self.baseline, self.candidate, percent),
        }
    }

    /// When it began, or was resumed: its timers count from there.
    #[must_use]
    pub fn timers_since(&self) -> DateTime<Utc> {
        self.time_at(self.resumed.unwrap_or_default())
    }

    /// Since when the metrics cannot be read.
    #[must_use]
    pub fn unanswered_since(&self) -> Option<DateTime<Utc>> {
        self.unanswered.map(|offset_s| self.time_at(offset_s))
    }

    /// Whether it is the same rollout at the same time or later, as when another shell has paused or promoted it.
    #[must_use]
    pub fn continues(&self, earlier: &Self) -> bool {
        let head = |record: &Self| (record.baseline, record.candidate, record.since);
        head(self) == head(earlier) && self.last_change() >= earlier.last_change()
    }

    /// The same rollout, cut to its last change: when there is no room for all.
    #[must_use]
    pub fn last_change_only(mut self) -> Self {
        self.changes.drain(..self.changes.len().saturating_sub(1));
        self
    }

    /// The text for the alias, of the last change alone when there is no room for all.
    #[must_use]
    pub fn or_its_last_change(&self) -> String {
        self.to_description()
            .unwrap_or_else(|_| self.clone().last_change_only().to_string())
    }

    /// When a change was made, to the second.
    #[must_use]
    pub fn time_of(&self, change: &WeightChange) -> DateTime<Utc> {
        self.time_at(change.offset_s)
    }

    fn time_at(&self, offset_s: u32) -> DateTime<Utc> {
        self.since + TimeDelta::seconds(offset_s.into())
    }

    /// When the weight that the candidate has now was set.
    #[must_use]
    pub fn last_change(&self) -> DateTime<Utc> {
        let last = self.changes.last();
        last.map_or(self.since, |change| self.time_of(change))
    }

    /// The text for the alias.
    ///
    /// # Errors
    /// [`TooManyChanges`] when Lambda would not take it.
    pub fn to_description(&self) -> Result<String, TooManyChanges> {
        let text = self.to_string();
        if text.len() > LONGEST_DESCRIPTION {
            let changes = self.changes.len();
            return Err(TooManyChanges { changes });
        }
        Ok(text)
    }
}

/// What an alias says after a change of the candidate's weight that is not the rollout's own: the same record with this
/// change, or with it alone when there is no room for all, since the change must not fail for that. A description that is no
/// record is kept.
#[must_use]
pub fn description_after(
    before: &str,
    percent: Percent,
    cause: Option<Cause>,
    now: DateTime<Utc>,
) -> String {
    let Ok(record) = before.parse::<Record>() else {
        return before.to_owned();
    };
    let record = Record {
        cause,
        ..record.promoted(percent, now)
    };
    record.or_its_last_change()
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.since.to_rfc3339_opts(SecondsFormat::Secs, true);
        let (baseline, candidate) = (self.baseline, self.candidate);
        write!(f, "rollout {baseline}->{candidate} since {since}")?;
        if self.awaits_approval() {
            write!(f, " {AWAITS_APPROVAL}")?;
        }
        for change in &self.changes {
            write!(f, " {}@{}s", change.percent, change.offset_s)?;
        }
        if let Some(Pause { offset_s, needs }) = self.paused {
            write!(f, " {PAUSED}{offset_s}s")?;
            needs.map_or(Ok(()), |needed| write!(f, " {}", needed.as_str()))?;
        }
        for (mark, offset_s) in [(RESUMED, self.resumed), (UNANSWERED, self.unanswered)] {
            offset_s.map_or(Ok(()), |offset_s| write!(f, " {mark}{offset_s}s"))?;
        }
        self.cause.map_or(Ok(()), |cause| write!(f, " {cause}"))
    }
}

impl FromStr for Record {
    type Err = NotARecord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or(NotARecord)
    }
}

fn parse(text: &str) -> Option<Record> {
    let (text, awaits_approval) = match text.strip_suffix(AWAITS_APPROVAL) {
        Some(text) => (text.trim_end(), true),
        None => (text, false),
    };
    let mut words = text.strip_prefix("rollout ")?.split(' ').peekable();
    let (baseline, candidate) = words.next()?.split_once("->")?;
    if words.next()? != "since" {
        return None;
    }
    let since = DateTime::parse_from_rfc3339(words.next()?).ok()?.to_utc();
    let (baseline, candidate) = (baseline.parse().ok()?, candidate.parse().ok()?);
    let mut record = Record::awaiting_approval(baseline, candidate, since);
    while let Some(change) = words.peek().copied().and_then(parse_change) {
        record.changes.push(change);
        words.next();
    }
    for word in words {
        let time = |mark: &str| offset(word.strip_prefix(mark)?);
        if let Some(offset_s) = time(PAUSED) {
            let needs = None;
            record.paused = Some(Pause { offset_s, needs });
        } else if let Some(offset_s) = time(RESUMED) {
            record.resumed = Some(offset_s);
        } else if let Some(offset_s) = time(UNANSWERED) {
            record.unanswered = Some(offset_s);
        } else if let Some(cause) = Cause::named(word) {
            record.cause = Some(cause);
        } else {
            let mut all = Needed::ALL.into_iter();
            record.paused.as_mut()?.needs = Some(all.find(|needed| needed.as_str() == word)?);
        }
    }
    let is_whole = record.changes.is_empty() == awaits_approval
        && record.changes.is_sorted_by_key(|change| change.offset_s);
    is_whole.then_some(record)
}

fn parse_change(word: &str) -> Option<WeightChange> {
    let (percent, offset_s) = word.split_once("%@")?;
    Some(WeightChange {
        percent: percent.parse().ok()?,
        offset_s: offset(offset_s)?,
    })
}

fn offset(text: &str) -> Option<u32> {
    text.strip_suffix('s')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn version(number: u64) -> Version {
        number.to_string().parse().expect("a version")
    }

    fn records() -> impl Strategy<Value = Record> {
        let change = (0_u32..=10_000, 0_u32..100_000);
        (
            1_u64..1_000_000,
            1_u64..1_000_000,
            0_i64..4_000_000_000,
            prop::collection::vec(change, 1..40),
            prop::option::of(0_u32..100_000),
            prop::option::of(0_u32..100_000),
            prop::option::of(prop::sample::select(Needed::ALL.to_vec())),
            prop::option::of(prop::sample::select(Cause::ALL.to_vec())),
        )
            .prop_map(
                |(baseline, candidate, since, mut changes, first, second, needs, cause)| {
                    changes.sort_by_key(|(_, offset)| *offset);
                    let since = DateTime::from_timestamp(since, 0).expect("in range");
                    Record {
                        changes: changes
                            .into_iter()
                            .map(|(hundredths, offset_s)| WeightChange {
                                percent: Percent::from_weight(f64::from(hundredths) / 10_000.0),
                                offset_s,
                            })
                            .collect(),
                        paused: first.map(|offset_s| Pause { offset_s, needs }),
                        resumed: first.xor(second),
                        unanswered: second,
                        cause,
                        ..Record::awaiting_approval(version(baseline), version(candidate), since)
                    }
                },
            )
    }

    proptest! {
        #[test]
        fn every_record_is_read_back_as_it_was_written(record in records()) {
            prop_assert_eq!(record.to_string().parse(), Ok(record));
        }

        #[test]
        fn no_description_is_longer_than_lambda_takes(record in records()) {
            match record.to_description() {
                Ok(text) => prop_assert!(text.len() <= LONGEST_DESCRIPTION),
                Err(_) => prop_assert!(record.last_change_only().to_description().is_ok()),
            }
        }

        #[test]
        fn no_text_makes_the_parser_fail_badly(text in "\\PC*") {
            let _ = text.parse::<Record>();
        }
    }

    #[test]
    fn a_record_reads_as_the_docs_say() {
        let start: DateTime<Utc> = "2026-11-23T14:30:00.9Z".parse().expect("a time");
        let record = Record::start(version(1), version(2), Percent::from_weight(0.05), start)
            .changed(
                Percent::from_weight(0.25),
                start + TimeDelta::milliseconds(40_500),
            );
        assert_eq!(
            record.to_description().as_deref(),
            Ok("rollout 1->2 since 2026-11-23T14:30:00Z 5%@0s 25%@41s")
        );
        let at = |seconds| start + TimeDelta::seconds(seconds);
        let paused = record.clone().paused(None, at(65));
        assert!(paused.to_string().ends_with(" 25%@41s paused@65s"));
        let resumed = paused.resumed(at(90));
        assert!(resumed.to_string().ends_with(" 25%@41s resumed@90s"));
        assert_eq!(
            resumed.timers_since(),
            record.since + TimeDelta::seconds(90)
        );
        let unanswered = record.clone().unanswered(Some(at(120)));
        assert!(unanswered.to_string().ends_with(" 25%@41s unanswered@120s"));
        let needy = record.clone().paused(Some(Needed::Share), at(65));
        assert!(needy.to_string().ends_with(" paused@65s share"));
        let bad = record.rolled_back(Cause::Worse, at(60));
        assert!(bad.to_string().ends_with(" 25%@41s 0%@60s worse"));
        let awaiting = Record::awaiting_approval(version(1), version(2), start);
        assert_eq!(
            awaiting.to_string(),
            "rollout 1->2 since 2026-11-23T14:30:00Z awaits approval"
        );
    }

    #[test]
    fn what_another_release_took_the_place_of_was_not_found_bad() {
        let start: DateTime<Utc> = "2026-11-23T14:30:00Z".parse().expect("a time");
        let five = Percent::from_weight(0.05);
        let record = Record::start(version(1), version(2), five, start);
        let described = |cause| record.clone().rolled_back(cause, start).to_string();
        assert!(rolled_back(&described(Cause::Worse)).is_some());
        assert_eq!(rolled_back(&described(Cause::Superseded)), None);
    }

    proptest! {
        /// Ten steps a week apart, each paused and resumed, in both moves of a path, which is approved first.
        #[test]
        fn ten_steps_and_ten_pauses_fit_the_description(
            baseline in 1_u64..10_000, hundredths in prop::collection::vec(1_u16..10_000, 10), days in 1_i64..8,
        ) {
            let start: DateTime<Utc> = "2026-11-23T14:30:00Z".parse().expect("a time");
            for candidate in [baseline + 2, baseline + 3] {
                let mut record = Record::awaiting_approval(version(baseline), version(candidate), start);
                prop_assert!(record.to_description().is_ok());
                for (step, hundredths) in (0_i64..).zip(&hundredths) {
                    let at = start + TimeDelta::days(days * step);
                    record = record.changed(Percent::from_weight(f64::from(*hundredths) / 10_000.0), at);
                    record = record.paused(Some(Needed::Samples), at + TimeDelta::hours(1));
                    prop_assert!(record.to_description().is_ok(), "{record}");
                    record = record.resumed(at + TimeDelta::hours(2)).unanswered(Some(at));
                    prop_assert!(record.to_description().is_ok(), "{record}");
                }
                record = record.rolled_back(Cause::FewSamples, start + TimeDelta::days(80));
                prop_assert!(record.to_description().is_ok(), "{record}");
            }
        }
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_the_order_of_changes() {
        let start: DateTime<Utc> = "2026-11-23T14:30:00Z".parse().expect("a time");
        let five = Percent::from_weight(0.05);
        let record = Record::start(version(1), version(2), five, start)
            .changed(Percent::HUNDRED, start + TimeDelta::seconds(9))
            .changed(Percent::ZERO, start - TimeDelta::seconds(60));
        assert_eq!(record.changes.last().map(|change| change.offset_s), Some(9));
        assert_eq!(record.to_string().parse(), Ok(record));
    }

    #[test]
    fn who_rolls_back_by_hand_leaves_which_version_was_rolled_back() {
        let (two, four) = (version(2), version(4));
        let under_way = Routing::weighted(two, four, Percent::from_weight(0.25));
        let text = ByHand::of(&under_way, two).to_string();
        assert_eq!(text, "version 2 set by rollback of version 4");
        assert_eq!(rolled_back(&text).map(|it| it.version), Some(four));
        assert_eq!(ByHand::of(&Routing::alone(four), two).to_string(), text);
        // To the candidate: it is the other one that gets nothing any more.
        assert_eq!(ByHand::of(&under_way, four).rolled_back, two);
        for other in ["version 2 set by rollback", "version 2 set by hand", ""] {
            assert_eq!(rolled_back(other), None, "{other}");
        }
    }

    #[test]
    fn a_record_that_ends_at_0_is_of_a_version_that_was_rolled_back() {
        let text = "rollout 1->2 since 2026-11-23T14:30:00Z 5%@0s";
        assert_eq!(rolled_back(text), None);
        for end in ["0%@97s", "0%@97s alarm"] {
            let found = rolled_back(&format!("{text} {end}")).expect("was rolled back");
            assert_eq!(found.version, version(2));
            assert!(found.since.is_some());
        }
    }

    #[test]
    fn what_people_write_into_a_description_is_no_record() {
        for text in [
            "",
            "production",
            "rollout 1->2",
            "rollout 1->2 since yesterday 5%@0s",
            "rollout 1->2 since 2026-11-23T14:30:00Z",
            "rollout 1->2 since 2026-11-23T14:30:00Z 5%@0s awaits approval",
            "rollout 1->2 since 2026-11-23T14:30:00Z 5%@0s samples",
            "rollout 1->2 since 2026-11-23T14:30:00Z 5%@0s by hand",
            "rollout 1->2 since 2026-11-23T14:30:00Z 5%@9s 25%@3s",
            "rollout 1->$LATEST since 2026-11-23T14:30:00Z 5%@0s",
        ] {
            assert_eq!(text.parse::<Record>(), Err(NotARecord), "{text}");
        }
    }
}
