//! Is the candidate worse in one metric? A test that holds when failures come in clumps.
//!
//! # The null
//!
//! Of a block of periods let `R_c = k_c / n_c` be the candidate's share of failures and `R_b = k_b / n_b` the
//! baseline's. The null says: *given the past, `R_c` is equal in law to `R_b`, or a mean-preserving spread of it.*
//! That is what two equally good versions give whose calls are divided by chance, however failures hang together
//! inside a period: the candidate's smaller share of the calls and environments averages over less, so that its
//! rate varies more around the same mean. Failures may come in clumps, a period may fail altogether, and every period
//! may have a law of its own.
//!
//! # The bet
//!
//! For a cap B let `d = min(R_c, B) − min(R_b, B)`. The cap is concave, so under the null `E d ≤ 0` (for a spread
//! by Jensen's inequality). `d` lies between −B and B. So for a λ between 0 and 1/B, fixed before the block is seen,
//!
//! ```text
//! 1 + λ d ≥ 0   and   E[1 + λ d] ≤ 1
//! ```
//!
//! The product over blocks is a nonnegative supermartingale that starts at 1: by Ville's inequality it ever reaches
//! 1/alpha with a probability of at most alpha, however often one looks. Money may be moved from one bet to another
//! between blocks by whatever is known then, and what is not bet stays as it is; so the sum of all bets is one too.
//! No block more than doubles it: a proof takes some periods, whatever they show. What is gross is the matter of
//! `circuit_breaker.rs`.
//!
//! # Who bets
//!
//! - **Every cap of a grid.** The first period has no past and divides its money evenly. From the second on it goes
//!   to the caps just above what the baseline fails and what a single failure of the candidate makes.
//! - **Two fractions of 1/B**: 1, which gains most when the difference is plain; and one that is learnt from the
//!   blocks before, `Σ x / Σ x²` with `x = d / B`, nearly the best there would have been (I. Waudby-Smith, A. Ramdas,
//!   "Estimating means of bounded random variables by betting", JRSS B 86 (2024) 1-27, section 5.3). It hardly bets
//!   where there is nothing to win.
//! - **Every start.** A candidate may turn bad late. Most of the money starts at once; the rest is spread over
//!   all later periods as `1/log2(t + 1) − 1/log2(t + 2)`, which sums to 1. A change of the weight is a new start,
//!   for all there is.
//!
//! # Blocks
//!
//! In a single period of a quiet function one failure of three calls would be cut off at the cap. So for each cap
//! periods are pooled until both versions have had so many calls that one failure is not far above it. When
//! a block ends depends on the numbers of calls alone, never on failures. A block that a change of the weight
//! interrupts is not bet on: counts of two weights are not to be added, and a step is over by time and calls alone.
//!
//! # Where it ends
//!
//! The clumps that the null allows lie inside a block. One environment that is sick for ten minutes fails in ten
//! blocks, and on the candidate's side these count as its fault. A baseline whose failures come in bursts beside a
//! candidate that fails evenly at the same mean is the less spread of the two: outside of the null. So is traffic
//! that is not divided by chance, and a candidate with the larger share. docs/figures.md has all of them measured.

use super::counts::{Block, Count};

/// What a period's share of failures is cut off at.
const CAPS: [f64; 10] = [0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.0];

/// How much of the money at a start bets at once.
const AT_ONCE: f64 = 0.85;

/// How much of a cap's money bets all it may; the rest what was learnt.
const BOLD: f64 = 0.4;

/// A block is over when each version has had so many calls, times the cap: a single failure is then at most 2.5 caps.
const ENOUGH_CALLS: f64 = 0.4;

/// The cap that is liked best: this many times the baseline's rate,
const RATES: f64 = 2.5;
/// or this share of what one failure of the candidate makes in a period, whichever is more,
const FAILURES: f64 = 0.6;
/// but no more than this, since a quiet function's periods are pooled.
const HIGHEST: f64 = 0.12;

/// How much less money a cap of twice, and one of half the size gets.
const TWICE: f64 = 0.45;
const HALF: f64 = 0.15;

/// Nothing is counted beyond: it is proven long before.
const MOST: f64 = 1e100;

