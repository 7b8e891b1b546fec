//! What comes next: wait, the next weight, promote, take back, hold. No I/O, no clock.

use chrono::TimeDelta;
use package::OnInconclusive;
use serde::Serialize;

use super::policy::Policy;
use crate::percent::Percent;
use analysis::Verdict;

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
    /// How much of that this process itself has seen: a run that goes on where another one has
    /// held gets the whole time once more.
    pub(super) seen: TimeDelta,
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
    /// End the run, leave the weight as it is: somebody wants it.
    Leave,
    /// End the run, leave the weight as it is: it has got as far as it was asked to.
    Reached,
    /// End the run, leave the weight as it is: the step's time is over without this.
    Hold(Waiting),
}

/// What a step still needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Waiting {
    /// More time.
    Bake,
    /// More invocations of the candidate.
    Invocations,
    /// Proof that the candidate is not worse.
    Proof,
}

/// Why the weight goes back to 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The candidate is proven to be worse.
    Worse,
    /// A step's time was over and nothing was proven.
    Undecided,
    /// A step's time was over and the candidate had too few invocations in it.
    FewInvocations,
    /// Both versions have not been seen for longer than allowed.
    Blind,
    /// Calls have failed for longer than allowed.
    Unanswered,
    /// Somebody has interrupted the run.
    Interrupted,
    /// The candidate's alarm went off, and the function `guard` was faster.
    Guard,
}

/// Decides. Proof that the candidate is worse comes before everything else, and blindness before
/// progress.
pub(super) fn next(position: &Position, policy: &Policy) -> Next {
    if matches!(position.verdict, Verdict::Worse { .. }) {
        return Next::TakeBack(Cause::Worse);
    }
    if position.blind > policy.no_data_timeout {
        return Next::TakeBack(Cause::Blind);
    }
    match waiting(position, policy) {
        None => advance(position, policy),
        Some(waiting) if position.seen < limit(waiting, policy) => Next::Wait(waiting),
        Some(missing) => over(missing, position, policy),
    }
}

/// What the step still needs: time first, because it is certain to pass, and the proof last.
fn waiting(position: &Position, policy: &Policy) -> Option<Waiting> {
    if position.watched < policy.bake {
        Some(Waiting::Bake)
    } else if position.step_invocations < policy.min_samples {
        Some(Waiting::Invocations)
    } else if !matches!(position.verdict, Verdict::NotWorse { .. }) {
        Some(Waiting::Proof)
    } else {
        None
    }
}

/// How long a step may wait for something.
fn limit(waiting: Waiting, policy: &Policy) -> TimeDelta {
    match waiting {
        // What this process has seen is never more than what was watched: the step has not baked.
        Waiting::Bake => TimeDelta::MAX,
        Waiting::Invocations => policy.patience(),
        Waiting::Proof => policy.step_timeout,
    }
}

/// The step's time is over, and something is still missing.
fn over(missing: Waiting, position: &Position, policy: &Policy) -> Next {
    match (policy.on_inconclusive, missing) {
        (OnInconclusive::Advance, Waiting::Proof) => advance(position, policy),
        (OnInconclusive::Rollback, Waiting::Proof) => Next::TakeBack(Cause::Undecided),
        (OnInconclusive::Rollback, Waiting::Invocations) => Next::TakeBack(Cause::FewInvocations),
        _ => Next::Hold(missing),
    }
}

