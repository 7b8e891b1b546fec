//! One version: what it did, how long that took, what it cost.

use package::Architecture;
use serde::Serialize;

use crate::{
    aws::{function::Build, metrics::Sample, routing::Version},
    report::prices::{Rates, estimated_billed_ms, gb_seconds},
};
use analysis::Count;

/// One version and what it did.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Its number.
    pub version: Version,
    /// What it was built for; unknown when it was deleted.
    pub architecture: Option<Architecture>,
    /// Whether it runs under an emulator: then its times say nothing.
    pub emulated: bool,
    /// Memory that it is billed for, in MiB.
    pub memory_mib: Option<u32>,
    /// Its counts and durations; durations of an emulated version are left out.
    #[serde(flatten)]
    pub sample: Sample,
    /// GB-seconds that all its invocations are billed for.
    pub billed_gb_seconds: Option<f64>,
    /// What a million invocations cost, in US dollars.
    pub million_invocations_usd: Option<f64>,
}

impl Row {
    /// Puts together what is known of a version.
    #[must_use]
    pub fn new(
        build: Build,
        memory_mib: Option<u32>,
        mut sample: Sample,
        rates: Option<&Rates>,
    ) -> Self {
        if build.emulated {
            sample.duration = None;
        }
        let billed_ms = mean_billed_ms(&sample).filter(|_| !build.emulated);
        let cost = |architecture| Some(rates?.million_usd(architecture, memory_mib?, billed_ms?));
        let billed = |memory_mib| Some(gb_seconds(memory_mib, billed_ms?));
        Self {
            version: build.version,
            architecture: build.architecture,
            emulated: build.emulated,
            memory_mib,
            sample,
            billed_gb_seconds: memory_mib
                .and_then(billed)
                .map(|each| each * sample.invocations as f64),
            million_invocations_usd: build.architecture.and_then(cost),
        }
    }

    /// The version by the name that people know it by.
    #[must_use]
    pub fn name(&self) -> String {
        self.build().to_string()
    }

    /// Which version it is.
    #[must_use]
    pub const fn build(&self) -> Build {
        Build {
            version: self.version,
            architecture: self.architecture,
            emulated: self.emulated,
        }
    }

    /// Errors per invocation.
    #[must_use]
    pub fn error_rate(&self) -> Option<f64> {
        Count::new(self.sample.invocations, self.sample.errors?).rate()
    }

    /// Slow invocations of all that have a duration.
    #[must_use]
    pub fn slow_rate(&self) -> Option<f64> {
        self.sample.time.count().and_then(Count::rate)
    }
}

/// What an invocation is billed for on average, estimated from its duration.
fn mean_billed_ms(sample: &Sample) -> Option<f64> {
    let duration = sample.duration.filter(|_| sample.invocations > 0)?;
    Some(estimated_billed_ms(duration.average_ms))
}
