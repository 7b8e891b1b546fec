//! `--dry-run`: the whole path, and what would happen on it.

use package::OnInconclusive;

use crate::{
    aws::routing::{Percent, Routing},
    cli::output::Output,
    delivery::{
        event::PlannedMove,
        policy::Policy,
        scope::Scope,
        wording::{number, percent},
    },
};

use super::forecast::Forecast;

/// Everything that a run would do.
#[derive(Debug)]
pub(super) struct Preview<'a> {
    pub(super) function: &'a str,
    /// What `live` routes to now.
    pub(super) routing: &'a Routing,
    pub(super) moves: Vec<PlannedMove>,
    pub(super) policy: &'a Policy,
    /// What the last day's traffic was; none when there is nothing to move.
    pub(super) forecast: Option<Forecast>,
}

impl Preview<'_> {
    /// Prints it.
    ///
    /// # Errors
    /// When stdout is closed.
    pub(super) fn print(&self, output: &Output) -> std::io::Result<()> {
        output.json(&self.to_json())?;
        self.lines().iter().try_for_each(|line| output.prose(line))
    }

    fn to_json(&self) -> serde_json::Value {
        let moves = self.moves.iter().map(|planned| {
            serde_json::json!({
                "baseline": planned.baseline,
                "candidate": planned.candidate,
                "change": planned.change,
                "found_at": self.routing.share(planned.candidate.version),
                "steps": self.steps(planned),
                "expected": self.expected(planned),
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
            "bake_after_s": self.policy.bake_after.num_seconds(),
            "alarms": self.policy.alarms,
            "last_day": self.forecast,
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
        if !self.policy.bake_after.is_zero() {
            lines.push(format!(
                "after the promotion alarms and limits stay armed for {} s and {} invocations",
                self.policy.bake_after.num_seconds(),
                self.policy.min_samples
            ));
        }
        if let Some(forecast) = self.forecast {
            lines.push(format!(
                "expected from {:.1} invocations a minute in the last day, failures that happen independently",
                forecast.per_minute
            ));
        }
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
        Scope::new(self.policy, [&planned.baseline, &planned.candidate])
    }

    /// What the last day's traffic makes one expect of each step that is watched.
    fn expected(&self, planned: &PlannedMove) -> Vec<super::forecast::Step> {
        let scope = self.scope(planned);
        let steps = self.steps(planned).into_iter();
        let watched = steps.filter(|step| *step != Percent::HUNDRED);
        let forecast = self.forecast.iter();
        watched
            .flat_map(|step| forecast.clone().map(move |day| (day, step)))
            .map(|(day, step)| day.step(step, self.policy, &scope))
            .collect()
    }

    fn step(&self, step: Percent, planned: &PlannedMove) -> String {
        let PlannedMove {
            baseline,
            candidate,
            ..
        } = planned;
        if step == Percent::HUNDRED {
            return format!("{step} to {candidate}: {baseline} gets nothing any more");
        }
        let line = format!("{step} to {candidate}, the rest to {baseline}");
        let Some(forecast) = self.forecast else {
            return line;
        };
        let expected = forecast.step(step, self.policy, &self.scope(planned));
        let found = match expected.least_found {
            Some(rate) => format!("finds failure rates from {}", percent(rate)),
            None => "finds no failure rate".to_owned(),
        };
        format!(
            "{line}: about {} s, {} invocations; {found}",
            expected.seconds,
            number(expected.samples)
        )
    }

    fn worse(&self) -> String {
        let alarms = match self.policy.alarms.as_slice() {
            [] => String::new(),
            alarms => format!(", {} in ALARM", alarms.join(" or ")),
        };
        format!(
            "worse{alarms}, or calls that the metrics do not show for more than {} s: the weight goes back to 0",
            self.policy.no_data_timeout.num_seconds()
        )
    }

    fn inconclusive(&self) -> String {
        let what = match self.policy.on_inconclusive {
            OnInconclusive::Advance => {
                "the next weight follows, and the run says what was not seen"
            }
            OnInconclusive::Pause => "the run ends, the weight stays",
            OnInconclusive::Rollback => "the weight goes back to 0",
        };
        format!(
            "fewer than {} invocations after {} s: {what}",
            self.policy.min_samples,
            self.policy.step_timeout.num_seconds()
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
            forecast: Some(Forecast {
                per_minute: 100.0,
                failure_rate: 0.0,
            }),
        }
        .lines();
        let expected = [
            "live of hasher routes to version 1 75%, version 3 25%",
            "move 1 of 2, release: from x86_64 (version 1) to x86_64 (version 3); \
             analysed: errors, throttles; not time, slow_ms is not set",
            "  50% to x86_64 (version 3), the rest to x86_64 (version 1): about 780 s, 500 invocations; \
             finds failure rates from 2.1%",
            "  100% to x86_64 (version 3): x86_64 (version 1) gets nothing any more",
            "move 2 of 2, architecture: from x86_64 (version 3) to arm64 (version 4); \
             analysed: errors, throttles; not time, slow_ms is not set",
            "  5% to arm64 (version 4), the rest to x86_64 (version 3): about 1380 s, 100 invocations; \
             finds failure rates from 7.9%",
        ];
        assert_eq!(lines[..6], expected);
        assert_eq!(
            lines[lines.len() - 3],
            "fewer than 100 invocations after 3600 s: the next weight follows, and the run says what was not seen"
        );
    }
}
