//! Which metrics are analysed, and why not more.

use std::fmt;

use serde::Serialize;

use super::policy::Policy;
use crate::aws::function::Build;
use analysis::{Metric, Metrics};

/// Which metrics are analysed. Errors and throttles always are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scope {
    /// Whether time is analysed.
    #[serde(flatten)]
    pub time: Time,
    /// What the function counts itself, by the names of the policy: `Counted(0)` is the first.
    pub counted: Vec<String>,
}

/// Whether time is analysed, or why not.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "slow", rename_all = "snake_case")]
pub enum Time {
    /// Slow invocations are.
    WithTime {
        /// A warm invocation that takes longer is slow, in milliseconds.
        slow_ms: f64,
    },
    /// The function does not say what slow is.
    NoSlowLimit,
    /// The time of an emulated version says nothing.
    Emulated {
        /// The emulated one, or the first of two.
        build: Build,
    },
}

impl Scope {
    /// By which metrics two versions can be compared.
    #[must_use]
    pub fn new(policy: &Policy, builds: [&Build; 2]) -> Self {
        let emulated = builds.into_iter().find(|build| build.emulated);
        let time = match (policy.slow_ms, emulated) {
            (None, _) => Time::NoSlowLimit,
            (Some(_), Some(build)) => Time::Emulated { build: *build },
            (Some(slow_ms), None) => Time::WithTime { slow_ms },
        };
        let counted = policy.counted.iter().map(|(name, _)| name.clone());
        Self {
            time,
            counted: counted.collect(),
        }
    }

    /// The metrics that share alpha.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        Metrics {
            slow: self.slow_ms().is_some(),
            counted: self.counted.len(),
        }
    }

    /// The limit for slow invocations, if they are analysed.
    #[must_use]
    pub const fn slow_ms(&self) -> Option<f64> {
        match self.time {
            Time::WithTime { slow_ms } => Some(slow_ms),
            Time::NoSlowLimit | Time::Emulated { .. } => None,
        }
    }

    /// What a metric is called.
    #[must_use]
    pub fn name(&self, metric: Metric) -> String {
        match metric {
            Metric::Errors => "errors".to_owned(),
            Metric::Throttles => "throttles".to_owned(),
            Metric::Slow => "slow invocations".to_owned(),
            Metric::Counted(index) => {
                let name = self.counted.get(index).map_or("failures", String::as_str);
                name.replace('_', " ")
            }
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("errors, throttles")?;
        for index in 0..self.counted.len() {
            write!(f, ", {}", self.name(Metric::Counted(index)))?;
        }
        match self.time {
            Time::WithTime { slow_ms } => write!(f, ", warm invocations longer than {slow_ms} ms"),
            Time::NoSlowLimit => f.write_str("; not time, slow_ms is not set"),
            Time::Emulated { build } => write!(f, "; not time, {build} is emulated"),
        }
    }
}

#[cfg(test)]
mod tests {
    use package::{Architecture, RolloutPolicy, manifest::Trigger};

    use super::*;

    fn scope(slow_ms: Option<f64>, emulated: [bool; 2]) -> Scope {
        let asked = RolloutPolicy {
            slow_ms,
            ..RolloutPolicy::default()
        };
        let asked = asked.with_metrics_of(&Trigger::Http);
        let policy = Policy::try_from(&asked).expect("holds");
        let [baseline, candidate] = emulated.map(|emulated| Build {
            version: "2".parse().expect("a version"),
            architecture: Some(Architecture::Arm64),
            emulated,
        });
        Scope::new(&policy, [&baseline, &candidate])
    }

    #[test]
    fn time_is_analysed_when_it_means_something_and_somebody_says_what_slow_is() {
        let both = scope(Some(250.0), [false, false]);
        assert_eq!(both.slow_ms(), Some(250.0));
        assert_eq!(
            both.to_string(),
            "errors, throttles, server errors, warm invocations longer than 250 ms"
        );
        let unset = scope(None, [false, false]);
        assert_eq!((unset.metrics().slow, unset.slow_ms()), (false, None));
    }

    #[test]
    fn an_emulated_version_is_named_as_the_reason() {
        for emulated in [[false, true], [true, false]] {
            let scope = scope(Some(250.0), emulated);
            assert_eq!((scope.metrics().slow, scope.metrics().counted), (false, 1));
            assert_eq!(
                scope.to_string(),
                "errors, throttles, server errors; not time, arm64 (version 2) is emulated"
            );
        }
    }
}
