//! `--dry-run`: the whole path, and what would happen on it.

use package::OnInconclusive;

use crate::{
    aws::routing::{Percent, Routing},
    cli::output::Output,
    delivery::{event::PlannedMove, policy::Policy, scope::Scope},
};

/// Everything that a run would do.
#[derive(Debug)]
pub(super) struct Preview<'a> {
    pub(super) function: &'a str,
    /// What `live` routes to now.
    pub(super) routing: &'a Routing,
    pub(super) moves: Vec<PlannedMove>,
    pub(super) policy: &'a Policy,
}

impl Preview<'_> {
    /// Prints it.
    ///
    /// # Errors
    /// When stdout is closed.
    pub(super) fn print(&self, output: &Output) -> std::io::Result<()> {
        output.json(&self.to_json())?;
        output.line(self.lines().join("\n"))
    }

    fn to_json(&self) -> serde_json::Value {
        let moves = self.moves.iter().map(|planned| {
            serde_json::json!({
                "baseline": planned.baseline,
                "candidate": planned.candidate,
                "change": planned.change,
                "found_at": self.routing.share(planned.candidate.version),
                "steps": self.steps(planned),
                "scope": self.scope(planned),
            })
        });
        serde_json::json!({
            "function": self.function,
            "live": self.routing.to_string(),
            "moves": moves.collect::<Vec<_>>(),
            "bake_s": self.policy.bake.num_seconds(),
            "step_timeout_s": self.policy.step_timeout.num_seconds(),
            "min_samples": self.policy.min_samples,
            "on_inconclusive": self.policy.on_inconclusive,
        })
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "live of {} routes to {}",
            self.function, self.routing
        )];
        for (index, planned) in self.moves.iter().enumerate() {
            lines.push(format!(
                "move {} of {}, {}: from {} to {}; analysed: {}",
                index + 1,
                self.moves.len(),
                planned.change,
                planned.baseline,
                planned.candidate,
                self.scope(planned)
            ));
            let steps = self.steps(planned).into_iter();
            lines.extend(steps.map(|step| format!("  {}", self.step(step, planned))));
        }
        lines.extend([self.worse(), self.inconclusive()]);
        lines
    }

    /// The weights that are left.
    fn steps(&self, planned: &PlannedMove) -> Vec<Percent> {
        let found_at = self.routing.share(planned.candidate.version);
        let steps = self.policy.steps.iter().copied();
        let wanted = |step: &Percent| *step > found_at && *step <= self.policy.until;
        steps.filter(wanted).collect()
    }

    fn scope(&self, planned: &PlannedMove) -> Scope {
        Scope::new(self.policy.slow_ms, [&planned.baseline, &planned.candidate])
    }

    fn step(&self, step: Percent, planned: &PlannedMove) -> String {
        let PlannedMove {
            baseline,
            candidate,
            ..
        } = planned;
        match step {
            Percent::HUNDRED => format!("{step} to {candidate}: {baseline} gets nothing any more"),
            _ => format!(
                "{step} to {candidate}, the rest to {baseline}, for {} to {} s and at least {} invocations",
                self.policy.bake.num_seconds(),
                self.policy.step_timeout.num_seconds(),
                self.policy.min_samples
            ),
        }
    }

    fn worse(&self) -> String {
        format!(
            "worse, or no data for more than {} s: the weight goes back to 0 at once",
            self.policy.no_data_timeout.num_seconds()
        )
    }

    fn inconclusive(&self) -> String {
        let timeout = self.policy.step_timeout.num_seconds();
        let few = self.policy.min_samples;
        let samples_timeout = self.policy.samples_timeout().num_seconds();
        let (inconclusive, too_few) = match self.policy.on_inconclusive {
            OnInconclusive::Advance => {
                ("the next weight follows", "the run ends, the weight stays")
            }
            OnInconclusive::Pause => ("the run ends, the weight stays", "the same"),
            OnInconclusive::Rollback => ("the weight goes back to 0", "the same"),
        };
        format!(
            "inconclusive after {timeout} s: {inconclusive}; fewer than {few} invocations after {samples_timeout} s: {too_few}"
        )
    }
}

#[cfg(test)]
mod tests {
    use package::{Architecture, RolloutPolicy};

    use super::*;
    use crate::{aws::function::Build, delivery::path::Change};

    fn build(version: &str, architecture: Architecture) -> Build {
        Build {
            version: version.parse().expect("a version"),
            architecture: Some(architecture),
            emulated: false,
        }
    }

    #[test]
    fn the_whole_path_is_printed_with_what_is_left_of_it() {
        let policy = Policy::try_from(&RolloutPolicy::default()).expect("holds");
        let planned = |baseline, candidate, change| PlannedMove {
            baseline,
            candidate,
            change,
        };
        let version = |number: &str| number.parse().expect("a version");
        let routing = Routing::weighted(version("1"), version("3"), Percent::from_weight(0.25));
        let x86_64 = |version| build(version, Architecture::X86_64);
        let lines = Preview {
            function: "hasher",
            routing: &routing,
            moves: vec![
                planned(x86_64("1"), x86_64("3"), Change::Release),
                planned(
                    x86_64("3"),
                    build("4", Architecture::Arm64),
                    Change::Architecture,
                ),
            ],
            policy: &policy,
        }
        .lines();
        let expected = [
            "live of hasher routes to version 1 75%, version 3 25%",
            "move 1 of 2, release: from x86_64 (version 1) to x86_64 (version 3); \
             analysed: errors, throttles; not time, slow_ms is not set",
            "  50% to x86_64 (version 3), the rest to x86_64 (version 1), \
             for 600 to 3600 s and at least 100 invocations",
            "  100% to x86_64 (version 3): x86_64 (version 1) gets nothing any more",
            "move 2 of 2, architecture: from x86_64 (version 3) to arm64 (version 4); \
             analysed: errors, throttles; not time, slow_ms is not set",
            "  5% to arm64 (version 4), the rest to x86_64 (version 3), \
             for 600 to 3600 s and at least 100 invocations",
        ];
        assert_eq!(lines[..6], expected);
        assert_eq!(
            lines.last().map(String::as_str),
            Some(
                "inconclusive after 3600 s: the next weight follows; \
                 fewer than 100 invocations after 3600 s: the run ends, the weight stays"
            )
        );
    }
}
