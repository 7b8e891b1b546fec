//! How a run has ended, in one sentence with the numbers.

use package::manifest::alarm_name;

use super::{
    event::{Cause, Ending, Half, Waiting},
    policy::Policy,
};
use crate::percent::Percent;
use analysis::Judgement;

/// What the sentence is about.
#[derive(Debug)]
pub(super) struct Story<'a> {
    pub(super) function: &'a str,
    pub(super) baseline: &'a Half,
    pub(super) candidate: &'a Half,
    /// The candidate's weight before the end.
    pub(super) percent: Percent,
    pub(super) judgement: &'a Judgement,
    pub(super) policy: &'a Policy,
}

impl Story<'_> {
    pub(super) fn sentence(&self, ending: &Ending) -> String {
        match ending {
            Ending::NothingToMove => self.alone(self.candidate),
            Ending::Promoted => format!("{}; {}", self.alone(self.candidate), self.verdict()),
            Ending::TakenBack(cause) => {
                format!("{}; {}", self.cause(*cause), self.alone(self.baseline))
            }
            Ending::Reached => format!(
                "live of {} gives {} to {}, as asked; {}. To go on, run again without --until; \
                 to take it back, rollout abort {0}",
                self.function,
                self.percent,
                self.candidate,
                self.verdict()
            ),
            Ending::Held(missing) => self.held(*missing),
            Ending::Left => format!(
                "interrupted at {}; live of {1} stays as it is, and nothing watches it. \
                 Run again, or take it back (rollout abort {1})",
                self.percent, self.function
            ),
            Ending::Stopped => format!("nothing was touched; see rollout status {}", self.function),
            Ending::OutOfReach(cause) => self.out_of_reach(*cause),
        }
    }

    fn alone(&self, half: &Half) -> String {
        format!("live of {} serves {half} alone", self.function)
    }

    fn verdict(&self) -> String {
        let name = Half::to_string;
        self.judgement
            .sentence(&name(self.candidate), &name(self.baseline))
    }

    fn cause(&self, cause: Cause) -> String {
        match cause {
            Cause::Worse => self.verdict(),
            Cause::Undecided => self.undecided(),
            Cause::FewInvocations => self.few_invocations(),
            Cause::Blind => format!(
                "the metrics have not shown both versions for more than {} s",
                self.policy.no_data_timeout.num_seconds()
            ),
            Cause::Unanswered => format!(
                "AWS has not answered for more than {} s",
                self.policy.no_data_timeout.num_seconds()
            ),
            Cause::Guard => format!(
                "the alarm {} went off at {}, and guard has taken the weight back",
                alarm_name(self.function),
                self.percent
            ),
            Cause::Interrupted => format!("interrupted at {}", self.percent),
        }
    }

    fn held(&self, missing: Waiting) -> String {
        let (why, remedy) = match missing {
            Waiting::Invocations => (self.few_invocations(), "when there is more traffic"),
            Waiting::Bake | Waiting::Proof => (self.undecided(), "to wait for more"),
        };
        format!(
            "{why}; live of {} stays as it is. Run again {remedy}, or take it back (rollout abort {})",
            self.function, self.function
        )
    }

    fn few_invocations(&self) -> String {
        format!(
            "{} had fewer than {} invocations at {} within {} s",
            self.candidate,
            self.policy.min_samples,
            self.percent,
            self.policy.patience().num_seconds()
        )
    }

    fn undecided(&self) -> String {
        format!(
            "nothing was proven at {} within {} s: {}",
            self.percent,
            self.policy.step_timeout.num_seconds(),
            self.verdict()
        )
    }

    fn out_of_reach(&self, cause: Cause) -> String {
        format!(
            "{}, and the weight could not be taken back: live of {} may still send {} to {}. \
             Take it back when AWS answers (rollout abort {})",
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
    use crate::scope::Scope;
    use analysis::{Block, Blocks, Count, judge};

    fn sentence(ending: Ending) -> String {
        let half = |version: &str, architecture| Half {
            version: version.parse().expect("a version"),
            architecture: Some(architecture),
            emulated: false,
        };
        let policy = Policy::try_from(&package::RolloutPolicy::default()).expect("holds");
        let errors = Block {
            baseline: Count::new(1_520, 0),
            candidate: Count::new(80, 8),
        };
        let terms = policy.terms(&Scope::Unset);
        Story {
            function: "hasher",
            baseline: &half("1", Architecture::X86_64),
            candidate: &half("2", Architecture::Arm64),
            percent: Percent::new(5.0).expect("a percentage"),
            judgement: &judge([Blocks::errors(errors)], &terms),
            policy: &policy,
        }
        .sentence(&ending)
    }

    #[test]
    fn taken_back_says_why_with_the_numbers_and_who_serves_now() {
        let text = sentence(Ending::TakenBack(Cause::Worse));
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
            Ending::Held(Waiting::Invocations),
            Ending::Held(Waiting::Proof),
            Ending::Left,
            Ending::OutOfReach(Cause::Blind),
        ] {
            assert!(sentence(ending).ends_with("(rollout abort hasher)"));
        }
    }
}
