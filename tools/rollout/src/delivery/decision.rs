//! What comes next: wait, advance, promote, roll back, pause. No I/O, no clock.

use std::fmt;

use chrono::TimeDelta;
use package::OnInconclusive;
use serde::Serialize;

use super::policy::Policy;
use crate::aws::routing::Percent;

/// Where a rollout is, as far as the decision needs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    /// The candidate's weight.
    pub(super) percent: Percent,
    /// Whether the candidate is proven to be worse.
    pub(super) worse: bool,
    /// Whether the circuit breaker has opened.
    pub(super) gross: bool,
    /// Whether an alarm of the policy is in ALARM.
    pub(super) alarm: bool,
    /// Whether a metric is above its own limit.
    pub(super) over_limit: bool,
    /// Whether the candidate gets another share than its weight.
    pub(super) mismatch: bool,
    /// How long this step can be shown to have been watched.
    pub(super) baked: TimeDelta,
    /// Invocations of baseline and candidate seen in this step.
    pub(super) calls: [f64; 2],
    /// How much of that since the rollout was last resumed. The timeout counts only this: who resumes a rollout gives
    /// the step its whole time once more.
    pub(super) seen: TimeDelta,
    /// Whether somebody has paused the rollout.
    pub(super) paused: bool,
    /// For how long there have been calls that the metrics do not show, when that is so now.
    pub(super) no_data: Option<TimeDelta>,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Decision {
    /// Nothing yet.
    Wait(Waiting),
    /// Give the candidate this weight.
    Advance(Percent),
    /// Let the candidate serve alone.
    Promote,
    /// Let the baseline serve alone.
    RollBack(Cause),
    /// Keep the weight as it is: the step given by `--until` is over.
    Reached,
    /// Keep the weight as it is until somebody resumes it, for this.
    Pause(Waiting),
}

impl Decision {
    /// What the step still needs.
    pub(super) fn waiting(&self) -> Option<Waiting> {
        match self {
            Self::Wait(waiting) | Self::Pause(waiting) => Some(*waiting),
            Self::Advance(_) | Self::Promote | Self::RollBack(_) | Self::Reached => None,
        }
    }

    /// Whether the step is over, and nothing is wrong.
    pub(super) const fn is_over(&self) -> bool {
        matches!(self, Self::Advance(_) | Self::Promote | Self::Reached)
    }
}

/// What a step still needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Waiting {
    /// More time.
    Bake,
    /// More invocations of the candidate.
    Samples,
    /// Metrics of calls that another source has counted.
    Data,
    /// Somebody who finds out why the candidate does not get its share.
    Share,
    /// Somebody who resumes it: it was paused.
    Resume,
    /// Somebody who promotes it: the policy pauses at this weight.
    Promotion,
}

/// Why a rollout is rolled back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The candidate is proven to be worse.
    Worse,
    /// The circuit breaker has opened: the candidate fails grossly. Outside of alpha.
    Gross,
    /// An alarm of the policy is in ALARM.
    Alarm,
    /// A metric is above its own limit.
    Limit,
    /// A step timed out and the candidate had too few invocations in it.
    FewSamples,
    /// There were calls that the metrics do not show, for longer than allowed.
    NoData,
    /// Calls have failed for longer than allowed.
    NoAnswer,
    /// Somebody has aborted it.
    Aborted,
    /// A newer release has taken its place.
    Superseded,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Worse,
        Self::Gross,
        Self::Alarm,
        Self::Limit,
        Self::FewSamples,
        Self::NoData,
        Self::NoAnswer,
        Self::Aborted,
        Self::Superseded,
    ];

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == name)
    }

    /// Its name, as the alias's description has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::Gross => "gross",
            Self::Alarm => "alarm",
            Self::Limit => "limit",
            Self::FewSamples => "few_samples",
            Self::NoData => "no_data",
            Self::NoAnswer => "no_answer",
            Self::Aborted => "aborted",
            Self::Superseded => "superseded",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Decides. What is wrong with the candidate comes before everything else, and missing data before progress.
