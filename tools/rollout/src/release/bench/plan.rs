//! Which targets are invoked, in which order, and what that costs at most.

use package::Architecture;
use rand::{SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};
use serde::Serialize;

use crate::aws::mark::Target;

/// Every target once a round, each round in an order of its own: a machine that gets slower in the
/// course of the benchmark, or a neighbour that comes and goes, favours no target
/// (randomised complete blocks; R. A. Fisher, "The Design of Experiments", 1935, chapter IV).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// By memory, then by architecture.
    pub targets: Vec<Target>,
    /// How often each is invoked.
    pub rounds: u32,
    /// The same seed gives the same order.
    pub seed: u64,
}

impl Plan {
    /// Both architectures at every size; sizes that are given twice count once.
    #[must_use]
    pub fn new(memory_mib: &[u32], rounds: u32, seed: u64) -> Self {
        let both = |&memory_mib: &u32| {
            Architecture::ALL.map(|architecture| Target {
                memory_mib,
                architecture,
            })
        };
        let mut targets: Vec<_> = memory_mib.iter().flat_map(both).collect();
        targets.sort_unstable();
        targets.dedup();
        Self {
            targets,
            rounds,
            seed,
        }
    }

    /// The order of each round, as places in [`Self::targets`].
    pub fn orders(&self) -> impl Iterator<Item = Vec<usize>> {
        let mut random = StdRng::seed_from_u64(self.seed);
        let targets = self.targets.len();
        (0..self.rounds).map(move |_| {
            let mut order: Vec<_> = (0..targets).collect();
            order.shuffle(&mut random);
            order
        })
    }

    /// How often the function is invoked.
    #[must_use]
    pub fn invocations(&self) -> u64 {
        self.targets.len() as u64 * u64::from(self.rounds)
    }

    /// What it costs at most: every invocation until its time limit. `million_usd` gives the price of a
    /// million invocations by their milliseconds.
    pub fn most_usd(
        &self,
        timeout_ms: f64,
        million_usd: impl Fn(Architecture, u32, f64) -> f64,
    ) -> f64 {
        let each =
            |target: &Target| million_usd(target.architecture, target.memory_mib, timeout_ms) / 1e6;
        let a_round: f64 = self.targets.iter().map(each).sum();
        f64::from(self.rounds) * a_round
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_round_has_every_target_once(
            memory in proptest::collection::vec(128..10_240u32, 1..6),
            rounds in 0..20u32,
            seed: u64,
        ) {
            let plan = Plan::new(&memory, rounds, seed);
            let orders: Vec<_> = plan.orders().collect();
            prop_assert_eq!(orders.len(), rounds as usize);
            for mut order in orders.clone() {
                order.sort_unstable();
                prop_assert!(order.into_iter().eq(0..plan.targets.len()));
            }
            prop_assert_eq!(plan.orders().collect::<Vec<_>>(), orders);
        }
    }

    #[test]
    fn another_seed_gives_another_order() {
        let orders = |seed| {
            Plan::new(&[128, 512, 1769], 10, seed)
                .orders()
                .collect::<Vec<_>>()
        };
        assert_ne!(orders(1), orders(2));
    }

    #[test]
    fn it_costs_at_most_all_time_limits() {
        let plan = Plan::new(&[1024, 512, 1024], 100, 1);
        assert_eq!(plan.invocations(), 400);
        let cent_a_second =
            |_, memory_mib, ms: f64| f64::from(memory_mib) / 1024.0 * ms * 1e-5 * 1e6;
        let most = plan.most_usd(3_000.0, cent_a_second);
        assert!((most - 100.0 * 2.0 * 1.5 * 0.03).abs() < 1e-9, "{most}");
    }
}
