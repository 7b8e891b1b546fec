//! What one version did in one period, and what the analysis gets of it.

use serde::Serialize;

use analysis::{Block, Blocks, Count, MOST_COUNTED, Total};

use super::Period;

/// What one version did in one period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Sample {
    /// Invocations that ran.
    pub invocations: u64,
    /// Those of them that failed; none when CloudWatch has no such data point (yet).
    pub errors: Option<u64>,
    /// Requests that were refused, which are not among the invocations; likewise.
    pub throttles: Option<u64>,
    /// How long the invocations took, if any did.
    pub duration: Option<Durations>,
    /// How many of the warm ones were slow, if that was asked for.
    #[serde(flatten)]
    pub time: TimeCounts,
    /// Environments that were started, if the function writes it.
    pub cold_starts: Option<u64>,
    /// What its own part of that took on average, in milliseconds: Lambda's part is not in it.
    pub init_ms: Option<f64>,
    /// What the function counts itself, in the order of the query.
    #[serde(skip)]
    pub counted: [FunctionCounts; MOST_COUNTED],
}

/// What a function counts itself in one metric.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct FunctionCounts {
    /// What failed; none when CloudWatch has no such data point.
    pub failed: Option<f64>,
    /// Of how many; likewise.
    pub of: Option<f64>,
}

impl FunctionCounts {
    /// Where there is something that can fail, no failure is no data point, or a 0.
    #[must_use]
    pub fn count(self) -> Count {
        let count = |of| Count::fractional(of, self.failed.unwrap_or_default());
        self.of.map_or_else(Count::default, count)
    }
}

/// Warm durations next to the limit for slow invocations, as far as `CloudWatch` has said. Counts may be fractions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct TimeCounts {
    /// Warm invocations.
    #[serde(rename = "warm")]
    pub measured: Option<f64>,
    /// Those that took the limit or less.
    #[serde(skip)]
    pub fast: Option<f64>,
    /// Those that took longer.
    pub slow: Option<f64>,
    /// What the fast ones took together, in milliseconds.
    #[serde(skip)]
    pub fast_sum_ms: Option<f64>,
}

impl TimeCounts {
    /// Warm invocations and the slow ones of them. All three counts come from the same data point, so that one
    /// of none may be missing, and follows from the other two.
    #[must_use]
    pub fn count(&self) -> Option<Count> {
        let measured = self.measured?;
        let slow = self.slow.or_else(|| Some(measured - self.fast?))?;
        Some(Count::fractional(measured, slow))
    }

    /// All durations, each counted as at most the limit, in units of the limit; when that is known
    /// for certain.
    fn total(&self, limit_ms: f64) -> Option<Total> {
        let count = self.count()?;
        let fast = count.invocations() - count.failures();
        let fast_sum_ms = if fast <= 0.0 { 0.0 } else { self.fast_sum_ms? };
        Some(Total {
            invocations: count.invocations(),
            sum: fast_sum_ms / limit_ms + count.failures(),
        })
    }
}

/// How long invocations took, in milliseconds, without starting the environment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Durations {
    /// Mean.
    pub average_ms: f64,
    /// Median.
    pub p50_ms: f64,
    /// Nine in ten were faster.
    pub p90_ms: f64,
    /// 99 in 100 were faster.
    pub p99_ms: f64,
}

impl Sample {
    /// Whether Lambda sends "no errors" as a 0 or not at all is said in two ways. In a period that is over, a
    /// missing count beside invocations is a 0.
    fn errors(&self) -> Count {
        Count::new(self.invocations, self.errors.unwrap_or_default())
    }

    /// Of all requests, those that were refused.
    fn throttles(&self) -> Count {
        let refused = self.throttles.unwrap_or_default();
        Count::new(self.invocations + refused, refused)
    }

    fn slow(&self) -> Count {
        self.time.count().unwrap_or_default()
    }