pub(super) fn decide(position: &Position, policy: &Policy) -> Decision {
    if let Some(cause) = wrong(position) {
        return Decision::RollBack(cause);
    }
    match position.no_data {
        Some(no_data) if no_data > policy.no_data_timeout => {
            return Decision::RollBack(Cause::NoData);
        }
        Some(_) => return Decision::Wait(Waiting::Data),
        None => {}
    }
    if position.paused {
        return Decision::Wait(Waiting::Resume);
    }
    if position.mismatch {
        return Decision::Pause(Waiting::Share);
    }
    match waiting(position, policy) {
        None => advance(position, policy),
        Some(Waiting::Samples) if position.seen >= policy.step_timeout => few(position, policy),
        Some(waiting) => Decision::Wait(waiting),
    }
}

/// What is wrong with the candidate, if anything is; also after its promotion.
pub(super) fn wrong(position: &Position) -> Option<Cause> {
    let causes = [
        (position.worse, Cause::Worse),
        (position.gross, Cause::Gross),
        (position.alarm, Cause::Alarm),
        (position.over_limit, Cause::Limit),
    ];
    let found = causes.into_iter().find(|(is_so, _)| *is_so);
    found.map(|(_, cause)| cause)
}

/// What the step still needs: time first, because it is certain to pass. Where nobody calls either version
/// there are no samples to wait for.
fn waiting(position: &Position, policy: &Policy) -> Option<Waiting> {
    let [baseline, candidate] = position.calls;
    if position.baked < policy.bake {
        Some(Waiting::Bake)
    } else if candidate < policy.min_samples as f64 && baseline + candidate > 0.0 {
        Some(Waiting::Samples)
    } else {
        None
    }
}

/// The step has timed out with too few samples.
fn few(position: &Position, policy: &Policy) -> Decision {
    match policy.on_inconclusive {
        OnInconclusive::Advance => advance(position, policy),
        OnInconclusive::Pause => Decision::Pause(Waiting::Samples),
        OnInconclusive::Rollback => Decision::RollBack(Cause::FewSamples),
    }
}

