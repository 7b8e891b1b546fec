//! What comes next: wait, advance, promote, roll back, pause. No I/O, no clock.

use chrono::TimeDelta;
use package::OnInconclusive;
use serde::Serialize;

use super::policy::Policy;
use crate::aws::routing::Percent;
use analysis::Verdict;

/// Where a rollout is, as far as the decision needs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    /// The candidate's weight.
    pub(super) percent: Percent,
    /// What the analysis says.
    pub(super) verdict: Verdict,
    /// How long this step can be shown to have been watched.
    pub(super) baked: TimeDelta,
    /// Invocations of the candidate seen in this step.
    pub(super) step_samples: u64,
    /// How much of that this process itself has seen. The timeout counts only this, so a run that resumes a
    /// paused rollout gets the whole time once more.
    pub(super) seen: TimeDelta,
    /// How long ago the last period that shows both versions ended, as long as this process runs.
    pub(super) no_data: TimeDelta,
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
    /// End the run and leave the weight as it is: the step given by `--until` is over.
    Reached,
    /// End the run and leave the weight as it is: the step has timed out without this.
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
}

/// What a step still needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Waiting {
    /// More time.
    Bake,
    /// More invocations of the candidate.
    Samples,
    /// A verdict: that the candidate is not worse.
    Verdict,
}

/// Why a rollout is rolled back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The candidate is proven to be worse.
    Worse,
    /// A step timed out and the analysis was inconclusive.
    Inconclusive,
    /// A step timed out and the candidate had too few invocations in it.
    FewSamples,
    /// The metrics have not shown both versions for longer than allowed.
    NoData,
    /// Calls have failed for longer than allowed.
    NoAnswer,
    /// Somebody has aborted the run.
    Aborted,
    /// The candidate's alarm went off, and the function `guard` rolled back before this run did.
    Guard,
}

/// Decides. Proof that the candidate is worse comes before everything else, and missing data before
/// progress.
pub(super) fn decide(position: &Position, policy: &Policy) -> Decision {
    if matches!(position.verdict, Verdict::Worse { .. }) {
        return Decision::RollBack(Cause::Worse);
    }
    if position.no_data > policy.no_data_timeout {
        return Decision::RollBack(Cause::NoData);
    }
    match waiting(position, policy) {
        None => advance(position, policy),
        Some(waiting) if position.seen < limit(waiting, policy) => Decision::Wait(waiting),
        Some(missing) => over(missing, position, policy),
    }
}

/// What the step still needs: time first, because it is certain to pass, and the verdict last.
fn waiting(position: &Position, policy: &Policy) -> Option<Waiting> {
    if position.baked < policy.bake {
        Some(Waiting::Bake)
    } else if position.step_samples < policy.min_samples {
        Some(Waiting::Samples)
    } else if !matches!(position.verdict, Verdict::NotWorse { .. }) {
        Some(Waiting::Verdict)
    } else {
        None
    }
}

/// How long a step may wait for something.
fn limit(waiting: Waiting, policy: &Policy) -> TimeDelta {
    match waiting {
        // What this process has seen is never longer than the step was watched: its bake time is not over.
        Waiting::Bake => TimeDelta::MAX,
        Waiting::Samples => policy.samples_timeout(),
        Waiting::Verdict => policy.step_timeout,
    }
}

/// The step has timed out, and something is still missing.
fn over(missing: Waiting, position: &Position, policy: &Policy) -> Decision {
    match (policy.on_inconclusive, missing) {
        (OnInconclusive::Advance, Waiting::Verdict) => advance(position, policy),
        (OnInconclusive::Rollback, Waiting::Verdict) => Decision::RollBack(Cause::Inconclusive),
        (OnInconclusive::Rollback, Waiting::Samples) => Decision::RollBack(Cause::FewSamples),
        _ => Decision::Pause(missing),
    }
}