    /// The mean of both parts' cold starts.
    fn init(&self, part: Self) -> Option<f64> {
        let weight = |sample: &Self| sample.cold_starts.unwrap_or_default() as f64;
        let all = (weight(self) + weight(&part)).max(1.0);
        let mean = |(a, b): (f64, f64)| (a * weight(self) + b * weight(&part)) / all;
        let both = self.init_ms.zip(part.init_ms).map(mean);
        both.or(self.init_ms).or(part.init_ms)
    }

    fn share_of(&self, rest: Self) -> f64 {
        let all = self.invocations + rest.invocations;
        self.invocations as f64 / all.max(1) as f64
    }
}

impl Period {
    /// What the analysis gets of a period that is over; what is not known of either version says nothing.
    #[must_use]
    pub fn blocks(&self) -> Blocks {
        let block = |count: &dyn Fn(&Sample) -> Count| Block {
            baseline: count(&self.versions[0]),
            candidate: count(&self.versions[1]),
        };
        Blocks {
            errors: block(&Sample::errors),
            throttles: block(&Sample::throttles),
            slow: block(&Sample::slow),
            counted: std::array::from_fn(|index| block(&|sample| sample.counted[index].count())),
        }
    }

    /// The durations of baseline and candidate, each counted as at most `limit_ms` (the limit that
    /// was asked for), in units of it; `None` when they are not known of both.
    #[must_use]
    pub fn totals(&self, limit_ms: f64) -> Option<[Total; 2]> {
        let [baseline, candidate] = self.versions.map(|version| version.time.total(limit_ms));
        Some([baseline?, candidate?])
    }

    /// All durations of baseline and candidate in units of a limit that none is above; `None` when they
    /// are not known of both. A mean over as many as were invoked: those that have no duration yet do
    /// not change it.
    #[must_use]
    pub fn averages(&self, limit_ms: f64) -> Option<[Total; 2]> {
        let total = |version: Sample| {
            Some(Total {
                invocations: version.invocations as f64,
                sum: version.duration?.average_ms / limit_ms * version.invocations as f64,
            })
        };
        let [baseline, candidate] = self.versions.map(total);
        Some([baseline?, candidate?])
    }
}

/// Sums counts. Durations are weighted by invocations, which is exact for one period; where
/// CloudWatch cuts the window in two at one of its own boundaries, percentiles become approximate.
pub(super) fn merge(parts: impl Iterator<Item = Sample>) -> Sample {
    parts.fold(Sample::default(), |sum, part| Sample {
        invocations: sum.invocations + part.invocations,
        errors: added(sum.errors, part.errors),
        throttles: added(sum.throttles, part.throttles),
        duration: match (sum.duration, part.duration) {
            (Some(a), Some(b)) => Some(a.mixed(b, part.share_of(sum))),
            (a, b) => a.or(b),
        },
        time: TimeCounts {
            measured: added(sum.time.measured, part.time.measured),
            fast: added(sum.time.fast, part.time.fast),
            slow: added(sum.time.slow, part.time.slow),
            fast_sum_ms: added(sum.time.fast_sum_ms, part.time.fast_sum_ms),
        },
        cold_starts: added(sum.cold_starts, part.cold_starts),
        init_ms: sum.init(part),
        counted: std::array::from_fn(|index| {
            let [sum, part] = [sum, part].map(|sample: Sample| sample.counted[index]);
            FunctionCounts {
                failed: added(sum.failed, part.failed),
                of: added(sum.of, part.of),
            }
        }),
    })
}

fn added<T: std::ops::Add<Output = T> + Copy>(a: Option<T>, b: Option<T>) -> Option<T> {
    a.zip(b).map(|(a, b)| a + b).or(a).or(b)
}

