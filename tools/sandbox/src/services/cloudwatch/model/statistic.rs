//! What `MetricStat.Stat` may ask for.
//!
//! The names and bounds are those of "CloudWatch statistics definitions" in the `CloudWatch` user guide; how samples are
//! ranked is in [`distribution`].

use std::str::FromStr;

use super::distribution::{self, Distribution, Part};
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
    /// `wm98`, `WM(10%:90%)`: the mean, with what is outside the range moved to its ends.
    WinsorizedMean(Range),
    /// `tc90`, `TC(…)`: how many samples are in the range; may be a fraction.
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
    fn select(self, parts: &[Part]) -> Vec<Part> {
        match self {
            Self::Values(low, high) => distribution::between_values(parts, low, high),
            Self::Percents(low, high) => {
                let rank = |percent: f64| percent / 100.0 * distribution::count(parts);
                distribution::between_ranks(parts, rank(low), rank(high))
            }
        }
    }

    /// How many samples are below the range and how many are above, each with the end that it is moved to.
    fn outside(self, parts: &[Part]) -> [Option<(f64, f64)>; 2] {
        let all = distribution::count(parts);
        match self {
            Self::Values(low, high) => {
                let count = |low, high| {
                    distribution::count(&distribution::between_values(parts, low, high))
                };
                [
                    low.map(|low| (count(None, Some(low)), low)),
                    high.map(|high| (count(Some(high), None), high)),
                ]
            }
            Self::Percents(low, high) => {
                let (first, last) = (low / 100.0 * all, high / 100.0 * all);
                [
                    distribution::value_at(parts, first).map(|value| (first, value)),
                    distribution::value_at(parts, last).map(|value| (all - last, value)),
                ]
            }
        }
    }
}

impl Statistic {
    /// The statistic of these samples; `None` if it has no value: nothing in range, or samples whose ranks are not known.
    pub(crate) fn evaluate(self, samples: &Distribution) -> Option<f64> {
        let mean = |parts: &[Part]| {
            let count = distribution::count(parts);
            (count > 0.0).then(|| distribution::sum(parts) / count)
        };
        match self {
            Self::Sum => Some(samples.sum()),
            Self::Average => Some(samples.sum() / samples.count()),
            Self::Minimum => Some(samples.minimum()),
            Self::Maximum => Some(samples.maximum()),
            Self::SampleCount => Some(samples.count()),
            Self::Percentile(percent) => {
                distribution::value_at(&samples.parts()?, percent / 100.0 * samples.count())
            }
            Self::PercentileRank(range) => {
                let within = distribution::count(&range.select(&samples.parts()?));
                Some(within * 100.0 / samples.count())
            }
            Self::TrimmedMean(range) => mean(&range.select(&samples.parts()?)),
            Self::WinsorizedMean(range) => {
                let parts = samples.parts()?;
                let inside = distribution::sum(&range.select(&parts));
                let moved = range.outside(&parts).into_iter().flatten();
                let moved: f64 = moved.map(|(count, value)| count * value).sum();
                Some((inside + moved) / samples.count())
            }
            Self::TrimmedCount(range) => {
                Some(distribution::count(&range.select(&samples.parts()?)))
            }
            Self::TrimmedSum(range) => Some(distribution::sum(&range.select(&samples.parts()?))),
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
        ("wm", range) => Some(Statistic::WinsorizedMean(range)),
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
    use crate::services::cloudwatch::model::distribution::tests::samples;

    fn evaluated(text: &str, values: &[f64]) -> Option<f64> {
        let statistic = text.parse::<Statistic>().unwrap();
        statistic.evaluate(&samples(values.iter().copied()))
    }

    /// Zeros and ones are known one by one.
    const BITS: [f64; 10] = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0];

    #[test]
    fn simple_statistics() {
        let values = [6.0, 1.0, 2.0];
        assert_eq!(evaluated("Sum", &values), Some(9.0));
        assert_eq!(evaluated("Average", &values), Some(3.0));
        assert_eq!(evaluated("Minimum", &values), Some(1.0));
        assert_eq!(evaluated("Maximum", &values), Some(6.0));
        assert_eq!(evaluated("SampleCount", &values), Some(3.0));
    }

    #[test]
    fn percentile_rank_is_the_percentage_of_samples_in_range() {
        assert_eq!(evaluated("PR(:0)", &BITS), Some(60.0));
        assert_eq!(evaluated("PR(0:1)", &BITS), Some(40.0));
        assert_eq!(evaluated("PR(1:)", &BITS), Some(0.0));
        // One bucket from 100 to 104: a quarter of it is below 101.
        assert_eq!(evaluated("PR(:101)", &[100.0, 104.0]), Some(25.0));
    }

    #[test]
    fn a_trimmed_count_may_be_a_fraction() {
        assert_eq!(evaluated("tc95", &BITS), Some(9.5));
        assert_eq!(evaluated("TC(:101)", &[100.0, 104.0]), Some(0.5));
        assert_eq!(evaluated("TC(101:)", &[100.0, 104.0]), Some(1.5));
        assert_eq!(evaluated("TC(5:9)", &BITS), Some(0.0));
    }

    #[test]
    fn trimmed_statistics_look_at_the_range_only() {
        assert_eq!(evaluated("TM(50%:100%)", &BITS), Some(0.8));
        assert_eq!(evaluated("TS(50%:)", &BITS), Some(4.0));
        assert_eq!(evaluated("IQM", &BITS), Some(0.3));
        assert_eq!(evaluated("TM(:50)", &[60.0]), None);
    }

    #[test]
    fn a_winsorized_mean_moves_what_is_outside_to_the_ends() {
        // Those above 90% become the value at 90%, which is 1 already.
        assert_eq!(evaluated("wm90", &[0.0, 0.0, 1.0, 1.0]), Some(0.5));
        // The highest 10% become the value at 90%, a 0.
        let outlier = [[0.0; 19].as_slice(), &[1000.0]].concat();
        assert_eq!(evaluated("wm90", &outlier), Some(0.0));
        assert_eq!(evaluated("WM(1:5)", &[0.0, 8.0]), Some(3.0));
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
            "xm98",
            "p99é",
        ] {
            assert!(text.parse::<Statistic>().is_err(), "{text:?} was taken");
        }
    }
}
