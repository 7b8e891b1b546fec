//! The samples of one metric in one period, as far as CloudWatch keeps them.
//!
//! # What is known of CloudWatch
//! Count, sum, minimum and maximum are exact. The samples themselves are kept in buckets, of which each ends at 1.1 times
//! where it begins, with a bucket of its own for zero: so count the bins of AWS's own histogram of any metric
//! (aws-samples/cloudwatch-data-source-samples) and the distribution `seh1` of the CloudWatch agent. A trimmed count may be
//! a fraction, because CloudWatch interpolates inside a bucket ("CloudWatch statistics definitions"). There are no
//! percentiles of negative values, nor of a set of statistics unless all its samples are equal ("Percentiles" in
//! "Metrics concepts").
//!
//! # What is a model here
//! AWS does not say how it interpolates. Here the samples of a bucket lie evenly between its ends, and between minimum and
//! maximum where these lie inside of it. So samples that are all equal have exact statistics, and other percentiles and
//! trimmed statistics may be wrong by a bucket's width, 10%.

/// The number of the bucket for zero.
const ZERO: i16 = i16::MIN;

/// `ln 1.1`, the width of a bucket on a logarithmic scale.
const WIDTH: f64 = 0.095_310_179_804_324_87;

/// What is kept of some samples.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Distribution {
    /// Samples may be counted in fractions, as in `PutMetricData`.
    count: f64,
    sum: f64,
    minimum: f64,
    maximum: f64,
    kept: Kept,
}

/// What is kept of the samples beside count, sum, minimum and maximum.
#[derive(Debug, Clone, PartialEq)]
enum Kept {
    /// All are equal to minimum and maximum.
    Equal,
    /// How many samples are in which bucket, by rising numbers.
    Buckets(Vec<(i16, f64)>),
    /// They came as a set of statistics, or some are negative.
    Nothing,
}

/// Samples that lie evenly between two values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Part {
    low: f64,
    high: f64,
    count: f64,
}

impl Distribution {
    /// So many samples of one value.
    pub(crate) const fn of(value: f64, count: f64) -> Self {
        Self {
            count,
            sum: value * count,
            minimum: value,
            maximum: value,
            kept: Kept::Equal,
        }
    }

    /// A set of statistics.
    pub(crate) fn of_statistics(count: f64, sum: f64, minimum: f64, maximum: f64) -> Self {
        let equal = minimum == maximum && sum == minimum * count;
        Self {
            count,
            sum,
            minimum,
            maximum,
            kept: if equal { Kept::Equal } else { Kept::Nothing },
        }
    }

    /// Adds the samples of another one.
    pub(crate) fn add(&mut self, other: &Self) {
        if self.kept != Kept::Equal || other.kept != Kept::Equal || self.minimum != other.minimum {
            self.kept = self.kept_with(other);
        }
        self.count += other.count;
        self.sum += other.sum;
        self.minimum = self.minimum.min(other.minimum);
        self.maximum = self.maximum.max(other.maximum);
    }

    fn kept_with(&mut self, other: &Self) -> Kept {
        let (Some(mut buckets), Some(more)) = (self.take_buckets(), other.buckets()) else {
            return Kept::Nothing;
        };
        for &(number, count) in more.as_ref() {
            match buckets.binary_search_by_key(&number, |&(known, _)| known) {
                Ok(place) => buckets[place].1 += count,
                Err(place) => {
                    // There are many of these lists, and they are short.
                    buckets.reserve_exact(1);
                    buckets.insert(place, (number, count));
                }
            }
        }
        Kept::Buckets(buckets)
    }

    fn take_buckets(&mut self) -> Option<Vec<(i16, f64)>> {
        match std::mem::replace(&mut self.kept, Kept::Nothing) {
            Kept::Buckets(buckets) => Some(buckets),
            Kept::Equal => Some(vec![(bucket(self.minimum)?, self.count)]),
            Kept::Nothing => None,
        }
    }

