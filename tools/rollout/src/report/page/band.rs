//! A band around a rate that holds at all times at once.
//!
//! For a rate p, `M(p) = B(k + ½, n − k + ½) / B(½, ½) / (p^k (1 − p)^(n − k))` after k failures in n
//! invocations is a mixture of likelihood ratios against p with Jeffreys' prior: a martingale that
//! starts at 1 when p is the truth. By Ville's inequality it ever reaches 1/alpha with a probability
//! of at most alpha, so that all p with `M(p) < 1/alpha` are a confidence sequence (H. Robbins,
//! "Statistical methods related to the law of the iterated logarithm", Annals of Mathematical
//! Statistics 41 (1970) 1397-1409; S. Howard, A. Ramdas, J. McAuliffe, J. Sekhon, "Time-uniform,
//! nonparametric, nonasymptotic confidence sequences", Annals of Statistics 49 (2021) 1055-1080).
//! It is about a rate that stays the same.

use statrs::function::beta::ln_beta;

use analysis::{Count, Interval};

/// The band after these invocations and failures; the whole range before the first one.
pub(super) fn band(count: Count, alpha: f64) -> Interval {
    let Some(rate) = count.rate() else {
        return Interval {
            low: 0.0,
            high: 1.0,
        };
    };
    let is_outside = |p: f64| is_outside(count, p, alpha);
    Interval {
        low: if rate > 0.0 {
            edge(rate, 0.0, is_outside)
        } else {
            0.0
        },
        high: if rate < 1.0 {
            edge(rate, 1.0, is_outside)
        } else {
            1.0
        },
    }
}

/// Whether a rate is rejected after these invocations and failures.
fn is_outside(count: Count, p: f64, alpha: f64) -> bool {
    ln_mixture(count, p) >= -alpha.ln()
}

fn ln_mixture(count: Count, p: f64) -> f64 {
    let failures = count.failures();
    let successes = count.invocations() - failures;
    let ln_likelihood = times_ln(failures, p) + times_ln(successes, 1.0 - p);
    ln_beta(failures + 0.5, successes + 0.5) - ln_beta(0.5, 0.5) - ln_likelihood
}

/// `n ln p`, where nothing times anything is nothing.
fn times_ln(n: f64, p: f64) -> f64 {
    if n == 0.0 { 0.0 } else { n * p.ln() }
}

/// Where the inside ends between a rate that is in it and a bound: the mixture is convex in p.
fn edge(mut inside: f64, mut outside: f64, is_outside: impl Fn(f64) -> bool) -> f64 {
    const HALVINGS: usize = 50;
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(inside, outside);
        if is_outside(middle) {
            outside = middle;
        } else {
            inside = middle;
        }
    }
    outside
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    /// `PyPI` savvi 0.3.1: `Multinomial(0.05, [0.5, 0.5], k=1)`, whose prior is the same, after `update([k, n - k])`;
    /// `calculate_conf_int()[0]` to the digits that its solver gives.
    #[test]
    fn the_band_is_that_of_savvi() {
        for (n, k, low, high) in [
            (100, 3, 0.001_88, 0.122_95),
            (1_000, 50, 0.028_72, 0.079_24),
            (20_000, 1, 0.0, 0.000_58),
            (400, 200, 0.412_52, 0.587_48),
        ] {
            let ours = band(Count::new(n, k), 0.05);
            let difference = (ours.low - low).abs().max((ours.high - high).abs());
            assert!(difference < 1e-5, "{n} {k}: {ours:?}");
        }
    }

    #[test]
    fn the_band_misses_the_rate_at_any_time_in_less_than_5_of_100_streams() {
        const STREAMS: u64 = 400;
        for rate in [0.001, 0.02, 0.3] {
            let ever_misses = |seed| {
                let mut rng = StdRng::seed_from_u64(seed);
                let mut failures = 0;
                (1..=2_000).any(|n| {
                    failures += u64::from(rng.random_bool(rate));
                    is_outside(Count::new(n, failures), rate, 0.05)
                })
            };
            let missed = (0..STREAMS).filter(|seed| ever_misses(*seed)).count();
            assert!(missed <= 20, "{rate}: {missed} of {STREAMS}");
        }
    }

    #[test]
    fn before_the_first_invocation_every_rate_is_possible() {
        let Interval { low, high } = band(Count::new(0, 0), 0.05);
        assert_eq!((low, high), (0.0, 1.0));
    }

    proptest! {
        #[test]
        fn the_band_holds_the_rate_that_was_seen(n in 1_u64..10_000_000, part in 0.0..=1.0_f64) {
            let count = Count::new(n, (n as f64 * part) as u64);
            let Interval { low, high } = band(count, 0.05);
            let rate = count.rate().expect("a rate");
            prop_assert!(0.0 <= low && low <= rate && rate <= high && high <= 1.0);
        }

        #[test]
        fn more_invocations_at_the_same_rate_make_it_narrower(n in 1_u64..100_000, k in 0_u64..100) {
            let width = |times: u64| {
                let Interval { low, high } = band(Count::new(n.max(k) * times, k * times), 0.05);
                high - low
            };
            prop_assert!(width(4) < width(1));
        }
    }
}
