//! What `MetricStat.Stat` may ask for.
//!
//! The names and bounds are those of "CloudWatch statistics definitions" in the `CloudWatch` user
//! guide. Winsorized means (`WM`) are the one family that is left out.

use std::str::FromStr;

use super::distribution::Distribution;
use crate::services::cloudwatch::error::CloudWatchError;

/// One statistic over the samples of a period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Statistic {
    Sum,
    Average,
    Minimum,
    Maximum,
    SampleCount,
    /// `p99`, `p99.9`: the value that so many percent of the samples do not exceed.
    Percentile(f64),
    /// `PR(:300)`: the percentage of samples in a range of values.
    PercentileRank(Range),
    /// `tm90`, `TM(2%:98%)`, `TM(:300)`, `IQM`: the mean of what is in the range.
    TrimmedMean(Range),
    /// `tc90`, `TC(…)`: how many samples are in the range.
    TrimmedCount(Range),
    /// `ts90`, `TS(…)`: the sum of what is in the range.
    TrimmedSum(Range),
}

/// Which samples a trimmed statistic looks at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Range {
    /// By value, in the metric's unit; an open end is `None`.
    Values(Option<f64>, Option<f64>),
    /// By rank, in percent of the samples.
    Percents(f64, f64),
}

impl Range {
    /// The samples in this range.
    fn select(self, samples: &Distribution) -> Distribution {
        match self {
            Self::Values(low, high) => samples.between_values(low, high),
            Self::Percents(low, high) => samples.between_percents(low, high),
        }
    }
}

impl Statistic {
    /// The statistic of these samples; `None` if it has no value (nothing in range).
    pub(crate) fn evaluate(self, samples: &Distribution) -> Option<f64> {
        let within = |range: Range| range.select(samples);
        if samples.is_empty() {
            return None;
        }
        match self {
            Self::Sum => Some(samples.sum()),
            Self::Average => samples.average(),
            Self::Minimum => samples.minimum(),
            Self::Maximum => samples.maximum(),
            Self::SampleCount => Some(samples.count() as f64),
            Self::Percentile(percent) => samples.percentile(percent),
            Self::PercentileRank(range) => {
                Some(within(range).count() as f64 * 100.0 / samples.count() as f64)
            }
            Self::TrimmedMean(range) => within(range).average(),
            Self::TrimmedCount(range) => Some(within(range).count() as f64),
            Self::TrimmedSum(range) => Some(within(range).sum()),
        }
    }
}

impl FromStr for Statistic {
    type Err = CloudWatchError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "Sum" => return Ok(Self::Sum),
            "Average" => return Ok(Self::Average),
            "Minimum" => return Ok(Self::Minimum),
            "Maximum" => return Ok(Self::Maximum),
            "SampleCount" => return Ok(Self::SampleCount),
            "IQM" => return Ok(Self::TrimmedMean(Range::Percents(25.0, 75.0))),
            _ => {}
        }
        extended(text).ok_or_else(|| CloudWatchError::UnknownStatistic(text.to_owned()))
    }
}

/// `p99.9`, `tm90`, `PR(10:20)`, `TM(2%:98%)` and the like.
fn extended(text: &str) -> Option<Statistic> {
    let split = text.find(|c: char| !c.is_ascii_alphabetic())?;
    let (name, argument) = text.split_at(split);
    let range = match argument.strip_prefix('(') {
        Some(rest) => range(rest.strip_suffix(')')?)?,
        None => Range::Percents(0.0, percent(argument)?),
    };
    let is_percent = matches!(range, Range::Percents(..));
    match (name.to_ascii_lowercase().as_str(), range) {
        ("p", Range::Percents(_, percent)) if !argument.starts_with('(') => {
            Some(Statistic::Percentile(percent))
        }
        ("pr", range) if !is_percent => Some(Statistic::PercentileRank(range)),
        ("tm", range) => Some(Statistic::TrimmedMean(range)),
        ("tc", range) => Some(Statistic::TrimmedCount(range)),
        ("ts", range) => Some(Statistic::TrimmedSum(range)),
        _ => None,
    }
}

