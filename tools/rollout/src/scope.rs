//! What a rollout is judged by, and why not by more.

use std::fmt;

use serde::Serialize;

use crate::function::Half;
use analysis::Metric;

/// Which metrics are judged. Errors and throttles always are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "slow", rename_all = "snake_case")]
pub enum Scope {
    /// Slow invocations too.
    Judged {
        /// Longer than this is slow, in milliseconds.
        slow_ms: f64,
    },
    /// The function does not say what slow is.
    Unset,
    /// The time of an emulated half says nothing.
    Emulated {
        /// The emulated one, or the first of two.
        half: Half,
    },
}

impl Scope {
    /// What these two halves can be judged by.
    #[must_use]
    pub fn of(slow_ms: Option<f64>, halves: [&Half; 2]) -> Self {
        let emulated = halves.into_iter().find(|half| half.emulated);
        match (slow_ms, emulated) {
            (None, _) => Self::Unset,
            (Some(_), Some(half)) => Self::Emulated { half: *half },
            (Some(slow_ms), None) => Self::Judged { slow_ms },
        }
    }

    /// The metrics that share alpha.
    #[must_use]
    pub const fn metrics(&self) -> &'static [Metric] {
        match self {
            Self::Judged { .. } => Metric::ALL,
            Self::Unset | Self::Emulated { .. } => Metric::WITHOUT_TIME,
        }
    }

    /// The limit for slow invocations, if they are judged.
    #[must_use]
    pub const fn slow_ms(&self) -> Option<f64> {
        match self {
            Self::Judged { slow_ms } => Some(*slow_ms),
            Self::Unset | Self::Emulated { .. } => None,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Judged { slow_ms } => {
                write!(f, "errors, throttles, invocations longer than {slow_ms} ms")
            }
            Self::Unset => f.write_str("errors, throttles; not time, slow_ms is not set"),
            Self::Emulated { half } => {
                write!(f, "errors, throttles; not time, {half} is emulated")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use package::Architecture;

    use super::*;

    fn half(emulated: bool) -> Half {
        Half {
            version: "2".parse().expect("a version"),
            architecture: Some(Architecture::Arm64),
            emulated,
        }
    }

    #[test]
    fn time_is_judged_when_it_means_something_and_somebody_says_what_slow_is() {
        let real = half(false);
        let both = Scope::of(Some(250.0), [&real, &real]);
        assert_eq!((both.metrics(), both.slow_ms()), (Metric::ALL, Some(250.0)));
        let unset = Scope::of(None, [&real, &real]);
        assert_eq!(
            (unset.metrics(), unset.slow_ms()),
            (Metric::WITHOUT_TIME, None)
        );
    }

    #[test]
    fn an_emulated_half_is_named_as_the_reason() {
        let (real, emulated) = (half(false), half(true));
        for halves in [[&real, &emulated], [&emulated, &real]] {
            let scope = Scope::of(Some(250.0), halves);
            assert_eq!(
                (scope.metrics(), scope.slow_ms()),
                (Metric::WITHOUT_TIME, None)
            );
            assert_eq!(
                scope.to_string(),
                "errors, throttles; not time, arm64 (version 2) is emulated"
            );
        }
    }
}
