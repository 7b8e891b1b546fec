//! Random draws: which version gets an invocation, and which invocations a fault hits.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::faults::{DrawnFaults, FaultPlan};

/// A source of independent draws.
#[derive(Debug)]
pub struct Draws(Mutex<StdRng>);

impl Draws {
    /// The same draws for the same seed; others every time without one.
    #[must_use]
    pub fn new(seed: Option<u64>) -> Self {
        let seed = seed.unwrap_or_else(rand::random);
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }

    /// Uniform in [0, 1).
    #[must_use]
    pub fn uniform(&self) -> f64 {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .random()
    }

    /// Whether something of this probability happens: never at 0, always at 1.
    #[must_use]
    pub fn happens(&self, probability: f64) -> bool {
        probability > 0.0 && self.uniform() < probability
    }

    /// The faults of one invocation.
    #[must_use]
    pub fn faults(&self, plan: FaultPlan) -> DrawnFaults {
        DrawnFaults {
            error: self.happens(plan.errors),
            crash: self.happens(plan.crash),
            latency: Duration::from_millis(plan.latency_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_draws() {
        let (one, two) = (Draws::new(Some(7)), Draws::new(Some(7)));
        assert!((0..100).all(|_| one.uniform().to_bits() == two.uniform().to_bits()));
    }

    #[test]
    fn the_impossible_never_and_the_certain_always_happens() {
        let draws = Draws::new(Some(7));
        assert!((0..1000).all(|_| !draws.happens(0.0) && draws.happens(1.0)));
    }
}
