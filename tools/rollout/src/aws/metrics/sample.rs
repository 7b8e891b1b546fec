//! What one version did in one period, and what the analysis gets of it.

use serde::Serialize;

use analysis::{Block, Blocks, Count, Total};

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
    /// How many of them were slow, if that was asked for.
    #[serde(flatten)]
    pub time: TimeCounts,
}

/// Durations next to the limit for slow invocations, as far as `CloudWatch` has said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct TimeCounts {
    /// Invocations that have a duration.
    #[serde(skip)]
    pub measured: Option<u64>,
    /// Those that took the limit or less.
    #[serde(skip)]
    pub fast: Option<u64>,
    /// Those that took longer.
    pub slow: Option<u64>,
    /// What the fast ones took together, in milliseconds.
    #[serde(skip)]
    pub fast_sum_ms: Option<f64>,
}

impl TimeCounts {
    /// Measured invocations and the slow ones of them, when that is known for certain. AWS does not
    /// say whether a count of none comes as a 0 or not at all, so a count that is missing is taken
    /// as none only when the other one makes up all that was measured.
    #[must_use]
    pub fn count(&self) -> Option<Count> {
        let measured = self.measured?;
        let slow = match (self.fast, self.slow) {
            (Some(fast), Some(slow)) if fast + slow == measured => slow,
            (Some(fast), None) if fast == measured => 0,
            (None, Some(slow)) if slow == measured => slow,
            _ => return None,
        };
        Some(Count::new(measured, slow))
    }

    /// All durations, each counted as at most the limit, in units of the limit; when that is known
    /// for certain.
    fn total(&self, limit_ms: f64) -> Option<Total> {
        let count = self.count()?;
        let fast = count.invocations() - count.failures();
        let fast_sum_ms = if fast == 0 { 0.0 } else { self.fast_sum_ms? };
        Some(Total {
            invocations: count.invocations(),
            sum: fast_sum_ms / limit_ms + count.failures() as f64,
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
    /// Lambda sends "no errors" as a 0: invocations without it are still on their way, and do not
    /// count as successes.
    fn errors(&self) -> Count {
        self.errors.map_or_else(Count::default, |errors| {
            Count::new(self.invocations, errors)
        })
    }

    /// Of all requests, those that were refused.
    fn throttles(&self) -> Count {
        self.throttles.map_or_else(Count::default, |throttles| {
            Count::new(self.invocations + throttles, throttles)
        })
    }

    fn slow(&self) -> Count {
        self.time.count().unwrap_or_default()
    }

    fn share_of(&self, rest: Self) -> f64 {
        let all = self.invocations + rest.invocations;
        self.invocations as f64 / all.max(1) as f64
    }
}

impl Period {
    /// What the analysis gets; what is not known of either version says nothing.
    #[must_use]
    pub fn blocks(&self) -> Blocks {
        let block = |count: fn(&Sample) -> Count| Block {
            baseline: count(&self.versions[0]),
            candidate: count(&self.versions[1]),
        };
        Blocks {
            errors: block(Sample::errors),
            throttles: block(Sample::throttles),
            slow: block(Sample::slow),
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
                invocations: version.invocations,
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
    use chrono::DateTime;

    use super::*;

    fn period(sample: Sample) -> Period {
        Period {
            start: DateTime::UNIX_EPOCH,
            versions: [sample; 2],
        }
    }

    #[test]
    fn invocations_without_their_errors_are_not_taken_for_successes() {
        let seen = Sample {
            invocations: 10,
            errors: Some(2),
            ..Sample::default()
        };
        let on_its_way = Sample {
            errors: None,
            ..seen
        };
        assert_eq!(period(seen).blocks().errors.candidate, Count::new(10, 2));
        assert!(!period(on_its_way).blocks().errors.is_comparable());
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
    fn slow_invocations_count_only_when_both_sides_of_the_limit_add_up() {
        let counts = |measured, fast, slow| {
            let time = TimeCounts {
                measured,
                fast,
                slow,
                fast_sum_ms: None,
            };
            time.count()
        };
        assert_eq!(counts(Some(10), Some(7), Some(3)), Some(Count::new(10, 3)));
        assert_eq!(counts(Some(10), Some(10), None), Some(Count::new(10, 0)));
        assert_eq!(counts(Some(10), None, Some(10)), Some(Count::new(10, 10)));
        assert_eq!(counts(Some(10), Some(7), None), None);
        assert_eq!(counts(Some(10), Some(6), Some(3)), None);
        assert_eq!(counts(None, None, None), None);
    }

    #[test]
    fn a_slow_invocation_counts_as_the_limit_in_the_sum_of_durations() {
        let total = |fast, slow, fast_sum_ms| {
            let time = TimeCounts {
                measured: Some(10),
                fast,
                slow,
                fast_sum_ms,
            };
            time.total(50.0)
        };
        let invocations = 10;
        let sum = 8.0;
        assert_eq!(
            total(Some(4), Some(6), Some(100.0)),
            Some(Total { invocations, sum })
        );
        let sum = 10.0;
        assert_eq!(
            total(Some(0), Some(10), None),
            Some(Total { invocations, sum })
        );
        assert_eq!(total(Some(4), Some(6), None), None);
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
