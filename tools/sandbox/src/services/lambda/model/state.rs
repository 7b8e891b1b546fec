//! The state of a function while a change is under way. On Lambda, and with `--realistic`, a new function is `Pending`, an
//! updated one `InProgress`, and nothing else can change `$LATEST` until that is over.

use std::sync::Arc;

use super::{function::Function, names};
use crate::{
    execution::version::{Version, VersionNumber},
    services::lambda::error::LambdaError,
};

/// What a version's `State` and `LastUpdateStatus` come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunctionState {
    /// Just created: cannot be invoked yet.
    Pending,
    /// Just updated: what was there before is invoked.
    Updating,
    /// Nothing is under way.
    Settled,
}

impl Function {
    /// The state of one of its versions.
    #[must_use]
    pub fn state(&self, version: &Version) -> FunctionState {
        match &self.under_way {
            Some(change) if change.published == Some(version.number) => FunctionState::Pending,
            Some(change) if version.number == VersionNumber::Latest => match change.previous {
                Some(_) => FunctionState::Updating,
                None => FunctionState::Pending,
            },
            _ => FunctionState::Settled,
        }
    }

    /// What is invoked for a version.
    ///
    /// # Errors
    /// `ResourceConflictException` when it is just being created.
    pub fn invocable<'a>(
        &'a self,
        version: &'a Arc<Version>,
    ) -> Result<&'a Arc<Version>, LambdaError> {
        match self.state(version) {
            FunctionState::Settled => Ok(version),
            FunctionState::Pending => Err(pending()),
            FunctionState::Updating => {
                let change = self.under_way.as_ref();
                Ok(change
                    .and_then(|change| change.previous.as_ref())
                    .unwrap_or(version))
            }
        }
    }

    /// Whether `$LATEST` may be changed or published.
    ///
    /// # Errors
    /// `ResourceConflictException` while a change is under way.
    pub fn check_settled(&self) -> Result<(), LambdaError> {
        match self.state(&self.latest) {
            FunctionState::Settled => Ok(()),
            FunctionState::Pending => Err(pending()),
            FunctionState::Updating => {
                let Version {
                    region, function, ..
                } = &*self.latest;
                let arn = names::function_arn(region, function, None);
                Err(LambdaError::conflict(format!(
                    "The operation cannot be performed at this time. An update is in progress for resource: {arn}"
                )))
            }
        }
    }

    /// Ends the change that is under way: `$LATEST`, and the version that was published with it, have other `RevisionId`s
    /// then. Gives what `$LATEST` has replaced.
    pub fn settle(&mut self) -> Option<Arc<Version>> {
        let change = self.under_way.take()?;
        self.revise_latest();
        if let Some(VersionNumber::Published(number)) = change.published
            && let Some(version) = self.published.get_mut(&number)
        {
            *version = Arc::new(version.revised());
        }
        change.previous
    }
}

fn pending() -> LambdaError {
    LambdaError::conflict(
        "The operation cannot be performed at this time. The function is currently in the following state: Pending",
    )
}
