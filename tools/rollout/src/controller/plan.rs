//! What comes next: wait, the next weight, promote, take back, hold. No I/O, no clock.

use chrono::TimeDelta;
use serde::Serialize;

use super::policy::Policy;
use crate::{judge::Verdict, percent::Percent};

/// Where a rollout is, as far as the decision needs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    /// The candidate's weight.
    pub(super) percent: Percent,
    /// What the judge says.
    pub(super) verdict: Verdict,
    /// How long this step can be shown to have been watched.
    pub(super) watched: TimeDelta,
    /// Invocations of the candidate seen in this step.
    pub(super) step_invocations: u64,
    /// How long this process has been on this step.
    pub(super) on_step: TimeDelta,
    /// How long ago the last period that shows both versions ended, as long as this process runs.
    pub(super) blind: TimeDelta,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Next {
    /// Nothing yet.
    Wait(Waiting),
    /// Give the candidate this weight.
    Weight(Percent),
    /// Let the candidate serve alone.
    Promote,
    /// Let the baseline serve alone.
    TakeBack(Cause),
    /// End the run, leave the weight as it is: the step had too few invocations for too long.
    Hold,
}

/// What a step still needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Waiting {
    /// More time.
    Bake,
    /// More invocations of the candidate.
    Invocations,
}

/// Why the weight goes back to 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The candidate is proven to be worse.
    Worse,
    /// Both versions have not been seen for longer than allowed.
    Blind,
    /// Calls have failed for longer than allowed.
    Unanswered,
    /// Somebody has interrupted the run.
    Interrupted,
}

/// Decides. Proof that the candidate is worse comes before everything else, blindness before
/// progress, and time before invocations, because the time is certain to pass.
pub(super) fn next(position: &Position, policy: &Policy) -> Next {
    if matches!(position.verdict, Verdict::Worse { .. }) {
        return Next::TakeBack(Cause::Worse);
    }
    if position.blind > policy.max_blindness {
        return Next::TakeBack(Cause::Blind);
    }
    let baked = position.watched >= policy.bake;
    let enough = position.step_invocations >= policy.least_invocations;
    match (baked, enough) {
        (true, true) => match policy.step_after(position.percent) {
            Percent::HUNDRED => Next::Promote,
            percent => Next::Weight(percent),
        },
        (_, false) if position.on_step > policy.patience() => Next::Hold,
        (false, _) => Next::Wait(Waiting::Bake),
        (true, false) => Next::Wait(Waiting::Invocations),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Metric;

    fn policy() -> Policy {
        Policy::try_from(&package::RolloutPolicy::default()).expect("holds")
    }

    fn percent(value: f64) -> Percent {
        Percent::new(value).expect("a percentage")
    }

    /// A step of 5% that has all that it needs.
    fn ripe() -> Position {
        Position {
            percent: percent(5.0),
            verdict: Verdict::Undecided {
                decides: None,
                more_invocations: None,
                more_minutes: None,
            },
            watched: policy().bake,
            step_invocations: policy().least_invocations,
            on_step: policy().bake,
            blind: TimeDelta::zero(),
        }
    }

    #[test]
    fn a_ripe_step_is_followed_by_the_next_whether_decided_or_not() {
        let undecided = ripe();
        let not_worse = Position {
            verdict: Verdict::NotWorse {
                decides: Metric::Errors,
            },
            ..ripe()
        };
        assert_eq!(next(&undecided, &policy()), Next::Weight(percent(25.0)));
        assert_eq!(next(&not_worse, &policy()), Next::Weight(percent(25.0)));
    }

    #[test]
    fn the_last_step_promotes() {
        let last = Position {
            percent: percent(50.0),
            ..ripe()
        };
        assert_eq!(next(&last, &policy()), Next::Promote);
    }

    #[test]
    fn a_weight_between_two_steps_goes_on_to_the_next_higher_one() {
        let between = Position {
            percent: percent(30.0),
            ..ripe()
        };
        assert_eq!(next(&between, &policy()), Next::Weight(percent(50.0)));
    }

    #[test]
    fn proof_of_worse_takes_back_at_once_however_short_the_watch() {
        let worse = Position {
            verdict: Verdict::Worse {
                decides: Metric::Slow,
            },
            watched: TimeDelta::zero(),
            step_invocations: 0,
            ..ripe()
        };
        assert_eq!(next(&worse, &policy()), Next::TakeBack(Cause::Worse));
    }

    #[test]
    fn what_was_not_watched_does_not_bake() {
        let position = Position {
            watched: policy().bake - TimeDelta::seconds(1),
            on_step: policy().bake * 3,
            ..ripe()
        };
        assert_eq!(next(&position, &policy()), Next::Wait(Waiting::Bake));
    }

    #[test]
    fn too_few_invocations_wait_and_then_hold() {
        let position = Position {
            step_invocations: policy().least_invocations - 1,
            ..ripe()
        };
        assert_eq!(next(&position, &policy()), Next::Wait(Waiting::Invocations));
        let impatient = Position {
            on_step: policy().patience() + TimeDelta::seconds(1),
            ..position
        };
        assert_eq!(next(&impatient, &policy()), Next::Hold);
    }

    #[test]
    fn blindness_takes_back_even_a_ripe_step() {
        let position = Position {
            blind: policy().max_blindness + TimeDelta::seconds(1),
            ..ripe()
        };
        assert_eq!(next(&position, &policy()), Next::TakeBack(Cause::Blind));
    }
}
