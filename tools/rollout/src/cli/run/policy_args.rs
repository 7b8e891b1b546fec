//! The flags that override the function's `[package.metadata.rollout]`: each has the name of its key, without
//! the unit.

use std::time::Duration;

use clap::Args;
use package::{OnInconclusive, RolloutPolicy, manifest::GuardPolicy};

use crate::cli::args::milliseconds;

/// How the rollout goes. What is not given is as the function's own `[package.metadata.rollout]`
/// says, and else as the defaults named here.
#[derive(Debug, Args)]
#[command(
    next_help_heading = "Policy, where not as [package.metadata.rollout] of the function says"
)]
pub(super) struct PolicyArgs {
    /// Weights to go through in percent, rising, the last one 100 [default: 5,25,50,100]
    #[arg(long, value_name = "PERCENT,…", value_delimiter = ',')]
    steps: Option<Vec<f64>>,
    /// Those of them that end only when somebody says so with rollout promote, in percent [default: none]
    #[arg(long, value_name = "PERCENT,…", value_delimiter = ',')]
    pause_at: Option<Vec<f64>>,
    /// Set the first weight only when somebody says so with rollout promote
    #[arg(long)]
    approval: bool,
    /// How long each step is watched at least [default: 10m]
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    bake: Option<u64>,
    /// How long a step may wait for its samples [default: six times the bake time]
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    step_timeout: Option<u64>,
    /// What follows when that time is over and the candidate has had fewer: advance, pause or rollback
    /// [default: advance]
    #[arg(long, value_name = "WHAT")]
    on_inconclusive: Option<OnInconclusive>,
    /// How many invocations of the candidate a step is to have [default: 100]
    #[arg(long, value_name = "N")]
    min_samples: Option<u64>,
    /// How long alarms and limits stay armed after the promotion; longer, until --min-samples invocations have
    /// passed, at most 7 days; 0s: the promotion is the end [default: 30m]
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    bake_after: Option<u64>,
    /// Length of one metric period; Lambda sends its metrics every 60s [default: 60s]
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    period: Option<u64>,
    /// How old a period must be before its counts are taken as final; with periods of a minute and more at least the
    /// function's timeout and a minute [default: 2m]
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    metric_delay: Option<u64>,
    /// How long there may be calls that the metrics do not show, or no answer, before rolling back [default: 15m]
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    no_data_timeout: Option<u64>,
    /// How many of equally good candidates may be rolled back, as a fraction [default: 0.05]
    #[arg(long, value_name = "FRACTION")]
    alpha: Option<f64>,
    /// The difference of two proportions that does not matter, in percentage points [default: 1]
    #[arg(long, value_name = "POINTS")]
    margin: Option<f64>,
    /// Warm invocations that take longer are slow, and a candidate with more of them is worse [default:
    /// time is not analysed]
    #[arg(long, value_name = "DURATION", value_parser = milliseconds)]
    slow: Option<f64>,
    /// CloudWatch alarms: in ALARM no rollout starts, and one under way is rolled back [default: none]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    alarms: Option<Vec<String>>,
    /// Arm no alarm on the candidate: when this run is killed, nobody rolls back
    #[arg(long)]
    no_guard: bool,
}

