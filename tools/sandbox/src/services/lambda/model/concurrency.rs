//! Reserved concurrency, and how much of the account's is left.
//!
//! Sources: "Understanding Lambda function scaling" of the Developer Guide for the quotas; the words are recorded ones.

use super::{
    function::Function,
    functions::{Functions, not_found},
};
use crate::services::lambda::error::{ErrorKind, LambdaError};

/// Concurrent executions of an account, and how many of them must stay without reservation: AWS's defaults. How many
/// environments the sandbox really starts at once is another number: `--max-environments`.
pub const CONCURRENT_EXECUTIONS: u32 = 1000;
const LEAST_UNRESERVED: u32 = 100;

impl Function {
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