/// The money of all bettors on one metric, who began with 1 between them.
#[derive(Debug, Clone)]
pub(super) struct Wealth {
    bettors: [Bettors; CAPS.len()],
    /// What waits for a later start.
    reserve: f64,
    /// Periods since the last change of the weight in which anything ran, and their sums.
    periods: u64,
    seen: Block,
}

impl Wealth {
    pub(super) fn new() -> Self {
        Self::with(1.0)
    }

    fn with(reserve: f64) -> Self {
        Self {
            bettors: CAPS.map(Bettors::new),
            reserve,
            periods: 0,
            seen: Block::default(),
        }
    }

    /// All there is: the e-value.
    pub(super) fn total(&self) -> f64 {
        self.reserve + self.bettors.iter().map(Bettors::total).sum::<f64>()
    }

    /// The candidate's share of the calls is another one from now on.
    pub(super) fn weight_changed(&mut self) {
        *self = Self::with(self.total());
    }

    /// Takes in one more period.
    pub(super) fn observe(&mut self, period: &Block) {
        if period.baseline.invocations() + period.candidate.invocations() <= 0.0 {
            return;
        }
        self.periods += 1;
        self.pay_in();
        for bettors in &mut self.bettors {
            bettors.observe(period);
        }
        self.seen = self.seen + *period;
    }

    /// Divides what starts now; at the second period also what was bet before anything was known.
    fn pay_in(&mut self) {
        let mut money = self.reserve * starting(self.periods);
        self.reserve -= money;
        if self.periods == 2 {
            money += self.bettors.iter_mut().map(Bettors::withdraw).sum::<f64>();
        }
        let shares = self.shares();
        for (bettors, share) in self.bettors.iter_mut().zip(shares) {
            bettors.pay_in(money * share);
        }
    }

    /// What share of new money each cap gets, by what was seen before.
    fn shares(&self) -> [f64; CAPS.len()] {
        if self.seen == Block::default() {
            return CAPS.map(|_| 1.0 / CAPS.len() as f64);
        }
        let baseline = self.seen.baseline;
        let rate = (baseline.failures() + 0.5) / (baseline.invocations() + 1.0);
        let a_failure = self.periods as f64 / self.seen.candidate.invocations();
        let best = (RATES * rate).max(FAILURES * a_failure).min(HIGHEST);
        let liked = CAPS.map(|cap| {
            let steps = (cap / best).log2();
            let less = if steps > 0.0 { TWICE } else { HALF };
            less.powf(steps.abs())
        });
        let all: f64 = liked.iter().sum();
        liked.map(|liked| liked / all)
    }
}

/// How much of the reserve starts with a period, counted from 1.
fn starting(period: u64) -> f64 {
    let later_than = |period: u64| 1.0 / (period as f64 + 2.0).log2();
    match period {
        1 => AT_ONCE,
        _ => 1.0 - later_than(period - 1) / later_than(period - 2),
    }
}

/// Those who bet on one cap.
#[derive(Debug, Clone)]
struct Bettors {
    cap: f64,
    block: Block,
    /// The money that bets all it may, and the money that bets what was learnt.
    bold: f64,
    careful: f64,
    /// Waits for the next block.
    arriving: f64,
    /// Of the blocks before, after one that was won: the sum of `d / B` and of its square.
    won: f64,
    squared: f64,
}

impl Bettors {
    fn new(cap: f64) -> Self {
        Self {
            cap,
            block: Block::default(),
            bold: 0.0,
            careful: 0.0,
            arriving: 0.0,
            won: 1.0,
            squared: 1.0,
        }
    }

    fn total(&self) -> f64 {
        self.bold + self.careful + self.arriving
    }

    fn is_between_blocks(&self) -> bool {
        self.block == Block::default()
    }

    /// Takes out what is not bet on a block that has begun.
    fn withdraw(&mut self) -> f64 {
        if !self.is_between_blocks() {
            return 0.0;
        }
        let all = self.total();
        (self.bold, self.careful, self.arriving) = (0.0, 0.0, 0.0);
        all
    }

    fn pay_in(&mut self, money: f64) {
        self.arriving += money;
        if self.is_between_blocks() {
            self.bold += BOLD * self.arriving;
            self.careful += (1.0 - BOLD) * self.arriving;
            self.arriving = 0.0;
        }
    }

