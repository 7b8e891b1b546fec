//! The samples of one metric in one period, exact.

/// A sorted multiset of samples.
///
/// Samples are whole numbers of a small unit (`scale` of them make 1 in the metric's own unit), so
/// that sums are exact and do not depend on how the samples were grouped before they were added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Distribution {
    /// Value and how often it occurred; rising values, each once.
    samples: Vec<(u32, u64)>,
    /// How many units make 1 in the metric's unit.
    scale: u32,
}

impl Distribution {
    /// Sorts and merges `samples`, given as value in units and number of occurrences.
    pub(crate) fn new(mut samples: Vec<(u32, u64)>, scale: u32) -> Self {
        samples.retain(|&(_, count)| count > 0);
        samples.sort_unstable_by_key(|&(value, _)| value);
        samples.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        Self { samples, scale }
    }

    /// Whether there is no sample at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// Number of samples.
    pub(crate) fn count(&self) -> u64 {
        self.samples.iter().map(|&(_, count)| count).sum()
    }

    /// Sum of all samples.
    pub(crate) fn sum(&self) -> f64 {
        let units: u128 = self
            .samples
            .iter()
            .map(|&(value, count)| u128::from(value) * u128::from(count))
            .sum();
        units as f64 / f64::from(self.scale)
    }

    /// Sum over number; `None` without samples.
    pub(crate) fn average(&self) -> Option<f64> {
        (!self.is_empty()).then(|| self.sum() / self.count() as f64)
    }

    /// The least sample.
    pub(crate) fn minimum(&self) -> Option<f64> {
        self.samples.first().map(|&(value, _)| self.in_unit(value))
    }

    /// The greatest sample.
    pub(crate) fn maximum(&self) -> Option<f64> {
        self.samples.last().map(|&(value, _)| self.in_unit(value))
    }

    /// The least sample that at least `percent` of all samples do not exceed (nearest rank).
    ///
    /// AWS does not publish how `CloudWatch` interpolates between samples. With every sample at
    /// hand the nearest rank needs no interpolation: it always is a duration that occurred.
    pub(crate) fn percentile(&self, percent: f64) -> Option<f64> {
        let rank = self.rank(percent).max(1);
        let mut seen = 0;
        self.samples
            .iter()
            .find(|&&(_, count)| {
                seen += count;
                seen >= rank
            })
            .map(|&(value, _)| self.in_unit(value))
    }

    /// The samples above `low` and up to `high`, in the metric's unit: AWS's bounds are exclusive
    /// below and inclusive above.
    pub(crate) fn between_values(&self, low: Option<f64>, high: Option<f64>) -> Self {
        let inside =
            |value: f64| low.is_none_or(|low| value > low) && high.is_none_or(|high| value <= high);
        let samples = self.samples.iter().copied();
        Self {
            samples: samples
                .filter(|&(value, _)| inside(self.in_unit(value)))
                .collect(),
            scale: self.scale,
        }
    }

    /// The samples from the `low`th to the `high`th percent of all of them, by rank.
    pub(crate) fn between_percents(&self, low: f64, high: f64) -> Self {
        let (first, last) = (self.rank(low), self.rank(high));
        let mut seen = 0;
        let keep = |&(value, count): &(u32, u64)| {
            let from = seen.max(first);
            seen += count;
            let kept = seen.min(last).saturating_sub(from);
            (kept > 0).then_some((value, kept))
        };
        Self {
            samples: self.samples.iter().filter_map(keep).collect(),
            scale: self.scale,
        }
    }

    /// How many of the samples `percent` of them are, rounded up.
    fn rank(&self, percent: f64) -> u64 {
        let exact = percent / 100.0 * self.count() as f64;
        // 99.9 / 100 * 1000 is a hair above 999: that hair is no sample.
        (exact - 1e-9 * exact.max(1.0)).ceil() as u64
    }

    fn in_unit(&self, value: u32) -> f64 {
        f64::from(value) / f64::from(self.scale)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn samples(values: impl IntoIterator<Item = u32>) -> Distribution {
        Distribution::new(values.into_iter().map(|value| (value, 1)).collect(), 1)
    }

    #[test]
    fn percentiles_are_samples_at_the_nearest_rank() {
        let hundred = samples(1..=100);
        assert_eq!(hundred.percentile(50.0), Some(50.0));
        assert_eq!(hundred.percentile(99.0), Some(99.0));
        assert_eq!(hundred.percentile(100.0), Some(100.0));
        assert_eq!(hundred.percentile(0.0), Some(1.0));
        assert_eq!(samples(1..=1000).percentile(99.9), Some(999.0));
        assert_eq!(samples([7]).percentile(1.0), Some(7.0));
    }

    #[test]
    fn without_samples_there_is_no_statistic_to_report() {
        let none = samples([]);
        assert!(none.is_empty());
        assert_eq!(none.percentile(50.0), None);
        assert_eq!(none.average(), None);
        assert_eq!(none.minimum(), None);
    }

    #[test]
    fn bounds_by_value_exclude_the_lower_and_include_the_upper() {
        let ten = samples(1..=10);
        assert_eq!(ten.between_values(Some(2.0), Some(5.0)), samples(3..=5));
        assert_eq!(ten.between_values(None, Some(3.0)), samples(1..=3));
        assert_eq!(ten.between_values(Some(9.0), None), samples([10]));
    }

    #[test]
    fn bounds_by_percent_cut_through_repeated_values() {
        let repeated = Distribution::new(vec![(1, 10), (2, 80), (3, 10)], 1);
        let middle = repeated.between_percents(5.0, 95.0);
        assert_eq!(middle, Distribution::new(vec![(1, 5), (2, 80), (3, 5)], 1));
    }

    proptest! {
        #[test]
        fn a_percentile_has_that_share_of_samples_at_or_below_it(
            values in prop::collection::vec(0_u32..50, 1..200),
            percent in 1_u32..=100,
        ) {
            let percentile = samples(values.clone()).percentile(f64::from(percent)).unwrap();
            let share = |limit: &dyn Fn(f64) -> bool| {
                values.iter().filter(|&&value| limit(f64::from(value))).count() as f64
                    / values.len() as f64 * 100.0
            };
            prop_assert!(share(&|value| value <= percentile) >= f64::from(percent) - 1e-6);
            prop_assert!(share(&|value| value < percentile) < f64::from(percent));
        }

        #[test]
        fn merging_keeps_count_and_sum(values in prop::collection::vec(0_u32..1_000_000, 0..200)) {
            let merged = Distribution::new(values.iter().map(|&value| (value, 1)).collect(), 100);
            let sum: u64 = values.iter().copied().map(u64::from).sum();
            prop_assert_eq!(merged.count(), values.len() as u64);
            prop_assert_eq!(merged.sum(), sum as f64 / 100.0);
        }
    }
}