/// `10:20`, `:20`, `10:`, and the same in percent.
fn range(text: &str) -> Option<Range> {
    let (low, high) = text.split_once(':')?;
    if text.contains('%') {
        let low = if low.is_empty() {
            0.0
        } else {
            percent(low.strip_suffix('%')?)?
        };
        let high = if high.is_empty() {
            100.0
        } else {
            percent(high.strip_suffix('%')?)?
        };
        return (low < high).then_some(Range::Percents(low, high));
    }
    let (low, high) = (bound(low)?, bound(high)?);
    match (low, high) {
        (None, None) => None,
        (Some(low), Some(high)) if low >= high => None,
        _ => Some(Range::Values(low, high)),
    }
}

/// An end of a range of values: a number, or nothing for an open end.
fn bound(text: &str) -> Option<Option<f64>> {
    if text.is_empty() {
        return Some(None);
    }
    Some(Some(number(text)?))
}

fn percent(text: &str) -> Option<f64> {
    number(text).filter(|percent| (0.0..=100.0).contains(percent))
}

/// A plain decimal: `f64::from_str` alone would also take `inf`, `NaN` and `1e3`.
fn number(text: &str) -> Option<f64> {
    let plain = text.chars().all(|c| c.is_ascii_digit() || c == '.');
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluated(text: &str, values: impl IntoIterator<Item = u32>) -> Option<f64> {
        let samples = values.into_iter().map(|value| (value, 1)).collect();
        text.parse::<Statistic>()
            .unwrap()
            .evaluate(&Distribution::new(samples, 1))
    }

    #[test]
    fn simple_statistics() {
        assert_eq!(evaluated("Sum", [1, 2, 6]), Some(9.0));
        assert_eq!(evaluated("Average", [1, 2, 6]), Some(3.0));
        assert_eq!(evaluated("Minimum", [2, 1, 6]), Some(1.0));
        assert_eq!(evaluated("Maximum", [2, 6, 1]), Some(6.0));
        assert_eq!(evaluated("SampleCount", [2, 6, 2]), Some(3.0));
    }

    #[test]
    fn percentile_rank_is_the_percentage_of_samples_in_range() {
        assert_eq!(evaluated("PR(:3)", 1..=10), Some(30.0));
        assert_eq!(evaluated("PR(3:5)", 1..=10), Some(20.0));
        assert_eq!(evaluated("PR(8:)", 1..=10), Some(20.0));
        assert_eq!(evaluated("PR(:0.5)", 1..=10), Some(0.0));
    }

    #[test]
    fn trimmed_statistics_look_at_the_range_only() {
        assert_eq!(evaluated("tm90", 1..=10), Some(5.0));
        assert_eq!(evaluated("TM(10%:90%)", 1..=10), Some(5.5));
        assert_eq!(evaluated("tc90", 1..=10), Some(9.0));
        assert_eq!(evaluated("TC(2:4)", 1..=10), Some(2.0));
        assert_eq!(evaluated("TS(80%:)", 1..=10), Some(19.0));
        assert_eq!(evaluated("IQM", 1..=4), Some(2.5));
    }

    #[test]
    fn percentiles_have_one_letter_and_up_to_many_decimals() {
        assert_eq!(
            "p99.99".parse::<Statistic>().unwrap(),
            Statistic::Percentile(99.99)
        );
        assert_eq!(
            "p0".parse::<Statistic>().unwrap(),
            Statistic::Percentile(0.0)
        );
    }

    #[test]
    fn what_is_no_statistic_is_refused() {
        for text in [
            "",
            "p",
            "p101",
            "p-1",
            "pNaN",
            "sum",
            "p(90)",
            "p(1%:2%)",
            "PR90",
            "PR(1%:2%)",
            "PR(:)",
            "PR(5:3)",
            "TM(",
            "TM(1:2",
            "wm98",
            "p99é",
        ] {
            assert!(text.parse::<Statistic>().is_err(), "{text:?} was taken");
        }
    }
}
