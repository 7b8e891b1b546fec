//! Many rollouts of one kind, and what every rule makes of them.

use analysis::{Metric, Terms};

use super::{
    rivals::Rule,
    simulation::{DAY, Traffic, simulate},
};

/// A threshold that no rule may pass on more than this share of equally good candidates.
const ALLOWED: f64 = 0.05;

/// Rollouts of one kind at one weight.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Study<'a> {
    pub(crate) traffic: Traffic,
    pub(crate) weight: f64,
    /// What the rivals look at.
    pub(crate) metric: Metric,
    pub(crate) terms: &'a Terms,
    pub(crate) rollouts: u64,
}

/// When a rule has rolled back the rollouts, sorted; `None` stands for never and comes last.
#[derive(Debug, Clone)]
pub(crate) struct Delays(Vec<Option<usize>>);

impl Study<'_> {
    /// When each rule acts at its threshold, within so many periods.
    pub(crate) fn delays(&self, rules: &[Rule], thresholds: &[f64], periods: usize) -> Vec<Delays> {
        let all = simulate(self.rollouts, |seed| {
            let stream: Vec<_> = self.traffic.rollout(self.weights(periods), seed).collect();
            let first = |(rule, threshold): (&Rule, &f64)| {
                let path = rule.path(&stream, self.metric, self.terms);
                path.iter().position(|number| number >= threshold)
            };
            rules.iter().zip(thresholds).map(first).collect::<Vec<_>>()
        });
        (0..rules.len())
            .map(|rule| Delays::of(all.iter().map(|firsts| firsts[rule])))
            .collect()
    }

    /// The least thresholds with which each rule rolls back at most 5% of these rollouts in a day,
    /// if they are of equally good candidates. Nobody can know them who does not know the rates.
    pub(crate) fn tuned(&self, rules: &[Rule]) -> Vec<f64> {
        let all = simulate(self.rollouts, |seed| {
            let stream: Vec<_> = self.traffic.rollout(self.weights(DAY), seed).collect();
            let highest = |rule: &Rule| {
                let path = rule.path(&stream, self.metric, self.terms);
                path.into_iter().fold(f64::NEG_INFINITY, f64::max)
            };
            rules.iter().map(highest).collect::<Vec<_>>()
        });
        (0..rules.len())
            .map(|rule| {
                let mut peaks: Vec<f64> = all.iter().map(|peaks| peaks[rule]).collect();
                peaks.sort_unstable_by(f64::total_cmp);
                let allowed = (ALLOWED * peaks.len() as f64) as usize;
                peaks[peaks.len() - 1 - allowed].next_up()
            })
            .collect()
    }

    fn weights(&self, periods: usize) -> impl Iterator<Item = f64> + use<> {
        std::iter::repeat_n(self.weight, periods)
    }
}

impl Delays {
    fn of(firsts: impl Iterator<Item = Option<usize>>) -> Self {
        let mut delays: Vec<_> = firsts.map(|first| first.map(|index| index + 1)).collect();
        delays.sort_unstable_by_key(|delay| delay.unwrap_or(usize::MAX));
        Self(delays)
    }

    /// How many in 100 were rolled back within so many periods.
    pub(crate) fn percent_within(&self, periods: usize) -> String {
        let within = self.0.iter().flatten().filter(|delay| **delay <= periods);
        format!(
            "{:.1}%",
            100.0 * within.count() as f64 / self.0.len() as f64
        )
    }

    /// After how many periods half of them were.
    pub(crate) fn half(&self) -> Option<usize> {
        self.after(50)
    }

    /// The same with 95 in 100 behind it: `3 / 7`.
    pub(crate) fn half_and_most(&self) -> String {
        let after = |share| {
            self.after(share)
                .map_or("-".to_owned(), |it| it.to_string())
        };
        format!("{} / {}", after(50), after(95))
    }

    fn after(&self, share: usize) -> Option<usize> {
        self.0[(self.0.len() * share / 100).min(self.0.len() - 1)]
    }
}