impl PolicyArgs {
    /// The manifest's policy with the flags over it.
    pub(super) fn over(&self, policy: RolloutPolicy) -> RolloutPolicy {
        let steps_percent = self.steps.clone().unwrap_or(policy.steps_percent);
        let pause_at_percent = self.pause_at.clone().unwrap_or_else(|| {
            let mut kept = policy.pause_at_percent;
            kept.retain(|weight| steps_percent.contains(weight));
            kept
        });
        RolloutPolicy {
            architecture: policy.architecture,
            steps_percent,
            pause_at_percent,
            approval: self.approval || policy.approval,
            bake_s: self.bake.unwrap_or(policy.bake_s),
            step_timeout_s: self.step_timeout.or(policy.step_timeout_s),
            on_inconclusive: self.on_inconclusive.unwrap_or(policy.on_inconclusive),
            min_samples: self.min_samples.unwrap_or(policy.min_samples),
            bake_after_s: self.bake_after.unwrap_or(policy.bake_after_s),
            alarms: self.alarms.clone().unwrap_or(policy.alarms),
            metrics: policy.metrics,
            alpha: self.alpha.unwrap_or(policy.alpha),
            margin_percent: self.margin.unwrap_or(policy.margin_percent),
            slow_ms: self.slow.or(policy.slow_ms),
            period_s: self.period.unwrap_or(policy.period_s),
            metric_delay_s: self.metric_delay.unwrap_or(policy.metric_delay_s),
            no_data_timeout_s: self.no_data_timeout.unwrap_or(policy.no_data_timeout_s),
            guard: GuardPolicy {
                armed: policy.guard.armed && !self.no_guard,
                ..policy.guard
            },
        }
    }
}

fn seconds(text: &str) -> Result<u64, String> {
    let duration: Duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if duration.subsec_nanos() != 0 {
        return Err("whole seconds, such as 90s or 10m".to_owned());
    }
    Ok(duration.as_secs())
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser};

    use super::*;

    #[derive(Debug, Parser)]
    struct Probe {
        #[command(flatten)]
        policy: PolicyArgs,
    }

    /// Every key with a value that is not its default.
    fn other() -> RolloutPolicy {
        RolloutPolicy {
            architecture: package::Architecture::X86_64,
            steps_percent: vec![10.0, 100.0],
            pause_at_percent: vec![10.0],
            approval: true,
            bake_s: 60,
            step_timeout_s: Some(90),
            on_inconclusive: OnInconclusive::Pause,
            min_samples: 7,
            bake_after_s: 8,
            alarms: vec!["one".to_owned(), "two".to_owned()],
            metrics: Default::default(),
            alpha: 0.1,
            margin_percent: 2.0,
            slow_ms: Some(80.0),
            period_s: 30,
            metric_delay_s: 31,
            no_data_timeout_s: 500,
            guard: GuardPolicy {
                armed: false,
                ..GuardPolicy::default()
            },
        }
    }

    #[test]
    fn every_key_has_a_flag_of_its_name_that_wins() {
        let flags = "--steps 10,100 --pause-at 10 --approval --bake 60s --step-timeout 90s --on-inconclusive pause \
                     --min-samples 7 --bake-after 8s --alarms one,two --alpha 0.1 --margin 2 --slow 80ms --period 30s \
                     --metric-delay 31s --no-data-timeout 500s --no-guard";
        let words = std::iter::once("probe").chain(flags.split(' '));
        let probe = Probe::parse_from(words.filter(|word| !word.is_empty()));
        let defaults = RolloutPolicy {
            architecture: other().architecture,
            ..RolloutPolicy::default()
        };
        assert_eq!(probe.policy.over(defaults), other());

        let keys = serde_json::to_value(other()).expect("JSON");
        for key in keys.as_object().expect("keys").keys() {
            let units = ["_s", "_ms", "_percent"];
            let flag = units.iter().find_map(|unit| key.strip_suffix(unit));
            let flag = flag.unwrap_or(key).replace('_', "-");
            let known = Probe::command()
                .get_arguments()
                .any(|a| a.get_long() == Some(&flag));
            // `--to` asks for the architecture, or for a version; `--no-guard` is all that a run
            // may say of the guard; what the function counts is a matter of its code.
            assert!(
                known || ["architecture", "guard", "metrics"].contains(&key.as_str()),
                "{key} has no flag --{flag}"
            );
        }
    }

    #[test]
    fn without_flags_the_function_decides() {
        let probe = Probe::parse_from(["probe"]);
        assert_eq!(probe.policy.over(other()), other());
    }
}
