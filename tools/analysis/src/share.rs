//! Whether the candidate gets the share of the calls that its weight says.
//!
//! A call goes to the candidate with the probability w, the weight, whatever came before. Against that null
//! the likelihood ratio of any other share is a test martingale, since each period's weight is fixed before
//! the period is seen; a mean of several is one too, and by Ville's inequality reaches `1/alpha` with a
//! probability of at most alpha, ever. The alternatives multiply the odds of w. When the share is wrong (a
//! sample ratio mismatch), the routing is not by chance alone, and no comparison of the versions holds.

use super::e_variable::ln_sum;

/// What the odds of the candidate's weight are multiplied by in the alternatives: nothing arrives, half, two
/// thirds, one and a half times, twice.
const ODDS: [f64; 5] = [0.0, 0.5, 2.0 / 3.0, 1.5, 2.0];

/// The sequential test of the share.
#[derive(Debug, Clone)]
pub struct ShareTest {
    /// The logarithm of each alternative's likelihood ratio.
    ln_ratios: [f64; ODDS.len()],
    ln_threshold: f64,
    calls: f64,
    expected: f64,
    candidate: f64,
    proven: bool,
}

/// What the test has seen.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Share {
    /// Calls of both versions.
    pub calls: f64,
    /// Calls of the candidate.
    pub candidate: f64,
    /// Calls of the candidate that its weight makes one expect.
    pub expected: f64,
}

impl ShareTest {
    /// A test that has seen nothing; `alpha` is the probability of a false alarm, ever.
    #[must_use]
    pub fn new(alpha: f64) -> Self {
        Self {
            ln_ratios: [0.0; ODDS.len()],
            ln_threshold: -alpha.ln(),
            calls: 0.0,
            expected: 0.0,
            candidate: 0.0,
            proven: false,
        }
    }

    /// Takes in a period in which the candidate had this weight, above 0 and below 1.
    pub fn observe(&mut self, weight: f64, baseline: f64, candidate: f64) {
        self.calls += baseline + candidate;
        self.candidate += candidate;
        self.expected += (baseline + candidate) * weight;
        for (ln_ratio, odds) in self.ln_ratios.iter_mut().zip(ODDS) {
            let share = odds * weight / (1.0 - weight + odds * weight);
            if candidate > 0.0 {
                *ln_ratio += candidate * (share / weight).ln();
            }
            *ln_ratio += baseline * ((1.0 - share) / (1.0 - weight)).ln();
        }
        let ln_mean = ln_sum(self.ln_ratios.into_iter()) - (ODDS.len() as f64).ln();
        self.proven |= ln_mean >= self.ln_threshold;
    }

    /// What it has seen, once that is not the share that the weight says.
    #[must_use]
    pub fn mismatch(&self) -> Option<Share> {
        self.proven.then_some(Share {
            calls: self.calls,
            candidate: self.candidate,
            expected: self.expected,
        })
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng as _, rngs::StdRng};
    use rand_distr::{Binomial, Distribution as _};

    use super::*;

    const ALPHA: f64 = 0.01;

    /// How many of 1,000 rollouts are stopped whose candidate gets `share` at `weight`, in 500 periods of 20 calls.
    fn stopped(weight: f64, share: f64) -> usize {
        let stopped = |seed: &u64| {
            let mut rng = StdRng::seed_from_u64(*seed);
            let calls = Binomial::new(20, share).expect("a probability");
            let mut test = ShareTest::new(ALPHA);
            (0..500).any(|_| {
                let candidate = calls.sample(&mut rng) as f64;
                test.observe(weight, 20.0 - candidate, candidate);
                test.mismatch().is_some()
            })
        };
        (0..1_000_u64).filter(stopped).count()
    }

    #[test]
    fn the_right_share_is_stopped_no_more_often_than_alpha_allows() {
        for weight in [0.05, 0.25, 0.5] {
            let stopped = stopped(weight, weight);
            assert!(stopped <= 10, "{weight}: {stopped} of 1000");
        }
    }

    #[test]
    fn half_and_twice_the_share_are_found() {
        for weight in [0.05, 0.25] {
            for share in [weight / 2.0, weight * 2.0] {
                assert!(stopped(weight, share) >= 990, "{weight}: {share}");
            }
        }
    }

    #[test]
    fn a_candidate_that_gets_nothing_is_found_within_some_hundred_calls() {
        let mut test = ShareTest::new(1e-4);
        test.observe(0.05, 100.0, 0.0);
        assert_eq!(test.mismatch(), None);
        test.observe(0.05, 200.0, 0.0);
        let share = test.mismatch().expect("is found");
        assert_eq!(
            (share.calls, share.candidate, share.expected),
            (300.0, 0.0, 15.0)
        );
    }
}
