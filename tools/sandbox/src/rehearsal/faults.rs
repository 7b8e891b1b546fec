//! Faults to inject into invocations: how a bad release is rehearsed.
//!
//! A [`FaultSpec`] is what the user writes (`arm64:errors=5%`); a [`FaultPlan`] is what holds for one build.

use std::{fmt, str::FromStr, time::Duration};

use package::Architecture;

use crate::execution::faults::{FaultPlan, Faults};

/// One kind of fault and its size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// See [`FaultPlan::errors`].
    Errors(f64),
    /// See [`FaultPlan::crash`].
    Crash(f64),
    /// See [`FaultPlan::throttle`].
    Throttle(f64),
    /// Share of calls to a service that are not allowed. No fault of invocations.
    Denied(f64),
    /// See [`FaultPlan::latency_ms`].
    Latency(Duration),
}

/// A fault for one build, as the user writes it: `arm64:errors=5%`, `x86_64:latency=50ms`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaultSpec {
    /// The architecture of the build.
    pub architecture: Architecture,
    /// What happens to it.
    pub fault: Fault,
}

/// Why a text is not a [`FaultSpec`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FaultSpecError {
    /// Not `architecture:kind=size`.
    #[error("{0:?} is not a fault: write it like arm64:errors=5% or x86_64:latency=50ms")]
    Shape(String),
    /// The architecture does not exist.
    #[error("unknown architecture {0:?}: use arm64 or x86_64")]
    Architecture(String),
    /// The kind does not exist.
    #[error(
        "unknown fault {0:?}: use errors, crash, throttle (a percentage like 5%) or latency (a time like 50ms)"
    )]
    Kind(String),
    /// Callers of a function are denied by no fault.
    #[error(
        "denied is a fault of services: write it like dynamodb:*:denied=5%@FUNCTION:VERSION, with `sandbox service-fault`"
    )]
    Denied,
    /// A share that is not a percentage.
    #[error("{kind}={value} is not a share: write a percentage from 0% to 100%, like {kind}=5%")]
    Share {
        /// The fault.
        kind: String,
        /// What stands behind it.
        value: String,
    },
    /// A latency that is not a time.
    #[error("latency={0} is not a time: write it like latency=50ms or latency=1s")]
    Latency(String),
}

impl Fault {
    /// A plan in which this fault has this size, and all others theirs.
    #[must_use]
    pub fn set_in(self, mut plan: FaultPlan) -> FaultPlan {
        match self {
            Self::Errors(share) => plan.errors = share,
            Self::Crash(share) => plan.crash = share,
            Self::Throttle(share) => plan.throttle = share,
            // Refused where it is read.
            Self::Denied(_) => {}
            Self::Latency(delay) => {
                plan.latency_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
            }
        }
        plan
    }
}

impl FaultSpec {
    /// Injects this fault into the invocations of a function; its other faults stay.
    pub fn inject(self, faults: &Faults, function: &str) {
        let plan = self.fault.set_in(faults.plan(function, self.architecture));
        faults.set(function, self.architecture, plan);
    }
}

impl FromStr for FaultSpec {
    type Err = FaultSpecError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shape = || FaultSpecError::Shape(text.to_owned());
        let (architecture, fault) = text.split_once(':').ok_or_else(shape)?;
        if !fault.contains('=') {
            return Err(shape());
        }
        let architecture = architecture
            .parse()
            .map_err(|_| FaultSpecError::Architecture(architecture.to_owned()))?;
        match fault.parse()? {
            Fault::Denied(_) => Err(FaultSpecError::Denied),
            fault => Ok(Self {
                architecture,
                fault,
            }),
        }
    }
}

impl FromStr for Fault {
    type Err = FaultSpecError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, value) = text.split_once('=').unwrap_or((text, ""));
        Ok(match kind {
            "errors" => Self::Errors(share(kind, value)?),
            "crash" => Self::Crash(share(kind, value)?),
            "throttle" => Self::Throttle(share(kind, value)?),
            "denied" => Self::Denied(share(kind, value)?),
            "latency" => Self::Latency(
                humantime::parse_duration(value.trim_start_matches('+'))
                    .map_err(|_| FaultSpecError::Latency(value.to_owned()))?,
            ),
            _ => return Err(FaultSpecError::Kind(kind.to_owned())),
        })
    }
}

/// `5%` as 0.05.
fn share(kind: &str, value: &str) -> Result<f64, FaultSpecError> {
    value
        .strip_suffix('%')
        .and_then(|percent| percent.parse::<f64>().ok())
        .filter(|percent| (0.0..=100.0).contains(percent))
        .map(|percent| percent / 100.0)
        .ok_or_else(|| FaultSpecError::Share {
            kind: kind.to_owned(),
            value: value.to_owned(),
        })
}

impl fmt::Display for FaultSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.architecture, self.fault)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Errors(share) => write!(f, "errors={}%", share * 100.0),
            Self::Crash(share) => write!(f, "crash={}%", share * 100.0),
            Self::Throttle(share) => write!(f, "throttle={}%", share * 100.0),
            Self::Denied(share) => write!(f, "denied={}%", share * 100.0),
            Self::Latency(delay) => write!(f, "latency={}ms", delay.as_millis()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_reads_as_it_is_written() {
        for text in [
            "arm64:errors=5%",
            "arm64:crash=2%",
            "x86_64:latency=50ms",
            "x86_64:throttle=1%",
        ] {
            let spec: FaultSpec = text.parse().unwrap();
            assert_eq!(spec.to_string(), text);
        }
    }

    #[test]
    fn a_bad_spec_names_the_part_that_is_wrong() {
        for (text, part) in [
            ("errors=5%", "write it like"),
            ("arm64:errors", "write it like"),
            ("mips:errors=5%", "\"mips\""),
            ("arm64:explode=5%", "\"explode\""),
            ("arm64:denied=5%", "a fault of services"),
            ("arm64:errors=5", "errors=5 "),
            ("arm64:errors=101%", "errors=101%"),
            ("arm64:errors=NaN%", "errors=NaN%"),
            ("arm64:latency=soon", "latency=soon"),
        ] {
            let message = text.parse::<FaultSpec>().unwrap_err().to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    #[test]
    fn a_second_fault_leaves_the_first() {
        let faults = Faults::default();
        for text in ["arm64:errors=5%", "arm64:latency=50ms"] {
            text.parse::<FaultSpec>().unwrap().inject(&faults, "f");
        }
        let plan = faults.plan("f", Architecture::Arm64);
        assert_eq!((plan.errors, plan.latency_ms), (0.05, 50));
        assert_eq!(faults.plan("f", Architecture::X86_64), FaultPlan::default());
        faults.clear("f");
        assert_eq!(faults.plan("f", Architecture::Arm64), FaultPlan::default());
    }
}