fn advance(position: &Position, policy: &Policy) -> Decision {
    if position.percent >= policy.until {
        return Decision::Reached;
    }
    match policy.step_after(position.percent) {
        Percent::HUNDRED => Decision::Promote,
        percent => Decision::Advance(percent),
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

    const INCONCLUSIVE: Verdict = Verdict::Inconclusive {
        decides: None,
        more_invocations: None,
        more_minutes: None,
    };

    /// A step of 5% that has everything it needs.
    fn ripe() -> Position {
        Position {
            percent: percent(5.0),
            verdict: Verdict::NotWorse {
                decides: Metric::Errors,
            },
            baked: policy().bake,
            step_samples: policy().min_samples,
            seen: policy().bake,
            no_data: TimeDelta::zero(),
        }
    }

    /// The same without a verdict, when it times out.
    fn inconclusive() -> Position {
        Position {
            verdict: INCONCLUSIVE,
            baked: policy().step_timeout,
            seen: policy().step_timeout,
            ..ripe()
        }
    }

    #[test]
    fn a_ripe_step_is_followed_by_the_next_as_soon_as_not_worse_is_proven() {
        assert_eq!(decide(&ripe(), &policy()), Decision::Advance(percent(25.0)));
        let unproven = Position {
            verdict: INCONCLUSIVE,
            ..ripe()
        };
        assert_eq!(
            decide(&unproven, &policy()),
            Decision::Wait(Waiting::Verdict)
        );
    }

    #[test]
    fn what_follows_an_inconclusive_step_is_as_the_policy_says() {
        for (asked, expected) in [
            (OnInconclusive::Advance, Decision::Advance(percent(25.0))),
            (OnInconclusive::Pause, Decision::Pause(Waiting::Verdict)),
            (
                OnInconclusive::Rollback,
                Decision::RollBack(Cause::Inconclusive),
            ),
        ] {
            assert_eq!(decide(&inconclusive(), &deciding(asked)), expected);
        }
    }

    #[test]
    fn no_policy_advances_with_too_few_samples_even_when_not_worse_is_proven() {
        for (asked, expected) in [
            (OnInconclusive::Advance, Decision::Pause(Waiting::Samples)),
            (OnInconclusive::Pause, Decision::Pause(Waiting::Samples)),
            (
                OnInconclusive::Rollback,
                Decision::RollBack(Cause::FewSamples),
            ),
        ] {
            for verdict in [INCONCLUSIVE, ripe().verdict] {
                let few = Position {
                    verdict,
                    step_samples: policy().min_samples - 1,
                    ..inconclusive()
                };
                assert_eq!(decide(&few, &deciding(asked)), expected);
            }
        }
    }

    #[test]
    fn too_few_samples_are_waited_for_until_no_data_timeout_is_over_too() {
        let patient = Policy {
            no_data_timeout: policy().step_timeout * 2,
            ..policy()
        };
        let few = Position {
            step_samples: 0,
            ..inconclusive()
        };
        assert_eq!(decide(&few, &patient), Decision::Wait(Waiting::Samples));
        let over = Position {
            seen: patient.no_data_timeout,
            ..few
        };
        assert_eq!(decide(&over, &patient), Decision::Pause(Waiting::Samples));
        // Enough at last, but late for a verdict.
        let late = Position {
            step_samples: policy().min_samples,
            ..over
        };
        assert_eq!(decide(&late, &patient), Decision::Advance(percent(25.0)));
    }

    #[test]
    fn a_run_that_resumes_where_another_has_paused_gets_the_whole_time_once_more() {
        let position = Position {
            seen: TimeDelta::seconds(1),
            ..inconclusive()
        };
        assert_eq!(
            decide(&position, &deciding(OnInconclusive::Pause)),
            Decision::Wait(Waiting::Verdict)
        );
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
    fn proof_of_worse_rolls_back_at_once_however_short_the_bake() {
        let worse = Position {
            verdict: Verdict::Worse {
                decides: Metric::Slow,
            },
            baked: TimeDelta::zero(),
            step_samples: 0,
            ..ripe()
        };
        assert_eq!(decide(&worse, &policy()), Decision::RollBack(Cause::Worse));
    }

    #[test]
    fn what_was_not_watched_is_no_bake_time() {
        let position = Position {
            baked: policy().bake - TimeDelta::seconds(1),
            ..ripe()
        };
        assert_eq!(decide(&position, &policy()), Decision::Wait(Waiting::Bake));
    }

    #[test]
    fn missing_data_rolls_back_even_a_ripe_step() {
        let position = Position {
            no_data: policy().no_data_timeout + TimeDelta::seconds(1),
            ..ripe()
        };
        assert_eq!(
            decide(&position, &policy()),
            Decision::RollBack(Cause::NoData)
        );
    }
}