fn advance(position: &Position, policy: &Policy) -> Next {
    if position.percent >= policy.until {
        return Next::Reached;
    }
    match policy.step_after(position.percent) {
        Percent::HUNDRED => Next::Promote,
        percent => Next::Weight(percent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use analysis::Metric;

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

    const UNDECIDED: Verdict = Verdict::Undecided {
        decides: None,
        more_invocations: None,
        more_minutes: None,
    };

    /// A step of 5% that has all that it needs.
    fn ripe() -> Position {
        Position {
            percent: percent(5.0),
            verdict: Verdict::NotWorse {
                decides: Metric::Errors,
            },
            watched: policy().bake,
            step_invocations: policy().min_samples,
            seen: policy().bake,
            blind: TimeDelta::zero(),
        }
    }

    /// The same without a proof, at the end of its time.
    fn undecided() -> Position {
        Position {
            verdict: UNDECIDED,
            watched: policy().step_timeout,
            seen: policy().step_timeout,
            ..ripe()
        }
    }

    #[test]
    fn a_ripe_step_is_followed_by_the_next_as_soon_as_not_worse_is_proven() {
        assert_eq!(next(&ripe(), &policy()), Next::Weight(percent(25.0)));
        let unproven = Position {
            verdict: UNDECIDED,
            ..ripe()
        };
        assert_eq!(next(&unproven, &policy()), Next::Wait(Waiting::Proof));
    }

    #[test]
    fn what_follows_an_undecided_step_is_as_the_policy_says() {
        for (asked, expected) in [
            (OnInconclusive::Advance, Next::Weight(percent(25.0))),
            (OnInconclusive::Pause, Next::Hold(Waiting::Proof)),
            (OnInconclusive::Rollback, Next::TakeBack(Cause::Undecided)),
        ] {
            assert_eq!(next(&undecided(), &deciding(asked)), expected);
        }
    }

    #[test]
    fn no_policy_advances_with_too_few_invocations_even_when_not_worse_is_proven() {
        for (asked, expected) in [
            (OnInconclusive::Advance, Next::Hold(Waiting::Invocations)),
            (OnInconclusive::Pause, Next::Hold(Waiting::Invocations)),
            (
                OnInconclusive::Rollback,
                Next::TakeBack(Cause::FewInvocations),
            ),
        ] {
            for verdict in [UNDECIDED, ripe().verdict] {
                let few = Position {
                    verdict,
                    step_invocations: policy().min_samples - 1,
                    ..undecided()
                };
                assert_eq!(next(&few, &deciding(asked)), expected);
            }
        }
    }

    #[test]
    fn too_few_invocations_are_waited_for_until_the_limit_of_blindness_is_over_too() {
        let patient = Policy {
            no_data_timeout: policy().step_timeout * 2,
            ..policy()
        };
        let few = Position {
            step_invocations: 0,
            ..undecided()
        };
        assert_eq!(next(&few, &patient), Next::Wait(Waiting::Invocations));
        let over = Position {
            seen: patient.no_data_timeout,
            ..few
        };
        assert_eq!(next(&over, &patient), Next::Hold(Waiting::Invocations));
        // Enough at last, but late for a proof.
        let late = Position {
            step_invocations: policy().min_samples,
            ..over
        };
        assert_eq!(next(&late, &patient), Next::Weight(percent(25.0)));
    }

    #[test]
    fn a_run_that_goes_on_where_another_has_held_gets_the_whole_time_once_more() {
        let position = Position {
            seen: TimeDelta::seconds(1),
            ..undecided()
        };
        assert_eq!(
            next(&position, &deciding(OnInconclusive::Pause)),
            Next::Wait(Waiting::Proof)
        );
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
    fn a_run_ends_on_the_step_that_it_was_asked_to_go_to_once_that_is_ripe() {
        let partly = policy().until(percent(25.0)).expect("a step");
        assert_eq!(next(&ripe(), &partly), Next::Weight(percent(25.0)));
        for there in [25.0, 30.0] {
            let there = Position {
                percent: percent(there),
                ..ripe()
            };
            assert_eq!(next(&there, &partly), Next::Reached);
            let unripe = Position {
                watched: TimeDelta::zero(),
                ..there
            };
            assert_eq!(next(&unripe, &partly), Next::Wait(Waiting::Bake));
        }
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
            ..ripe()
        };
        assert_eq!(next(&position, &policy()), Next::Wait(Waiting::Bake));
    }

    #[test]
    fn blindness_takes_back_even_a_ripe_step() {
        let position = Position {
            blind: policy().no_data_timeout + TimeDelta::seconds(1),
            ..ripe()
        };
        assert_eq!(next(&position, &policy()), Next::TakeBack(Cause::Blind));
    }
}
