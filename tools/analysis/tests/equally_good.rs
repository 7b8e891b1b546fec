//! What the analysis promises, on seeded simulated rollouts that are looked at after every period.
#![expect(clippy::expect_used, reason = "a test that cannot go on says where")]

mod simulation;

use analysis::{Block, Blocks, Count, Metrics, Terms};
use rand::{SeedableRng, rngs::StdRng};
use simulation::{DAY, Rates, Traffic, binomial, simulate, taken_back_after};

const TERMS: Terms = Terms {
    alpha: 0.05,
    margin: 0.01,
    metrics: Metrics::ALL,
};

/// Twelve looks at each of the usual steps.
fn weights() -> impl Iterator<Item = f64> {
    [0.05, 0.25, 0.5]
        .into_iter()
        .flat_map(|weight| std::iter::repeat_n(weight, 12))
}

/// The share of 2,000 rollouts that was rolled back; every fourth has another amount of traffic.
fn taken_back(traffic: Traffic) -> f64 {
    const ROLLOUTS: u64 = 2_000;
    let taken_back = simulate(ROLLOUTS, |seed| {
        let per_period = 10_u64.pow(1 + (seed % 4) as u32);
        let traffic = Traffic {
            per_period,
            ..traffic
        };
        taken_back_after(traffic.rollout(weights(), seed), &TERMS).is_some()
    });
    taken_back
        .into_iter()
        .filter(|taken_back| *taken_back)
        .count() as f64
        / ROLLOUTS as f64
}

#[test]
fn at_most_alpha_of_equally_good_candidates_are_rolled_back() {
    for rate in [0.0, 0.001, 0.01, 0.1] {
        let traffic = Traffic {
            slow: Rates::equal(rate),
            ..Traffic::equal(0, rate)
        };
        let share = taken_back(traffic);
        assert!(
            share <= TERMS.alpha,
            "base rate {rate}: {share} rolled back"
        );
    }
}

#[test]
fn bursts_that_hit_both_versions_alike_roll_back_no_more() {
    let traffic = Traffic {
        bursts: 0.1,
        slow: Rates::equal(0.01),
        ..Traffic::equal(0, 0.01)
    };
    let share = taken_back(traffic);
    assert!(share <= TERMS.alpha, "{share} rolled back");
}

#[test]
fn a_day_whose_traffic_and_rates_rise_and_fall_rolls_back_no_more() {
    const ROLLOUTS: u64 = 60;
    let traffic = Traffic {
        wave: 0.8,
        slow: Rates::equal(0.01),
        ..Traffic::equal(300, 0.01)
    };
    let day = || std::iter::repeat_n(0.25, DAY);
    let taken_back = simulate(ROLLOUTS, |seed| {
        taken_back_after(traffic.rollout(day(), seed), &TERMS).is_some()
    });
    let taken_back = taken_back.into_iter().filter(|taken| *taken).count();
    assert!(taken_back as f64 <= TERMS.alpha * ROLLOUTS as f64);
}

/// The test takes the failures of a period for independent. An outage from its 10th to its 16th second
/// fails a number of requests that hardly varies, and only which version they went to is left to chance.
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
        let taken_back = simulate(ROLLOUTS, |seed| {
            let mut rng = StdRng::seed_from_u64(seed);
            taken_back_after((0..120).map(|_| period(&mut rng)), &TERMS).is_some()
        });
        let taken_back = taken_back.into_iter().filter(|taken| *taken).count();
        assert!(
            taken_back as f64 <= TERMS.alpha * ROLLOUTS as f64,
            "{fail} of {requests}: {taken_back}"
        );
    }
}

/// Half of 500 rollouts at 5% are rolled back within `half` periods, and 95 in 100 within `most`.
fn is_found(traffic: Traffic, half: usize, most: usize) {
    const ROLLOUTS: u64 = 500;
    let weights = || std::iter::repeat_n(0.05, 2 * most);
    let periods = simulate(ROLLOUTS, |seed| {
        taken_back_after(traffic.rollout(weights(), seed), &TERMS).unwrap_or(usize::MAX)
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

#[test]
fn a_candidate_that_fails_5_percent_instead_of_1_in_1000_is_found_within_a_few_periods() {
    let errors = Rates {
        baseline: 0.001,
        candidate: 0.05,
    };
    let traffic = Traffic {
        errors,
        ..Traffic::equal(1_000, 0.0)
    };
    is_found(traffic, 3, 6);
}

/// docs/figures.md has 9 and 25 periods for half and for 95 in 100.
#[test]
fn a_candidate_that_fails_1_percent_instead_of_1_in_1000_is_found_within_an_hour() {
    let errors = Rates {
        baseline: 0.001,
        candidate: 0.01,
    };
    let traffic = Traffic {
        errors,
        ..Traffic::equal(1_000, 0.0)
    };
    is_found(traffic, 18, 50);
}

/// docs/figures.md has 10 and 25 periods.
#[test]
fn a_candidate_that_fails_3_percent_instead_of_1_is_found_within_an_hour() {
    let errors = Rates {
        baseline: 0.01,
        candidate: 0.03,
    };
    let traffic = Traffic {
        errors,
        ..Traffic::equal(1_000, 0.0)
    };
    is_found(traffic, 20, 50);
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
    is_found(traffic, 8, 20);
}