fn advance(position: &Position, policy: &Policy) -> Decision {
    if position.percent >= policy.until {
        return Decision::Reached;
    }
    if policy.pause_at.contains(&position.percent) {
        return Decision::Wait(Waiting::Promotion);
    }
    match policy.step_after(position.percent) {
        Percent::HUNDRED => Decision::Promote,
        percent => Decision::Advance(percent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        Policy::try_from(&package::RolloutPolicy::default()).expect("holds")
    }

    fn percent(value: f64) -> Percent {
        Percent::new(value).expect("a percentage")
    }

    fn deciding(on_inconclusive: OnInconclusive) -> Policy {
        Policy {
            on_inconclusive,
            ..policy()
        }
    }

    /// A step of 5% that has everything it needs.
    fn ripe() -> Position {
        Position {
            percent: percent(5.0),
            worse: false,
            gross: false,
            alarm: false,
            over_limit: false,
            mismatch: false,
            baked: policy().bake,
            calls: [1_900.0, 100.0],
            seen: policy().bake,
            paused: false,
            no_data: None,
        }
    }

    /// The same with one sample less.
    fn few() -> Position {
        Position {
            calls: [1_900.0, 99.0],
            ..ripe()
        }
    }

    #[test]
    fn a_step_is_over_after_its_bake_time_with_its_samples() {
        assert_eq!(decide(&ripe(), &policy()), Decision::Advance(percent(25.0)));
        let short = Position {
            baked: policy().bake - TimeDelta::seconds(1),
            ..ripe()
        };
        assert_eq!(decide(&short, &policy()), Decision::Wait(Waiting::Bake));
        assert_eq!(decide(&few(), &policy()), Decision::Wait(Waiting::Samples));
    }

    #[test]
    fn where_the_samples_do_not_come_the_policy_says_what_follows() {
        let timed_out = Position {
            baked: policy().step_timeout,
            seen: policy().step_timeout,
            ..few()
        };
        for (asked, expected) in [
            (OnInconclusive::Advance, Decision::Advance(percent(25.0))),
            (OnInconclusive::Pause, Decision::Pause(Waiting::Samples)),
            (
                OnInconclusive::Rollback,
                Decision::RollBack(Cause::FewSamples),
            ),
        ] {
            assert_eq!(decide(&timed_out, &deciding(asked)), expected);
        }
        // A run that resumes where another has paused gets the whole time once more.
        let resumed = Position {
            seen: TimeDelta::seconds(1),
            ..timed_out
        };
        assert_eq!(
            decide(&resumed, &policy()),
            Decision::Wait(Waiting::Samples)
        );
    }

    #[test]
    fn where_nobody_calls_either_version_there_is_nothing_to_wait_for_but_the_bake_time() {
        let silent = Position {
            calls: [0.0; 2],
            ..ripe()
        };
        for asked in [OnInconclusive::Pause, OnInconclusive::Rollback] {
            let decision = decide(&silent, &deciding(asked));
            assert_eq!(decision, Decision::Advance(percent(25.0)));
        }
    }

    #[test]
    fn the_last_step_promotes() {
        let last = Position {
            percent: percent(50.0),
            ..ripe()
        };
        assert_eq!(decide(&last, &policy()), Decision::Promote);
    }

    #[test]
    fn a_run_ends_on_the_step_that_it_was_asked_to_go_to_once_that_is_ripe() {
        let partly = policy().until(percent(25.0)).expect("a step");
        assert_eq!(decide(&ripe(), &partly), Decision::Advance(percent(25.0)));
        for there in [25.0, 30.0] {
            let there = Position {
                percent: percent(there),
                ..ripe()
            };
            assert_eq!(decide(&there, &partly), Decision::Reached);
            let unripe = Position {
                baked: TimeDelta::zero(),
                ..there
            };
            assert_eq!(decide(&unripe, &partly), Decision::Wait(Waiting::Bake));
        }
    }

    #[test]
    fn a_weight_between_two_steps_goes_on_to_the_next_higher_one() {
        let between = Position {
            percent: percent(30.0),
            ..ripe()
        };
        assert_eq!(
            decide(&between, &policy()),
            Decision::Advance(percent(50.0))
        );
    }

    #[test]
    fn what_is_wrong_rolls_back_at_once_however_short_the_bake() {
        let early = Position {
            baked: TimeDelta::zero(),
            no_data: Some(TimeDelta::seconds(1)),
            mismatch: true,
            ..few()
        };
        for cause in [Cause::Worse, Cause::Gross, Cause::Alarm, Cause::Limit] {
            let position = Position {
                worse: cause == Cause::Worse,
                gross: cause == Cause::Gross,
                alarm: cause == Cause::Alarm,
                over_limit: cause == Cause::Limit,
                ..early
            };
            assert_eq!(decide(&position, &policy()), Decision::RollBack(cause));
        }
    }

    #[test]
    fn calls_that_are_not_seen_stop_even_a_ripe_step_and_roll_it_back_in_the_end() {
        let unseen = |no_data| Position {
            no_data: Some(no_data),
            ..ripe()
        };
        let timeout = policy().no_data_timeout;
        assert_eq!(
            decide(&unseen(timeout), &policy()),
            Decision::Wait(Waiting::Data)
        );
        assert_eq!(
            decide(&unseen(timeout + TimeDelta::seconds(1)), &policy()),
            Decision::RollBack(Cause::NoData)
        );
    }

    #[test]
    fn a_share_that_is_not_the_weight_pauses_even_a_ripe_step() {
        let mismatch = Position {
            mismatch: true,
            ..ripe()
        };
        let decision = decide(&mismatch, &policy());
        assert_eq!(decision, Decision::Pause(Waiting::Share));
    }

    #[test]
    fn a_paused_rollout_waits_for_as_long_as_nothing_is_wrong() {
        let paused = Position {
            paused: true,
            ..ripe()
        };
        assert_eq!(decide(&paused, &policy()), Decision::Wait(Waiting::Resume));
        let worse = Position {
            worse: true,
            ..paused
        };
        assert_eq!(decide(&worse, &policy()), Decision::RollBack(Cause::Worse));
    }

    #[test]
    fn at_a_weight_where_the_policy_pauses_a_step_that_is_over_waits_for_somebody_to_promote_it() {
        let policy = Policy {
            pause_at: vec![percent(5.0)],
            ..policy()
        };
        let waits = Decision::Wait(Waiting::Promotion);
        assert_eq!(decide(&ripe(), &policy), waits);
        let timed_out = Position {
            seen: policy.step_timeout,
            ..few()
        };
        assert_eq!(decide(&timed_out, &policy), waits);
        assert_eq!(decide(&few(), &policy), Decision::Wait(Waiting::Samples));
        let next = Position {
            percent: percent(25.0),
            ..ripe()
        };
        assert_eq!(decide(&next, &policy), Decision::Advance(percent(50.0)));
    }
}
