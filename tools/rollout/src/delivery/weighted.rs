//! The test of a rollout: its periods, at the weights that its record has.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    periods::{is_first_after_a_change, is_pure},
    record::{Record, WeightChange},
};
use analysis::{Block, Blocks, SequentialTest, Terms};

/// The test of periods of one length, oldest first, at the weights of the record.
#[must_use]
pub fn test(
    periods: impl IntoIterator<Item = (DateTime<Utc>, Blocks)>,
    length: TimeDelta,
    record: Option<&Record>,
    terms: &Terms,
) -> SequentialTest {
    let mut test = WeightedTest::new(terms);
    for (start, blocks) in periods {
        test.observe(start, length, blocks, record);
    }
    test.test
}

/// A test that starts its bets anew with every weight.
#[derive(Debug, Clone)]
pub(crate) struct WeightedTest {
    pub(crate) test: SequentialTest,
    /// What set the weight of the last period.
    weight: Option<WeightChange>,
}

impl WeightedTest {
    pub(crate) fn new(terms: &Terms) -> Self {
        Self {
            test: SequentialTest::new(terms),
            weight: None,
        }
    }

    /// Takes in the next period; without a record, the weight was always the same. One that is not pure says nothing,
    /// and neither does one in which the candidate has more than half of the calls: then the null does not hold
    /// (tools/analysis/src/worse.rs). The first one after a change says nothing about time.
    pub(crate) fn observe(
        &mut self,
        start: DateTime<Utc>,
        length: TimeDelta,
        mut blocks: Blocks,
        record: Option<&Record>,
    ) {
        if let Some(record) = record {
            if !is_pure(start, length, record) {
                return;
            }
            let changes = record.changes.iter();
            let weight = changes
                .rev()
                .find(|change| record.time_of(change) <= start)
                .copied();
            if self.weight != weight {
                self.weight = weight;
                self.test.weight_changed();
            }
            if weight.is_some_and(|weight| !weight.percent.is_at_most_half()) {
                return;
            }
            if is_first_after_a_change(start, length, record) {
                blocks.slow = Block::default();
            }
        }
        self.test.observe(&blocks);
    }
}
