//! Which alternatives a test bets on, and from which period on.
//!
//! Any choice that is fixed before the data are seen is valid; these are chosen for power over
//! the error rates that services have, and each costs at most the logarithm of its share.

use super::e_variable::{Alternative, Rates};

/// Baseline rates: three a decade, from one in 100,000 to about a half.
const BASELINE_RATES: i32 = 15;

/// How many times the baseline's odds a worse candidate's odds are.
const WORSE_ODDS: [f64; 9] = [1.5, 2.5, 5.0, 15.0, 50.0, 200.0, 1e3, 1e4, 1e5];

/// Smaller differences would need more traffic than a rollout ever sees.
const LEAST_DIFFERENCE: f64 = 1e-4;

/// What a test bets on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bet {
    /// The candidate fails more often than the baseline.
    Worse,
    /// The candidate fails as often as the baseline, or half as often.
    AsGood,
}

impl Bet {
    /// The alternatives, all with the same share of the prior.
    pub(super) fn alternatives(self) -> Vec<Alternative> {
        let rates: Vec<Rates> = match self {
            Self::Worse => baseline_rates().flat_map(worse_than).collect(),
            Self::AsGood => baseline_rates()
                .flat_map(|baseline| {
                    [baseline, baseline / 2.0].map(|candidate| Rates {
                        baseline,
                        candidate,
                    })
                })
                .collect(),
        };
        rates.into_iter().map(Alternative::new).collect()
    }

    /// The share of the prior on "from the `period`-th comparable period on", counted from 1.
    ///
    /// A candidate may turn bad in mid-rollout, when its share of the traffic grows or a cache
    /// expires. A bet that had to run from the first period would have lost all that it had by then.
    /// So half of the prior starts at once, and the other half is spread over all later starts as
    /// `1/log2(t + 1) − 1/log2(t + 2)`, which sums to 1. "As good" must hold throughout.
    pub(super) fn share_of_start(self, period: u64) -> f64 {
        let at_once = if period == 1 { 1.0 } else { 0.0 };
        match self {
            Self::AsGood => at_once,
            Self::Worse => 0.5 * at_once + 0.5 * (later_than(period - 1) - later_than(period)),
        }
    }

    /// The share of the prior on all starts after the `period`-th.
    pub(super) fn share_of_later_starts(self, period: u64) -> f64 {
        match self {
            Self::AsGood if period == 0 => 1.0,
            Self::AsGood => 0.0,
            Self::Worse if period == 0 => 1.0,
            Self::Worse => 0.5 * later_than(period),
        }
    }
}

fn later_than(period: u64) -> f64 {
    1.0 / (period as f64 + 2.0).log2()
}

fn baseline_rates() -> impl Iterator<Item = f64> {
    (0..BASELINE_RATES).map(|third| 10f64.powf(f64::from(third) / 3.0 - 5.0))
}

fn worse_than(baseline: f64) -> impl Iterator<Item = Rates> {
    WORSE_ODDS.into_iter().filter_map(move |ratio| {
        let candidate = ratio * baseline / (1.0 - baseline + ratio * baseline);
        (candidate - baseline >= LEAST_DIFFERENCE).then_some(Rates {
            baseline,
            candidate,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_of_all_starts_sum_to_one() {
        for bet in [Bet::Worse, Bet::AsGood] {
            let mut sum = 0.0;
            for period in 1..=1_000 {
                sum += bet.share_of_start(period);
                let all = sum + bet.share_of_later_starts(period);
                assert!((all - 1.0).abs() < 1e-12, "{bet:?} at {period}: {all}");
            }
        }
    }
}
