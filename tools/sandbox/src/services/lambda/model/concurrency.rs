//! Concurrency: what functions reserve, and how much of the account's is left.
//!
//! Sources: "Understanding Lambda function scaling" of the Developer Guide for the quotas; the words are recorded ones.

use std::collections::BTreeMap;

use super::{function::Function, functions::Functions, names::not_found, running::Slot};
use crate::{
    execution::version::VersionNumber,
    services::lambda::error::{ErrorKind, LambdaError},
};

/// Concurrent executions of an account, and how many of them must stay without reservation: AWS's defaults. How many
/// environments the sandbox really starts at once is another number: `--max-environments`.
pub const CONCURRENT_EXECUTIONS: u32 = 1000;
const LEAST_UNRESERVED: u32 = 100;

impl Function {
    /// Counts one more invocation of a version.
    ///
    /// # Errors
    /// How many run, when the function's reserved concurrency is used up: what is provisioned of it is for its versions alone.
    pub fn start(&self, version: VersionNumber) -> Result<Slot, u32> {
        self.running.start(version, |by_version| {
            self.reserved
                .is_none_or(|reserved| self.has_room(version, by_version, reserved))
        })
    }

    fn has_room(
        &self,
        version: VersionNumber,
        running: &BTreeMap<VersionNumber, u32>,
        reserved: u32,
    ) -> bool {
        let beyond_provisioned = |version: VersionNumber, running: u32| {
            running.saturating_sub(self.provisioned_of(version))
        };
        let own = running.get(&version).copied().unwrap_or_default();
        if beyond_provisioned(version, own + 1) == 0 {
            return true;
        }
        let used: u32 = running
            .iter()
            .map(|(version, running)| beyond_provisioned(*version, *running))
            .sum();
        used < reserved.saturating_sub(self.provisioned_total())
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
