//! Faults that invocations suffer: what holds for which build, and what that means for one invocation. How they
//! are written and ordered is the business of `rehearsal/faults.rs`.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use package::Architecture;
use serde::{Deserialize, Serialize};

/// What is injected into the invocations of one build. The shares are fractions from 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FaultPlan {
    /// Share of invocations whose answer is replaced by a function error.
    pub errors: f64,
    /// Share of invocations during which the process is killed.
    pub crash: f64,
    /// Share of requests that are refused with 429.
    pub throttle: f64,
    /// Time that every invocation takes longer, in milliseconds.
    pub latency_ms: u64,
}

impl FaultPlan {
    /// What is wrong with this plan, if anything: a share outside 0 to 1.
    ///
    /// # Errors
    /// Names the share.
    pub fn validate(&self) -> Result<(), String> {
        [
            ("errors", self.errors),
            ("crash", self.crash),
            ("throttle", self.throttle),
        ]
        .into_iter()
        .find(|(_, share)| !(0.0..=1.0).contains(share))
        .map_or(Ok(()), |(name, share)| {
            Err(format!(
                "{name} is {share}: a share is a fraction from 0 to 1"
            ))
        })
    }
}

/// Faults that were drawn for one invocation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DrawnFaults {
    /// Replace the answer by an error.
    pub error: bool,
    /// Kill the process while it works.
    pub crash: bool,
    /// Take this much longer.
    pub latency: Duration,
}

/// The faults of one function, by architecture.
pub type FunctionFaults = BTreeMap<Architecture, FaultPlan>;

/// All faults that hold now. Cheap to clone; all clones share one table.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<RwLock<HashMap<String, FunctionFaults>>>);

impl Faults {
    /// The plan that holds for one build now.
    #[must_use]
    pub fn plan(&self, function: &str, architecture: Architecture) -> FaultPlan {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        table
            .get(function)
            .and_then(|plans| plans.get(&architecture))
            .copied()
            .unwrap_or_default()
    }

    /// Everything that holds, by function.
    #[must_use]
    pub fn all(&self) -> BTreeMap<String, FunctionFaults> {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        table
            .iter()
            .map(|(name, plans)| (name.clone(), plans.clone()))
            .collect()
    }

    /// Replaces the plan of one build.
    pub fn set(&self, function: &str, architecture: Architecture, plan: FaultPlan) {
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        table
            .entry(function.to_owned())
            .or_default()
            .insert(architecture, plan);
    }

    /// Removes all faults of a function.
    pub fn clear(&self, function: &str) {
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        table.remove(function);
    }
}
