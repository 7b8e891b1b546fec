//! By what factor the versions differ: an interval that holds however often one looks.

use super::interval::{Interval, Total, grid, is_rejected, samples, with_foresight};

/// The largest ratio that is looked at, and the reciprocal of the smallest.
const WIDEST_RATIO: f64 = 1_000.0;

/// The interval of candidate mean / baseline mean of a quantity between 0 and 1, from all
/// periods in which both versions ran; `None` as long as there is no bound between 1/1000 and 1000 on either side.
///
/// "The ratio is ρ" says that the means of the candidate and of ρ times the baseline are equal, or,
/// to stay below 1, those of the candidate through ρ and of the baseline. So each ρ is tested as a
/// difference of 0 after scaling one version, and the interval covers for the same reason as those of differences.
#[must_use]
pub fn ratio_of_means(
    periods: impl IntoIterator<Item = [Total; 2]>,
    alpha: f64,
) -> Option<Interval> {
    let periods: Vec<_> = periods.into_iter().collect();
    let ln_threshold = (2.0 / alpha).ln();
    let ratio = |side: f64, outside: f64| (side * outside * WIDEST_RATIO.ln()).exp();
    let bound = |side: f64| {
        grid()
            .map(|outside| ratio(side, outside))
            .take_while(|&ratio| {
                let looks = with_foresight(samples(periods.iter().map(|p| scaled(p, ratio))));
                is_rejected(&looks, side, 0.0, ln_threshold)
            })
            .last()
    };
    Some(Interval {
        low: bound(-1.0)?,
        high: bound(1.0)?,
    })
}

/// The baseline times the ratio, or the candidate through it: whichever stays below 1.
fn scaled([baseline, candidate]: &[Total; 2], ratio: f64) -> [Total; 2] {
    let times = |total: &Total, factor: f64| Total {
        invocations: total.invocations,
        sum: total.sum * factor,
    };
    [
        times(baseline, ratio.min(1.0)),
        times(candidate, ratio.recip().min(1.0)),
    ]
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};
    use rand_distr::{Distribution, Uniform};

    use super::*;

    const ALPHA: f64 = 0.05;

    fn total(rng: &mut StdRng, invocations: u64, low: f64, high: f64) -> Total {
        let each = Uniform::new(low, high).expect("a range");
        let sum = (0..invocations).map(|_| each.sample(rng)).sum();
        Total {
            invocations: invocations as f64,
            sum,
        }
    }

    #[test]
    fn the_ratio_of_two_means_is_covered() {
        for (scale, truth) in [(1.0, 1.0), (0.8, 0.8), (1.5, 1.5)] {
            let covers = |seed| {
                let rng = &mut StdRng::seed_from_u64(seed);
                let periods: Vec<_> = (0..40)
                    .map(|_| {
                        [
                            total(rng, 200, 0.1, 0.5),
                            total(rng, 100, 0.1 * scale, 0.5 * scale),
                        ]
                    })
                    .collect();
                let Interval { low, high } = ratio_of_means(periods, ALPHA).expect("bounds");
                (low..=high).contains(&truth)
            };
            let missed = (0..50).filter(|seed| !covers(*seed)).count();
            assert!(missed <= 3, "{truth}: {missed} of 50 missed");
        }
    }

    #[test]
    fn it_narrows_to_the_ratio() {
        let period = |mean: f64, invocations: u64| Total {
            invocations: invocations as f64,
            sum: mean * invocations as f64,
        };
        let of = |periods| {
            let each = [period(0.2, 9_000), period(0.16, 1_000)];
            ratio_of_means(std::iter::repeat_n(each, periods), ALPHA).expect("bounds")
        };
        let (hour, day) = (of(60), of(720));
        assert!(hour.low < 0.8 && 0.8 < hour.high, "{hour:?}");
        assert!(day.low > hour.low && day.high < hour.high, "{day:?}");
        assert!(day.low > 0.78 && day.high < 0.82, "{day:?}");
    }

    #[test]
    fn without_a_bound_there_is_no_interval() {
        assert_eq!(ratio_of_means([], ALPHA), None);
        let idle = Total {
            invocations: 10.0,
            sum: 0.0,
        };
        assert_eq!(ratio_of_means([[idle; 2]; 5], ALPHA), None);
    }
}