impl Durations {
    fn mixed(self, other: Self, share: f64) -> Self {
        let mix = |a: f64, b: f64| a + (b - a) * share;
        Self {
            average_ms: mix(self.average_ms, other.average_ms),
            p50_ms: mix(self.p50_ms, other.p50_ms),
            p90_ms: mix(self.p90_ms, other.p90_ms),
            p99_ms: mix(self.p99_ms, other.p99_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::DateTime;

    use super::*;

    fn period(sample: Sample) -> Period {
        Period {
            start: DateTime::UNIX_EPOCH,
            versions: [sample; 2],
            alias: 0.0,
            sources: BTreeMap::new(),
        }
    }

    #[test]
    fn a_count_of_none_may_be_missing_beside_invocations() {
        let seen = Sample {
            invocations: 10,
            errors: Some(2),
            ..Sample::default()
        };
        let sparse = Sample {
            errors: None,
            ..seen
        };
        assert_eq!(period(seen).blocks().errors.candidate, Count::new(10, 2));
        assert_eq!(period(sparse).blocks().errors.candidate, Count::new(10, 0));
        assert_eq!(
            period(sparse).blocks().throttles.candidate,
            Count::new(10, 0)
        );
        assert!(!period(Sample::default()).blocks().errors.is_comparable());
    }

    #[test]
    fn what_the_function_counts_is_of_what_it_says() {
        let mut sample = Sample::default();
        sample.counted[0] = FunctionCounts {
            failed: None,
            of: Some(7.0),
        };
        sample.counted[1] = FunctionCounts {
            failed: Some(2.0),
            of: Some(7.0),
        };
        let counted = period(sample).blocks().counted.map(|block| block.candidate);
        assert_eq!(
            counted[..3],
            [Count::new(7, 0), Count::new(7, 2), Count::default()]
        );
    }

    #[test]
    fn refused_requests_are_counted_of_all_requests() {
        let sample = Sample {
            invocations: 90,
            throttles: Some(10),
            ..Sample::default()
        };
        let blocks = period(sample).blocks();
        assert_eq!(blocks.throttles.candidate, Count::new(100, 10));
    }

    #[test]
    fn slow_invocations_are_counted_with_fractions_and_one_of_three_counts_may_be_missing() {
        let counts = |measured, fast, slow| {
            let time = TimeCounts {
                measured,
                fast,
                slow,
                fast_sum_ms: None,
            };
            time.count()
        };
        let count = |slow| Some(Count::fractional(10.0, slow));
        assert_eq!(counts(Some(10.0), Some(7.4), Some(2.6)), count(2.6));
        assert_eq!(counts(Some(10.0), Some(10.0), None), count(0.0));
        assert_eq!(counts(Some(10.0), None, Some(10.0)), count(10.0));
        assert_eq!(counts(Some(10.0), None, None), None);
        assert_eq!(counts(None, None, None), None);
    }

    #[test]
    fn a_slow_invocation_counts_as_the_limit_in_the_sum_of_durations() {
        let total = |fast, slow, fast_sum_ms| {
            let time = TimeCounts {
                measured: Some(10.0),
                fast,
                slow,
                fast_sum_ms,
            };
            time.total(50.0)
        };
        let invocations = 10.0;
        let sum = 8.0;
        assert_eq!(
            total(Some(4.0), Some(6.0), Some(100.0)),
            Some(Total { invocations, sum })
        );
        let sum = 10.0;
        assert_eq!(
            total(Some(0.0), Some(10.0), None),
            Some(Total { invocations, sum })
        );
        assert_eq!(total(Some(4.0), Some(6.0), None), None);
    }

    #[test]
    fn a_window_cut_in_two_is_weighted_by_invocations() {
        let part = |invocations, average_ms| Sample {
            invocations,
            duration: Some(Durations {
                average_ms,
                ..Durations::default()
            }),
            ..Sample::default()
        };
        let whole = merge([part(30, 10.0), part(10, 50.0)].into_iter());
        assert_eq!(whole.invocations, 40);
        assert_eq!(whole.duration.map(|d| d.average_ms), Some(20.0));
    }
}