    fn buckets(&self) -> Option<std::borrow::Cow<'_, [(i16, f64)]>> {
        match &self.kept {
            Kept::Buckets(buckets) => Some(buckets.into()),
            Kept::Equal => Some(vec![(bucket(self.minimum)?, self.count)].into()),
            Kept::Nothing => None,
        }
    }

    pub(crate) const fn count(&self) -> f64 {
        self.count
    }

    pub(crate) const fn sum(&self) -> f64 {
        self.sum
    }

    pub(crate) const fn minimum(&self) -> f64 {
        self.minimum
    }

    pub(crate) const fn maximum(&self) -> f64 {
        self.maximum
    }

    /// The samples by rising value; `None` when they are not known.
    pub(crate) fn parts(&self) -> Option<Vec<Part>> {
        if self.minimum < 0.0 {
            return None;
        }
        let part = |low: f64, high: f64, count| Part {
            low,
            high: high.max(low),
            count,
        };
        match &self.kept {
            Kept::Equal => Some(vec![part(self.minimum, self.minimum, self.count)]),
            Kept::Buckets(buckets) => Some(
                buckets
                    .iter()
                    .map(|&(number, count)| {
                        if number == ZERO {
                            return part(0.0, 0.0, count);
                        }
                        let end = |number: f64| (number * WIDTH).exp();
                        let low = end(f64::from(number)).max(self.minimum);
                        part(low, end(f64::from(number) + 1.0).min(self.maximum), count)
                    })
                    .collect(),
            ),
            Kept::Nothing => None,
        }
    }
}

/// The number of a value's bucket; a negative value has none.
fn bucket(value: f64) -> Option<i16> {
    if value == 0.0 {
        return Some(ZERO);
    }
    // Values are below 2^360, whose bucket is number 2618.
    (value > 0.0).then(|| (value.ln() / WIDTH).floor() as i16)
}

/// The value that so many samples do not exceed; the parts must not be empty.
pub(crate) fn value_at(parts: &[Part], rank: f64) -> Option<f64> {
    let mut below = 0.0;
    for part in parts {
        if rank <= below + part.count {
            return Some(part.value_at(rank - below));
        }
        below += part.count;
    }
    parts.last().map(|part| part.high)
}

/// The samples above `low` and up to `high`: AWS's bounds are exclusive below and inclusive above.
pub(crate) fn between_values(parts: &[Part], low: Option<f64>, high: Option<f64>) -> Vec<Part> {
    let (low, high) = (
        low.unwrap_or(f64::NEG_INFINITY),
        high.unwrap_or(f64::INFINITY),
    );
    let cut = |part: &Part| {
        if part.low == part.high {
            return (part.low > low && part.low <= high).then_some(*part);
        }
        let (from, to) = (part.low.max(low), part.high.min(high));
        (from < to).then(|| Part {
            low: from,
            high: to,
            count: part.count * (to - from) / (part.high - part.low),
        })
    };
    parts.iter().filter_map(cut).collect()
}

/// The samples from one rank to another.
pub(crate) fn between_ranks(parts: &[Part], first: f64, last: f64) -> Vec<Part> {
    let mut below = 0.0;
    let cut = |part: &Part| {
        let (from, to) = ((first - below).max(0.0), (last - below).min(part.count));
        below += part.count;
        (from < to).then(|| Part {
            low: part.value_at(from),
            high: part.value_at(to),
            count: to - from,
        })
    };
    parts.iter().filter_map(cut).collect()
}

/// How many samples there are.
pub(crate) fn count(parts: &[Part]) -> f64 {
    parts.iter().map(|part| part.count).sum()
}

/// What they come to together.
pub(crate) fn sum(parts: &[Part]) -> f64 {
    let sum = |part: &Part| part.count * f64::midpoint(part.low, part.high);
    parts.iter().map(sum).sum()
}

