//! `--dry-run`: the whole path, and what would happen on it.

use package::OnInconclusive;

use crate::{
    alias::Routing,
    controller::{Policy, event::Leg},
    output::Output,
    percent::Percent,
    scope::Scope,
};

/// Everything that a run would go by.
#[derive(Debug)]
pub(super) struct Preview<'a> {
    pub(super) function: &'a str,
    /// What `live` routes to now.
    pub(super) routing: &'a Routing,
    pub(super) moves: Vec<Leg>,
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
        let legs = self.moves.iter().map(|leg| {
            serde_json::json!({
                "baseline": leg.baseline,
                "candidate": leg.candidate,
                "change": leg.change,
                "found_at": self.routing.share(leg.candidate.version),
                "steps": self.steps(leg),
                "judged": self.judged(leg),
            })
        });
        serde_json::json!({
            "function": self.function,
            "live": self.routing.to_string(),
            "moves": legs.collect::<Vec<_>>(),
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
        for (index, leg) in self.moves.iter().enumerate() {
            lines.push(format!(
                "move {} of {}, {}: from {} to {}; judged: {}",
                index + 1,
                self.moves.len(),
                leg.change,
                leg.baseline,
                leg.candidate,
                self.judged(leg)
            ));
            let steps = self.steps(leg).into_iter();
            lines.extend(steps.map(|step| format!("  {}", self.step(step, leg))));
        }
        lines.extend([self.worse(), self.undecided()]);
        lines
    }

    /// The weights that are left.
    fn steps(&self, leg: &Leg) -> Vec<Percent> {
        let found_at = self.routing.share(leg.candidate.version);
        let steps = self.policy.steps.iter().copied();
        let wanted = |step: &Percent| *step > found_at && *step <= self.policy.until;
        steps.filter(wanted).collect()
    }

    fn judged(&self, leg: &Leg) -> Scope {
        Scope::of(self.policy.slow_ms, [&leg.baseline, &leg.candidate])
    }

    fn step(&self, step: Percent, leg: &Leg) -> String {
        let Leg {
            baseline,
            candidate,
            ..
        } = leg;
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
            "worse, or nothing seen for more than {} s: the weight goes back to 0 at once",
            self.policy.no_data_timeout.num_seconds()
        )
    }

    fn undecided(&self) -> String {
        let most = self.policy.step_timeout.num_seconds();
        let few = self.policy.min_samples;
        let patience = self.policy.patience().num_seconds();
        let (undecided, too_few) = match self.policy.on_inconclusive {
            OnInconclusive::Advance => {
                ("the next weight follows", "the run ends, the weight stays")
            }
            OnInconclusive::Pause => ("the run ends, the weight stays", "the same"),
            OnInconclusive::Rollback => ("the weight goes back to 0", "the same"),
        };
        format!(
            "undecided after {most} s: {undecided}; fewer than {few} invocations after {patience} s: {too_few}"
        )
    }
}

#[cfg(test)]
mod tests {
    use package::{Architecture, RolloutPolicy};

    use super::*;
    use crate::{controller::path::Change, function::Half};

    fn half(version: &str, architecture: Architecture) -> Half {
        Half {
            version: version.parse().expect("a version"),
            architecture: Some(architecture),
            emulated: false,
        }
    }

    #[test]
    fn the_whole_path_is_printed_with_what_is_left_of_it() {
        let policy = Policy::try_from(&RolloutPolicy::default()).expect("holds");
        let leg = |baseline, candidate, change| Leg {
            baseline,
            candidate,
            change,
        };
        let version = |number: &str| number.parse().expect("a version");
        let routing = Routing::weighted(version("1"), version("3"), Percent::from_weight(0.25));
        let x86_64 = |version| half(version, Architecture::X86_64);
        let lines = Preview {
            function: "hasher",
            routing: &routing,
            moves: vec![
                leg(x86_64("1"), x86_64("3"), Change::Release),
                leg(
                    x86_64("3"),
                    half("4", Architecture::Arm64),
                    Change::Architecture,
                ),
            ],
            policy: &policy,
        }
        .lines();
        let expected = [
            "live of hasher routes to version 1 75%, version 3 25%",
            "move 1 of 2, release: from x86_64 (version 1) to x86_64 (version 3); \
             judged: errors, throttles; not time, slow_ms is not set",
            "  50% to x86_64 (version 3), the rest to x86_64 (version 1), \
             for 600 to 3600 s and at least 100 invocations",
            "  100% to x86_64 (version 3): x86_64 (version 1) gets nothing any more",
            "move 2 of 2, architecture: from x86_64 (version 3) to arm64 (version 4); \
             judged: errors, throttles; not time, slow_ms is not set",
            "  5% to arm64 (version 4), the rest to x86_64 (version 3), \
             for 600 to 3600 s and at least 100 invocations",
        ];
        assert_eq!(lines[..6], expected);
        assert_eq!(
            lines.last().map(String::as_str),
            Some(
                "undecided after 3600 s: the next weight follows; \
                 fewer than 100 invocations after 3600 s: the run ends, the weight stays"
            )
        );
    }
}
