//! Concurrency: what runs, what functions reserve, and how much of the account's is left.
//!
//! Sources: "Understanding Lambda function scaling" of the Developer Guide for the quotas; the words are recorded ones.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    function::Function,
    functions::{Functions, not_found},
};
use crate::{
    execution::version::VersionNumber,
    services::lambda::error::{ErrorKind, LambdaError},
};

/// Concurrent executions of an account, and how many of them must stay without reservation: AWS's defaults. How many
/// environments the sandbox really starts at once is another number: `--max-environments`.
pub const CONCURRENT_EXECUTIONS: u32 = 1000;
const LEAST_UNRESERVED: u32 = 100;

/// The invocations of a function that run now, by version.
#[derive(Debug, Clone, Default)]
pub struct Running(Arc<Mutex<BTreeMap<VersionNumber, u32>>>);

impl Running {
    fn by_version(&self) -> MutexGuard<'_, BTreeMap<VersionNumber, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One invocation that counts as running until this is dropped.
#[derive(Debug)]
pub struct Slot {
    running: Running,
    version: VersionNumber,
    /// How many of the function run, with this one.
    pub concurrent: u32,
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(running) = self.running.by_version().get_mut(&self.version) {
            *running -= 1;
        }
    }
}

impl Function {
    /// Counts one more invocation of a version.
    ///
    /// # Errors
    /// How many run, when the function's reserved concurrency is used up: what is provisioned of it is for its versions alone.
    pub fn start(&self, version: VersionNumber) -> Result<Slot, u32> {
        let mut by_version = self.running.by_version();
        let all = by_version.values().sum();
        if let Some(reserved) = self.reserved {
            let beyond_provisioned = |version: VersionNumber, running: u32| {
                running.saturating_sub(self.provisioned_of(version))
            };
            let used: u32 = by_version
                .iter()
                .map(|(version, running)| beyond_provisioned(*version, *running))
                .sum();
            let own = by_version.get(&version).copied().unwrap_or_default();
            let needs_more =
                beyond_provisioned(version, own + 1) > beyond_provisioned(version, own);
            if needs_more && used >= reserved.saturating_sub(self.provisioned_total()) {
                return Err(all);
            }
        }
        *by_version.entry(version).or_default() += 1;
        drop(by_version);
        Ok(Slot {
            running: self.running.clone(),
            version,
            concurrent: all + 1,
        })
    }

    /// Provisioned concurrency of all versions and aliases.
    fn provisioned_total(&self) -> u32 {
        let all = self.provisioned.values();
        all.map(|provisioned| provisioned.requested).sum()
    }

    /// What the function takes of the account's concurrency.
    fn claimed(&self) -> u32 {
        self.reserved.unwrap_or_else(|| self.provisioned_total())
    }

    /// Whether a version or alias may have so much provisioned concurrency, while the rest of the account leaves
    /// `unreserved`.
    ///
    /// # Errors
    /// `InvalidParameterValueException`.
    pub fn check_provisioned(
        &self,
        qualifier: &str,
        requested: u32,
        unreserved: u32,
    ) -> Result<(), LambdaError> {
        let before = self.provisioned.get(qualifier);
        let before = before.map_or(0, |provisioned| provisioned.requested);
        if let Some(reserved) = self.reserved {
            let total = self.provisioned_total() - before;
            return match total.saturating_add(requested) <= reserved {
                true => Ok(()),
                false => Err(LambdaError::invalid(
                    "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function",
                )),
            };
        }
        let free = unreserved + before;
        if requested > free {
            return Err(over_quota(format!(
                "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [{free}]."
            )));
        }
        check_rest(free - requested, "ConcurrentExecutions")
    }
}

impl Functions {
    /// Concurrency that no function has reserved or provisioned.
    #[must_use]
    pub fn unreserved(&self) -> u32 {
        let claimed = self.all().map(Function::claimed).sum();
        CONCURRENT_EXECUTIONS.saturating_sub(claimed)
    }

    /// Reserves concurrency for a function; `None` takes its reservation away.
    ///
    /// # Errors
    /// `ResourceNotFoundException`, and `InvalidParameterValueException` for more than the account has left, or less than the
    /// function's provisioned concurrency.
    pub fn reserve(
        &mut self,
        name: &str,
        region: &str,
        reserved: Option<u32>,
    ) -> Result<(), LambdaError> {
        let unreserved = self.unreserved();
        let function = self.function_mut(name, region);
        let function = function.map_err(|_| not_found(region, name, Some("$LATEST")))?;
        if let Some(asked) = reserved {
            let provisioned = function.provisioned_total();
            if asked < provisioned {
                return Err(over_quota(format!(
                    " ReservedConcurrentExecutions  {asked} should not be lower than function's total provisioned concurrency [{provisioned}]."
                )));
            }
            let rest = (unreserved + function.claimed()).saturating_sub(asked);
            check_rest(rest, "ReservedConcurrentExecutions")?;
        }
        function.reserved = reserved;
        Ok(())
    }
}

fn check_rest(unreserved: u32, what: &str) -> Result<(), LambdaError> {
    if unreserved < LEAST_UNRESERVED {
        return Err(over_quota(format!(
            "Specified {what} for function decreases account's UnreservedConcurrentExecution below its minimum value of [{LEAST_UNRESERVED}]."
        )));
    }
    Ok(())
}

fn over_quota(message: String) -> LambdaError {
    LambdaError::new(ErrorKind::InvalidParameterValueUntyped, message)
}