impl Part {
    fn value_at(&self, rank: f64) -> f64 {
        self.low + (self.high - self.low) * (rank / self.count).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One sample of each value.
    pub(crate) fn samples(values: impl IntoIterator<Item = f64>) -> Distribution {
        let each = values.into_iter().map(|value| Distribution::of(value, 1.0));
        let all = each.reduce(|mut all, one| {
            all.add(&one);
            all
        });
        all.unwrap()
    }

    fn percentile(samples: &Distribution, percent: f64) -> Option<f64> {
        value_at(&samples.parts()?, percent / 100.0 * samples.count())
    }

    #[test]
    fn equal_samples_have_exact_percentiles() {
        let equal = samples([7.0; 9]);
        for percent in [0.0, 50.0, 99.9, 100.0] {
            assert_eq!(percentile(&equal, percent), Some(7.0));
        }
    }

    #[test]
    fn a_percentile_is_interpolated_within_a_bucket() {
        // Both are in the bucket from 1 to 1.1, that is cut to where the samples are.
        let two = samples([1.02, 1.06]);
        assert_eq!(percentile(&two, 0.0), Some(1.02));
        assert!((percentile(&two, 50.0).unwrap() - 1.04).abs() < 1e-9);
        assert_eq!(percentile(&two, 100.0), Some(1.06));
    }

    #[test]
    fn a_count_by_value_has_fractions_where_the_bound_cuts_a_bucket() {
        let two = samples([1.02, 1.06]);
        let parts = two.parts().unwrap();
        let up_to = |high| count(&between_values(&parts, None, Some(high)));
        assert!((up_to(1.03) - 0.5).abs() < 1e-9);
        assert_eq!(up_to(1.01), 0.0);
        assert_eq!(up_to(2.0), 2.0);
    }

    #[test]
    fn bounds_by_value_exclude_the_lower_and_include_the_upper() {
        // Zeros and ones are known one by one, as those of Errors are.
        let parts = samples([0.0, 0.0, 1.0]).parts().unwrap();
        assert_eq!(count(&between_values(&parts, Some(0.0), None)), 1.0);
        assert_eq!(count(&between_values(&parts, None, Some(0.0))), 2.0);
        assert_eq!(count(&between_values(&parts, Some(1.0), None)), 0.0);
    }

    #[test]
    fn of_negative_values_and_sets_of_statistics_only_the_simple_statistics_are_known() {
        let negative = samples([-1.0, 2.0]);
        assert_eq!(negative.parts(), None);
        assert_eq!((negative.minimum(), negative.sum()), (-1.0, 1.0));
        let mut set = Distribution::of_statistics(3.0, 6.0, 1.0, 3.0);
        assert_eq!(set.parts(), None);
        set.add(&Distribution::of(9.0, 1.0));
        assert_eq!((set.parts(), set.maximum()), (None, 9.0));
        let equal = Distribution::of_statistics(3.0, 6.0, 2.0, 2.0);
        assert_eq!(percentile(&equal, 50.0), Some(2.0));
    }

    #[test]
    fn a_bucket_is_a_tenth_wider_than_where_it_begins() {
        assert_eq!(bucket(1.0), Some(0));
        assert_eq!(bucket(1.0999), Some(0));
        assert_eq!(bucket(1.1001), Some(1));
        assert_eq!(bucket(0.99), Some(-1));
        assert_eq!(bucket(0.0), Some(ZERO));
        assert_eq!(bucket(2_f64.powi(360)), Some(2618));
    }

    proptest! {
        #[test]
        fn percentiles_are_within_a_bucket_of_the_nearest_rank(
            values in prop::collection::vec(0.1_f64..10_000.0, 1..200),
            percent in 1_u32..=100,
        ) {
            let found = percentile(&samples(values.clone()), f64::from(percent)).unwrap();
            let mut sorted = values;
            sorted.sort_by(f64::total_cmp);
            let rank = (f64::from(percent) / 100.0 * sorted.len() as f64).ceil().max(1.0);
            let nearest = sorted[rank as usize - 1];
            prop_assert!(found >= nearest / 1.1001 && found <= nearest * 1.1001, "{found} {nearest}");
        }

        #[test]
        fn merged_samples_are_those_of_both(
            left in prop::collection::vec(0.0_f64..1000.0, 1..50),
            right in prop::collection::vec(0.0_f64..1000.0, 1..50),
        ) {
            let mut merged = samples(left.clone());
            merged.add(&samples(right.clone()));
            let all = samples(left.into_iter().chain(right));
            prop_assert_eq!(merged.count(), all.count());
            prop_assert!((merged.sum() - all.sum()).abs() < 1e-6);
            prop_assert_eq!(merged.parts(), all.parts());
        }

        #[test]
        fn both_sides_of_a_bound_make_up_the_whole(
            values in prop::collection::vec(0.0_f64..100.0, 1..50),
            bound in 0.1_f64..100.0,
        ) {
            let all = samples(values);
            let parts = all.parts().unwrap();
            let below = count(&between_values(&parts, None, Some(bound)));
            let above = count(&between_values(&parts, Some(bound), None));
            prop_assert!((below + above - all.count()).abs() < 1e-6);
            let (first, last) = (count(&between_ranks(&parts, 0.0, below)), all.count());
            prop_assert!((first - below).abs() < 1e-6);
            prop_assert!((count(&between_ranks(&parts, below, last)) - above).abs() < 1e-6);
        }
    }
}
