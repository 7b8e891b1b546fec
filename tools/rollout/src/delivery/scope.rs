//! Which metrics are analysed, and why not more.

use std::fmt;

use serde::Serialize;

use crate::aws::function::Build;
use analysis::Metric;

/// Which metrics are analysed. Errors and throttles always are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "slow", rename_all = "snake_case")]
pub enum Scope {
    /// Slow invocations too.
    WithTime {
        /// An invocation that takes longer is slow, in milliseconds.
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
    pub fn new(slow_ms: Option<f64>, builds: [&Build; 2]) -> Self {
        let emulated = builds.into_iter().find(|build| build.emulated);
        match (slow_ms, emulated) {
            (None, _) => Self::NoSlowLimit,
            (Some(_), Some(build)) => Self::Emulated { build: *build },
            (Some(slow_ms), None) => Self::WithTime { slow_ms },
        }
    }

    /// The metrics that share alpha.
    #[must_use]
    pub const fn metrics(&self) -> &'static [Metric] {
        match self {
            Self::WithTime { .. } => Metric::ALL,
            Self::NoSlowLimit | Self::Emulated { .. } => Metric::WITHOUT_TIME,
        }
    }

    /// The limit for slow invocations, if they are analysed.
    #[must_use]
    pub const fn slow_ms(&self) -> Option<f64> {
        match self {
            Self::WithTime { slow_ms } => Some(*slow_ms),
            Self::NoSlowLimit | Self::Emulated { .. } => None,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WithTime { slow_ms } => {
                write!(f, "errors, throttles, invocations longer than {slow_ms} ms")
            }
            Self::NoSlowLimit => f.write_str("errors, throttles; not time, slow_ms is not set"),
            Self::Emulated { build } => {
                write!(f, "errors, throttles; not time, {build} is emulated")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use package::Architecture;

    use super::*;

    fn build(emulated: bool) -> Build {
        Build {
            version: "2".parse().expect("a version"),
            architecture: Some(Architecture::Arm64),
            emulated,
        }
    }

    #[test]
    fn time_is_analysed_when_it_means_something_and_somebody_says_what_slow_is() {
        let real = build(false);
        let both = Scope::new(Some(250.0), [&real, &real]);
        assert_eq!((both.metrics(), both.slow_ms()), (Metric::ALL, Some(250.0)));
        let unset = Scope::new(None, [&real, &real]);
        assert_eq!(
            (unset.metrics(), unset.slow_ms()),
            (Metric::WITHOUT_TIME, None)
        );
    }

    #[test]
    fn an_emulated_version_is_named_as_the_reason() {
        let (real, emulated) = (build(false), build(true));
        for builds in [[&real, &emulated], [&emulated, &real]] {
            let scope = Scope::new(Some(250.0), builds);
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
