//! How a run has ended, in one sentence with the numbers.

use package::manifest::alarm_name;

use super::{
    decision::{Cause, Waiting},
    event::Ending,
    policy::Policy,
};
use crate::aws::{function::Build, routing::Percent};
use analysis::Analysis;

/// What the sentence is about.
#[derive(Debug)]
pub(super) struct Summary<'a> {
    pub(super) function: &'a str,
    pub(super) baseline: &'a Build,
    pub(super) candidate: &'a Build,
    /// The candidate's weight before the end.
    pub(super) percent: Percent,
    pub(super) analysis: &'a Analysis,
    pub(super) policy: &'a Policy,
}

impl Summary<'_> {
    pub(super) fn sentence(&self, ending: &Ending) -> String {
        match ending {
            Ending::NothingToMove => self.alone(self.candidate),
            Ending::Promoted => format!("{}; {}", self.alone(self.candidate), self.verdict()),
            Ending::RolledBack(cause) => {
                format!("{}; {}", self.cause(*cause), self.alone(self.baseline))
            }
            Ending::Reached => format!(
                "live of {} gives {} to {}, as asked; {}. To go on, run again without --until; \
                 to roll back, rollout abort {0}",
                self.function,
                self.percent,
                self.candidate,
                self.verdict()
            ),
            Ending::Paused(missing) => self.paused(*missing),
            Ending::Detached => format!(
                "detached at {}; live of {1} stays as it is, and nothing watches it. \
                 Run again, or roll back (rollout abort {1})",
                self.percent, self.function
            ),
            Ending::Stopped => format!("nothing was touched; see rollout status {}", self.function),
            Ending::RollbackFailed(cause) => self.rollback_failed(*cause),
        }
    }

    fn alone(&self, build: &Build) -> String {
        format!("live of {} serves {build} alone", self.function)
    }

    fn verdict(&self) -> String {
        let name = Build::to_string;
        self.analysis
            .sentence(&name(self.candidate), &name(self.baseline))
    }

    fn cause(&self, cause: Cause) -> String {
        match cause {
            Cause::Worse => self.verdict(),
            Cause::Inconclusive => self.inconclusive(),
            Cause::FewSamples => self.few_samples(),
            Cause::NoData => format!(
                "the metrics have not shown both versions for more than {} s",
                self.policy.no_data_timeout.num_seconds()
            ),
            Cause::NoAnswer => format!(
                "AWS has not answered for more than {} s",
                self.policy.no_data_timeout.num_seconds()
            ),
            Cause::Guard => format!(
                "the alarm {} went off at {}, and guard has rolled back",
                alarm_name(self.function),
                self.percent
            ),
            Cause::Aborted => format!("aborted at {}", self.percent),
        }
    }

    fn paused(&self, missing: Waiting) -> String {
        let (why, remedy) = match missing {
            Waiting::Samples => (self.few_samples(), "when there is more traffic"),
            Waiting::Bake | Waiting::Verdict => (self.inconclusive(), "to wait for more"),
        };
        format!(
            "{why}; live of {} stays as it is. Run again {remedy}, or roll back (rollout abort {})",
            self.function, self.function
        )
    }

    fn few_samples(&self) -> String {
        format!(
            "{} had fewer than {} invocations at {} within {} s",
            self.candidate,
            self.policy.min_samples,
            self.percent,
            self.policy.samples_timeout().num_seconds()
        )
    }

    fn inconclusive(&self) -> String {
        format!(
            "nothing was proven at {} within {} s: {}",
            self.percent,
            self.policy.step_timeout.num_seconds(),
            self.verdict()
        )
    }

    fn rollback_failed(&self, cause: Cause) -> String {
        format!(
            "{}, and the rollback failed: live of {} may still send {} to {}. \
             Abort it when AWS answers (rollout abort {})",
            self.cause(cause),
            self.function,
            self.percent,
            self.candidate,
            self.function
        )
    }
}

#[cfg(test)]
mod tests {
    use package::Architecture;

    use super::*;
    use crate::delivery::scope::Scope;
    use analysis::{Block, Blocks, Count, analyse};

    fn sentence(ending: Ending) -> String {
        let build = |version: &str, architecture| Build {
            version: version.parse().expect("a version"),
            architecture: Some(architecture),
            emulated: false,
        };
        let policy = Policy::try_from(&package::RolloutPolicy::default()).expect("holds");
        let errors = Block {
            baseline: Count::new(1_520, 0),
            candidate: Count::new(80, 8),
        };
        let terms = policy.terms(&Scope::NoSlowLimit);
        Summary {
            function: "hasher",
            baseline: &build("1", Architecture::X86_64),
            candidate: &build("2", Architecture::Arm64),
            percent: Percent::new(5.0).expect("a percentage"),
            analysis: &analyse([Blocks::errors(errors)], &terms),
            policy: &policy,
        }
        .sentence(&ending)
    }

    #[test]
    fn a_rollback_says_why_with_the_numbers_and_who_serves_now() {
        let text = sentence(Ending::RolledBack(Cause::Worse));
        assert!(
            text.contains("fails 10.0% of its invocations (8 of 80)"),
            "{text}"
        );
        assert!(
            text.ends_with("live of hasher serves x86_64 (version 1) alone"),
            "{text}"
        );
    }

    #[test]
    fn what_needs_a_hand_says_which_command() {
        for ending in [
            Ending::Paused(Waiting::Samples),
            Ending::Paused(Waiting::Verdict),
            Ending::Detached,
            Ending::RollbackFailed(Cause::NoData),
        ] {
            assert!(sentence(ending).ends_with("(rollout abort hasher)"));
        }
    }
}