    fn observe(&mut self, period: &Block) {
        self.block = self.block + *period;
        let Block {
            baseline,
            candidate,
        } = self.block;
        let fewer = baseline.invocations().min(candidate.invocations());
        if fewer * self.cap < ENOUGH_CALLS {
            return;
        }
        self.block = Block::default();
        let difference = difference(baseline, candidate, self.cap);
        let learnt = (self.won / self.squared).clamp(0.0, 1.0);
        self.bold = (self.bold * (1.0 + difference)).min(MOST);
        self.careful = (self.careful * (1.0 + learnt * difference)).min(MOST);
        self.won += difference;
        self.squared += difference * difference;
    }
}

/// `d / B` of versions that have both run.
fn difference(baseline: Count, candidate: Count, cap: f64) -> f64 {
    let capped = |count: Count| count.rate().unwrap_or_default().min(cap);
    (capped(candidate) - capped(baseline)) / cap
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(baseline: (u32, u32), candidate: (u32, u32)) -> Block {
        let count =
            |(invocations, failures): (u32, u32)| Count::new(invocations.into(), failures.into());
        Block {
            baseline: count(baseline),
            candidate: count(candidate),
        }
    }

    /// How often each number of failures happens among `n` calls.
    type Law = fn(u32) -> Vec<f64>;

    fn binomial(n: u32, p: f64) -> Vec<f64> {
        let choose = |k: u32| {
            (0..k)
                .map(|i| f64::from(n - i) / f64::from(i + 1))
                .product::<f64>()
        };
        (0..=n)
            .map(|k| choose(k) * p.powi(k as i32) * (1.0 - p).powi((n - k) as i32))
            .collect()
    }

    fn mix(one: Vec<f64>, other: Vec<f64>, share: f64) -> Vec<f64> {
        one.iter()
            .zip(other)
            .map(|(one, other)| (1.0 - share) * one + share * other)
            .collect()
    }

    /// Calls fail by themselves.
    fn independent(n: u32) -> Vec<f64> {
        binomial(n, 0.2)
    }

    /// Environments of three calls fail together.
    fn clumped(n: u32) -> Vec<f64> {
        let mut law = vec![0.0; n as usize + 1];
        for (sick, chance) in binomial(n / 3, 0.2).into_iter().enumerate() {
            law[3 * sick] = chance;
        }
        law
    }

    /// The rate is drawn for each version and period.
    fn over_dispersed(n: u32) -> Vec<f64> {
        mix(binomial(n, 0.02), binomial(n, 0.8), 0.25)
    }

    /// A tenth of the periods fails altogether on this version.
    fn sick_at_times(n: u32) -> Vec<f64> {
        mix(binomial(n, 0.1), binomial(n, 1.0), 0.1)
    }

    /// The expectation of the whole wealth after blocks of these sizes, over every course of both versions.
    fn expectation(wealth: &Wealth, sizes: &[(u32, u32)], [baseline, candidate]: [Law; 2]) -> f64 {
        let Some((&(n_b, n_c), rest)) = sizes.split_first() else {
            return wealth.total();
        };
        let mut sum = 0.0;
        for (k_b, chance_b) in (0..).zip(baseline(n_b)) {
            for (k_c, chance_c) in (0..).zip(candidate(n_c)) {
                if chance_b * chance_c > 0.0 {
                    let mut next = wealth.clone();
                    next.observe(&block((n_b, k_b), (n_c, k_c)));
                    sum += chance_b * chance_c * expectation(&next, rest, [baseline, candidate]);
                }
            }
        }
        sum
    }

    /// Blocks of one period, of two, and of many; the last ones of sizes that only some caps have enough of.
    const COURSES: [&[(u32, u32)]; 4] = [
        &[(12, 3), (12, 6), (9, 3)],
        &[(6, 6), (6, 3), (6, 6)],
        &[(3, 3), (3, 0), (0, 3), (6, 3), (3, 3)],
        &[(24, 3), (30, 6)],
    ];

    #[test]
    fn the_expectation_of_all_money_is_at_most_one_whatever_hangs_together_inside_a_block() {
        let laws: [Law; 4] = [independent, clumped, over_dispersed, sick_at_times];
        for law in laws {
            for sizes in COURSES {
                let mean = expectation(&Wealth::new(), sizes, [law; 2]);
                assert!(mean <= 1.0 + 1e-12, "{sizes:?}: {mean}");
                assert!(mean > 0.5, "{sizes:?}: {mean}");
            }
        }
        // A candidate with the same mean that varies more: a spread.
        for candidate in [clumped as Law, over_dispersed_with_the_mean_of_independent] {
            let mean = expectation(&Wealth::new(), COURSES[0], [independent, candidate]);
            assert!(mean <= 1.0 + 1e-12, "{mean}");
        }
    }

    fn over_dispersed_with_the_mean_of_independent(n: u32) -> Vec<f64> {
        mix(binomial(n, 0.0), binomial(n, 0.8), 0.25)
    }

    #[test]
    fn a_change_of_the_weight_in_a_block_creates_no_money() {
        let mut wealth = Wealth::new();
        wealth.observe(&block((12, 0), (3, 3)));
        let before = wealth.total();
        wealth.weight_changed();
        assert!((wealth.total() - before).abs() < 1e-12);
        let mean = expectation(&wealth, COURSES[1], [clumped; 2]);
        assert!(mean <= before + 1e-12, "{mean}");
    }

    /// Outside of the null, as documented: the baseline's failures come in bursts and the candidate's do not.
    #[test]
    fn a_baseline_of_bursts_beside_a_steady_candidate_of_the_same_mean_makes_money() {
        let bursts: Law = |n| mix(binomial(n, 0.0), binomial(n, 1.0), 0.2);
        let mean = expectation(&Wealth::new(), &[(12, 6); 3], [bursts, independent]);
        assert!(mean > 1.1, "{mean}");
    }

    /// And a candidate with more calls than its baseline varies less.
    #[test]
    fn a_candidate_with_the_larger_share_makes_money_without_being_worse() {
        let mean = expectation(&Wealth::new(), &[(3, 24); 2], [independent; 2]);
        assert!(mean > 1.01, "{mean}");
    }

    #[test]
    fn the_shares_of_all_starts_sum_to_one() {
        let (mut reserve, mut sum) = (1.0, 0.0);
        for period in 1..=1_000 {
            let starts = reserve * starting(period);
            (reserve, sum) = (reserve - starts, sum + starts);
            assert!(
                starts > 0.0 && (sum + reserve - 1.0).abs() < 1e-12,
                "{period}"
            );
        }
    }

    #[test]
    fn periods_of_a_quiet_function_are_pooled_and_in_the_order_of_calls_alone() {
        let found = |periods: &[Block]| {
            let mut wealth = Wealth::new();
            periods.iter().for_each(|period| wealth.observe(period));
            wealth.total()
        };
        // Every third call of the candidate fails; its calls come one by one, and the baseline's between them.
        let one_by_one = (0..90).map(|index| match index % 3 {
            0 => block((0, 0), (1, u32::from(index % 9 == 0))),
            _ => block((1, 0), (0, 0)),
        });
        let total = found(&one_by_one.collect::<Vec<_>>());
        assert!(total > 20.0, "{total}");
        let nothing = found(&[block((0, 0), (0, 0)); 50]);
        assert!((nothing - 1.0).abs() < 1e-12);
    }

    #[test]
    fn no_period_more_than_doubles_the_money() {
        let mut wealth = Wealth::new();
        let mut before = 1.0;
        for period in 1..=12 {
            wealth.observe(&block((10_000, 0), (10_000, 10_000)));
            let total = wealth.total();
            assert!(total <= 2.0 * before + 1e-12);
            assert_eq!(total >= 40.0, period >= 6, "{period}: {total}");
            before = total;
        }
    }

    #[test]
    fn a_burst_that_hits_both_versions_alike_proves_nothing() {
        let quiet = block((950, 1), (50, 0));
        let burst = block((950, 380), (50, 20));
        let mut wealth = Wealth::new();
        for period in [quiet, quiet, burst, burst, quiet] {
            wealth.observe(&period);
            assert!(wealth.total() < 2.0, "{}", wealth.total());
        }
    }
}
