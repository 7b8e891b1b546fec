//! What the analysis promises, on seeded simulated rollouts that are looked at after every period.
#![expect(clippy::expect_used, reason = "a test that cannot go on says where")]

mod simulation;

use analysis::{Block, Blocks, Count, Metrics, SequentialTest, Terms};
use rand::{SeedableRng, rngs::StdRng};
use simulation::{Clumps, DAY, Rates, Traffic, binomial, simulate};

const TERMS: Terms = Terms {
    alpha: 0.05,
    margin: 0.01,
    metrics: Metrics::ALL,
};

/// After how many periods a rollout is rolled back, if it is.
fn rolled_back_after(periods: impl IntoIterator<Item = Blocks>, terms: &Terms) -> Option<usize> {
    let mut test = SequentialTest::new(terms);
    let found = periods.into_iter().position(|blocks| {
        test.observe(&blocks);
        test.is_worse()
    });
    found.map(|index| index + 1)
}

/// The share of rollouts that are rolled back within so many periods at each weight; every fourth has another amount
/// of traffic.
fn rolled_back(traffic: Traffic, weights: &[f64], periods: usize, rollouts: u64) -> f64 {
    let rolled_back = simulate(rollouts, |seed| {
        let traffic = Traffic {
            per_period: 10_u64.pow(1 + (seed % 4) as u32),
            ..traffic
        };
        let weight = weights[seed as usize / 4 % weights.len()];
        let weights = std::iter::repeat_n(weight, periods);
        rolled_back_after(traffic.rollout(weights, seed), &TERMS).is_some()
    });
    let rolled_back = rolled_back.into_iter().filter(|it| *it).count();
    rolled_back as f64 / rollouts as f64
}

const WEIGHTS: [f64; 3] = [0.05, 0.25, 0.5];

#[test]
fn at_most_alpha_of_equally_good_candidates_are_rolled_back_however_failures_clump_within_a_period()
{
    for rate in [0.001, 0.01, 0.1] {
        for clumps in [
            Clumps::Independent,
            Clumps::CommonBursts,
            Clumps::SickEnvironment { minutes: 1 },
            Clumps::OverDispersed,
            Clumps::Retried,
            Clumps::Late,
            Clumps::Interpolated,
        ] {
            let traffic = Traffic {
                slow: Rates::equal(rate),
                clumps,
                ..Traffic::equal(0, rate)
            };
            let share = rolled_back(traffic, &WEIGHTS, 240, 480);
            assert!(share <= TERMS.alpha, "{clumps:?} at {rate}: {share}");
        }
    }
}

#[test]
fn a_day_whose_traffic_and_rates_rise_and_fall_rolls_back_no_more() {
    let traffic = Traffic {
        clumps: Clumps::DailyWave,
        slow: Rates::equal(0.01),
        ..Traffic::equal(0, 0.01)
    };
    let share = rolled_back(traffic, &WEIGHTS, DAY, 120);
    assert!(share <= TERMS.alpha, "{share}");
}

/// docs/rollouts.md says where the promise ends.
#[test]
fn outside_of_the_null_more_are_rolled_back() {
    for clumps in [
        Clumps::SickEnvironment { minutes: 10 },
        Clumps::BaselineBursts,
        Clumps::PinnedClient,
    ] {
        let traffic = Traffic {
            clumps,
            ..Traffic::equal(0, 0.001)
        };
        let share = rolled_back(traffic, &[0.25, 0.5], DAY, 200);
        assert!(share > TERMS.alpha, "{clumps:?}: {share}");
    }
}

/// An outage from its 10th to its 16th second fails a number of requests that hardly varies, and only which version
/// they went to is left to chance.
#[test]
fn an_outage_that_fails_the_same_number_of_requests_in_every_period_rolls_back_no_more() {
    const ROLLOUTS: u64 = 500;
    for (requests, fail) in [(10, 1), (20, 10), (100, 10), (1_000, 100)] {
        let period = |rng: &mut StdRng| {
            let failing = binomial(fail, 0.25, rng);
            let candidate = failing + binomial(requests - fail, 0.25, rng);
            Blocks::errors(Block {
                baseline: Count::new(requests - candidate, fail - failing),
                candidate: Count::new(candidate, failing),
            })
        };
        let rolled_back = simulate(ROLLOUTS, |seed| {
            let mut rng = StdRng::seed_from_u64(seed);
            rolled_back_after((0..120).map(|_| period(&mut rng)), &TERMS).is_some()
        });
        let rolled_back = rolled_back.into_iter().filter(|it| *it).count();
        assert!(
            rolled_back as f64 <= TERMS.alpha * ROLLOUTS as f64,
            "{fail} of {requests}: {rolled_back}"
        );
    }
}

/// Half of 400 rollouts at 5% are rolled back within `half` periods, and 95 in 100 within `most`.
fn is_found(traffic: Traffic, half: usize, most: usize) {
    const ROLLOUTS: u64 = 400;
    let weights = || std::iter::repeat_n(0.05, 2 * most);
    let periods = simulate(ROLLOUTS, |seed| {
        rolled_back_after(traffic.rollout(weights(), seed), &TERMS).unwrap_or(usize::MAX)
    });
    let within = |most: usize| periods.iter().filter(|periods| **periods <= most).count() as u64;
    assert!(
        within(half) >= ROLLOUTS / 2,
        "{} within {half}",
        within(half)
    );
    assert!(
        within(most) >= ROLLOUTS * 95 / 100,
        "{} within {most}",
        within(most)
    );
}

fn errors(baseline: f64, candidate: f64) -> Traffic {
    let errors = Rates {
        baseline,
        candidate,
    };
    Traffic {
        errors,
        ..Traffic::equal(1_000, 0.0)
    }
}

#[test]
fn a_candidate_that_fails_5_percent_instead_of_1_in_1000_is_found_within_a_few_periods() {
    is_found(errors(0.001, 0.05), 9, 12);
}

#[test]
fn a_candidate_that_fails_1_percent_instead_of_1_in_1000_is_found_within_an_hour() {
    is_found(errors(0.001, 0.01), 22, 45);
}

#[test]
fn a_candidate_that_fails_3_percent_instead_of_1_is_found_within_an_hour() {
    is_found(errors(0.01, 0.03), 22, 40);
}

#[test]
fn a_candidate_that_is_slow_in_5_percent_instead_of_1_is_found_though_it_never_fails() {
    let slow = Rates {
        baseline: 0.01,
        candidate: 0.05,
    };
    let traffic = Traffic {
        slow,
        ..Traffic::equal(1_000, 0.0)
    };
    is_found(traffic, 15, 25);
}
