//! What the judge promises, on seeded simulated rollouts that are looked at after every period.
#![expect(clippy::expect_used, reason = "a test that cannot go on says where")]

#[path = "common/simulation.rs"]
mod simulation;

use rollout::judge::Terms;
use simulation::{Traffic, simulate, taken_back_after};

const TERMS: Terms = Terms {
    alpha: 0.05,
    margin: 0.01,
};

/// Twelve looks at each of the usual steps.
fn weights() -> impl Iterator<Item = f64> {
    [0.05, 0.25, 0.5]
        .into_iter()
        .flat_map(|weight| std::iter::repeat_n(weight, 12))
}

/// The share of 2,000 rollouts that was taken back; every fourth has another amount of traffic.
fn taken_back(traffic: Traffic) -> f64 {
    const ROLLOUTS: u64 = 2_000;
    let taken_back = simulate(ROLLOUTS, |seed| {
        let per_period = 10_u64.pow(1 + (seed % 4) as u32);
        let traffic = Traffic {
            per_period,
            ..traffic
        };
        taken_back_after(&traffic, weights(), &TERMS, seed).is_some()
    });
    taken_back
        .into_iter()
        .filter(|taken_back| *taken_back)
        .count() as f64
        / ROLLOUTS as f64
}

#[test]
fn at_most_alpha_of_equally_good_candidates_are_taken_back() {
    for rate in [0.0, 0.001, 0.01, 0.1] {
        let share = taken_back(Traffic::equal(0, rate));
        assert!(share <= TERMS.alpha, "base rate {rate}: {share} taken back");
    }
}

#[test]
fn bursts_that_hit_both_halves_alike_do_not_take_back_more() {
    let traffic = Traffic {
        bursts: 0.1,
        ..Traffic::equal(0, 0.01)
    };
    let share = taken_back(traffic);
    assert!(share <= TERMS.alpha, "{share} taken back");
}

#[test]
fn a_candidate_that_fails_5_percent_instead_of_1_in_1000_is_found_within_a_few_periods() {
    const ROLLOUTS: u64 = 500;
    let traffic = Traffic {
        candidate: 0.05,
        ..Traffic::equal(1_000, 0.001)
    };
    let weights = || std::iter::repeat_n(0.05, 30);
    let periods = simulate(ROLLOUTS, |seed| {
        taken_back_after(&traffic, weights(), &TERMS, seed).unwrap_or(usize::MAX)
    });
    let within = |most: usize| periods.iter().filter(|periods| **periods <= most).count();
    assert!(within(3) as u64 >= ROLLOUTS / 2, "{} within 3", within(3));
    assert!(
        within(6) as u64 >= ROLLOUTS * 95 / 100,
        "{} within 6",
        within(6)
    );
}
