//! How a run has ended, in one sentence with the numbers.

use super::{
    decision::{Cause, Waiting},
    event::Ending,
    evidence::Evidence,
    policy::Policy,
    scope::Scope,
    wording::{self, Wording, number, percent},
};
use crate::aws::{alarm::AlarmState, function::Build, routing::Percent};
use analysis::Metric;

/// What the sentence is about.
#[derive(Debug)]
pub(super) struct Summary<'a> {
    pub(super) function: &'a str,
    pub(super) baseline: &'a Build,
    pub(super) candidate: &'a Build,
    /// The candidate's weight before the end.
    pub(super) percent: Percent,
    pub(super) evidence: &'a Evidence,
    pub(super) scope: &'a Scope,
    pub(super) policy: &'a Policy,
    /// The alarm that went off.
    pub(super) alarm: Option<&'a AlarmState>,
    /// The weights at which the candidate had too few invocations.
    pub(super) unseen: &'a [Percent],
}

impl Summary<'_> {
    pub(super) fn sentence(&self, ending: &Ending) -> String {
        match ending {
            Ending::NothingToMove => self.alone(self.candidate),
            Ending::Promoted => format!(
                "{}; {}{}{}",
                self.alone(self.candidate),
                self.verdict(),
                self.not_compared(),
                self.not_seen()
            ),
            Ending::RolledBack(cause) => {
                format!("{}; {}", self.cause(*cause), self.alone(self.baseline))
            }
            Ending::Reached => format!(
                "live of {} gives {} to {}, as asked; {}{}. To go on, run again without --until; \
                 to roll back, rollout abort {0}",
                self.function,
                self.percent,
                self.candidate,
                self.verdict(),
                self.not_compared()
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
        let wording = Wording {
            analysis: &self.evidence.analysis(),
            scope: self.scope,
        };
        wording.sentence(&self.candidate.to_string(), &self.baseline.to_string())
    }

    /// The metrics of which nothing was compared so far, since one version or both never had any.
    fn not_compared(&self) -> String {
        let analysis = self.evidence.analysis();
        let metrics = analysis
            .metrics
            .iter()
            .filter(|it| !it.totals.is_comparable());
        let names: Vec<_> = metrics.map(|it| self.scope.name(it.metric)).collect();
        match names.as_slice() {
            [] => String::new(),
            names => format!(". Not compared: {}", names.join(", ")),
        }
    }

    /// What is not seen, when calls are not seen.
    pub(super) fn no_data(&self) -> String {
        let Some(silence) = self.evidence.silence() else {
            return "calls that the metrics do not show".to_owned();
        };
        let metric = self.policy.counted.get(silence.metric);
        let metric = metric.map_or("metric", |(_, metric)| metric.of.name.as_str());
        format!(
            "invocations of {} without its own {metric}, so {} cannot be compared",
            [self.baseline, self.candidate][silence.version],
            self.scope.name(Metric::Counted(silence.metric)),
        )
    }

    /// The same, at the end of patience.
    fn never_seen(&self) -> String {
        let long = self.policy.no_data_timeout.num_seconds();
        if self.evidence.silence().is_none() {
            return format!(
                "for more than {long} s there were calls that the metrics of both versions do not show"
            );
        }
        format!(
            "for more than {long} s there were {} (its role may not write logs, its METRICS_NAMESPACE is not {}, its \
             handler is without telemetry.observe, or CloudWatch is late)",
            self.no_data(),
            self.policy.namespace
        )
    }

    /// The steps of which little was seen.
    fn not_seen(&self) -> String {
        if self.unseen.is_empty() {
            return String::new();
        }
        let steps: Vec<_> = self.unseen.iter().map(Percent::to_string).collect();
        format!(
            ". Not seen: {} invocations at {}",
            self.policy.min_samples,
            steps.join(", ")
        )
    }

    /// What a step has shown that is over.
    pub(super) fn step_over(&self) -> String {
        let (step, time) = (&self.evidence.step, self.evidence.baked().num_seconds());
        let [baseline, candidate] = step.calls;
        let (percent_now, name) = (self.percent, self.candidate);
        if baseline + candidate <= 0.0 {
            return format!(
                "{percent_now} is over after {time} s: nobody called, so nothing was seen of {name}"
            );
        }
        let found = wording::found(self.evidence.would_be_found());
        let few = candidate < self.policy.min_samples as f64;
        let few = if few {
            format!(", too few of {}", self.policy.min_samples)
        } else {
            String::new()
        };
        let late = match self.evidence.late {
            late if late > 0.0 => format!("; {} came late and are not analysed", number(late)),
            _ => String::new(),
        };
        format!(
            "{percent_now} is over after {time} s with {} invocations of {name}{few}; {found}{late}{}",
            number(candidate),
            self.not_compared()
        )
    }

    fn cause(&self, cause: Cause) -> String {
        match cause {
            Cause::Worse => self.verdict(),
            Cause::Gross => self.gross(),
            Cause::Alarm => match self.alarm {
                Some(AlarmState { name, reason, .. }) => {
                    format!("the alarm {name} went off at {}: {reason}", self.percent)
                }
                None => format!("an alarm went off at {}", self.percent),
            },
            Cause::Limit => self.limit(),
            Cause::FewSamples => self.few_samples(),
            Cause::NoData => self.never_seen(),
            Cause::NoAnswer => format!(
                "AWS has not answered for more than {} s",
                self.policy.no_data_timeout.num_seconds()
            ),
            Cause::Aborted => format!("aborted at {}", self.percent),
            Cause::Superseded => format!("a newer release has taken its place at {}", self.percent),
        }
    }

    /// What has opened the circuit breaker.
    fn gross(&self) -> String {
        let Some((metric, block)) = self.evidence.gross() else {
            return "the circuit breaker has opened".to_owned();
        };
        let shown = |count: analysis::Count| {
            let rate = percent(count.rate().unwrap_or_default());
            format!(
                "{rate} ({} of {})",
                number(count.failures()),
                number(count.invocations())
            )
        };
        format!(
            "the circuit breaker has opened at {}: {} of {} in two periods in a row {}, of {} {}",
            self.percent,
            self.scope.name(metric),
            self.candidate,
            shown(block.candidate),
            self.baseline,
            shown(block.baseline)
        )
    }

    /// Which metric is above its own limit.
    fn limit(&self) -> String {
        let Some((index, count)) = self.evidence.over_limit else {
            return "a metric is above its limit".to_owned();
        };
        let limit = self.policy.counted.get(index);
        let limit = limit.and_then(|(_, metric)| metric.at_most_percent);
        format!(
            "{} counts {} {} ({} of {}) at {}, and at most {}% are allowed",
            self.candidate,
            percent(count.rate().unwrap_or_default()),
            self.scope.name(Metric::Counted(index)),
            number(count.failures()),
            number(count.invocations()),
            self.percent,
            limit.unwrap_or_default()
        )
    }

    fn paused(&self, missing: Waiting) -> String {
        let (why, remedy) = match missing {
            Waiting::Share => (self.share(), "when it is clear why"),
            Waiting::Samples
            | Waiting::Bake
            | Waiting::Data
            | Waiting::Resume
            | Waiting::Promotion => (self.few_samples(), "when there is more traffic"),
        };
        format!(
            "{why}; live of {0} stays as it is. Run again {remedy}, or roll back (rollout abort {0})",
            self.function
        )
    }

    fn share(&self) -> String {
        let Some(share) = self.evidence.mismatch() else {
            return format!("{} does not get its share", self.candidate);
        };
        let reasons = if share.candidate < share.expected {
            "its calls may be throttled (reserved or provisioned concurrency), or its metrics incomplete"
        } else {
            "its failed calls may be tried again, or somebody calls it by its number"
        };
        format!(
            "{} got {} of {} calls, and its weight says about {}: {reasons}",
            self.candidate,
            number(share.candidate),
            number(share.calls),
            number(share.expected)
        )
    }

    fn few_samples(&self) -> String {
        format!(
            "{} had fewer than {} invocations at {} within {} s",
            self.candidate,
            self.policy.min_samples,
            self.percent,
            self.policy.step_timeout.num_seconds()
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
    use crate::delivery::{periods::Period, record::Record};
    use analysis::{Block, Blocks, Count};
    use chrono::{DateTime, TimeDelta, Utc};

    fn sentence(ending: Ending) -> String {
        let build = |version: &str, architecture| Build {
            version: version.parse().expect("a version"),
            architecture: Some(architecture),
            emulated: false,
        };
        let policy = Policy::try_from(&package::RolloutPolicy::default()).expect("holds");
        let builds = [
            build("1", Architecture::X86_64),
            build("2", Architecture::Arm64),
        ];
        let scope = Scope::new(&policy, builds.each_ref());
        let start: DateTime<Utc> = "2026-11-23T14:29:00Z".parse().expect("a time");
        let percent = Percent::new(5.0).expect("a percentage");
        let record = Record::start(builds[0].version, builds[1].version, percent, start);
        let mut evidence = Evidence::new(&policy, &scope, start, start);
        let period = Period {
            start: start + TimeDelta::seconds(60),
            blocks: Blocks::errors(Block {
                baseline: Count::new(1_520, 0),
                candidate: Count::new(80, 8),
            }),
            unseen: 0.0,
        };
        evidence.observe(
            vec![period],
            &record,
            &policy,
            start + TimeDelta::seconds(240),
        );
        let alarm = AlarmState {
            name: "checkout-errors".to_owned(),
            state: "ALARM".to_owned(),
            since: None,
            counts_from: None,
            reason: "Threshold Crossed: 3 datapoints were greater than the threshold (1.0)."
                .to_owned(),
        };
        Summary {
            function: "hasher",
            baseline: &builds[0],
            candidate: &builds[1],
            percent,
            evidence: &evidence,
            scope: &scope,
            policy: &policy,
            alarm: Some(&alarm),
            unseen: &[percent],
        }
        .sentence(&ending)
    }

    #[test]
    fn an_alarm_is_named_and_its_reason_quoted() {
        let text = sentence(Ending::RolledBack(Cause::Alarm));
        assert!(
            text.starts_with(
                "the alarm checkout-errors went off at 5%: Threshold Crossed: 3 datapoints"
            ),
            "{text}"
        );
    }

    #[test]
    fn a_promotion_says_what_was_not_seen() {
        let text = sentence(Ending::Promoted);
        assert!(
            text.ends_with(". Not compared: throttles. Not seen: 100 invocations at 5%"),
            "{text}"
        );
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
            Ending::Paused(Waiting::Share),
            Ending::Detached,
            Ending::RollbackFailed(Cause::NoData),
        ] {
            assert!(sentence(ending).ends_with("(rollout abort hasher)"));
        }
    }
}
