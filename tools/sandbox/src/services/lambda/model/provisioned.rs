//! Provisioned concurrency: Lambda's rules about it. The sandbox starts no environment ahead: what is asked for is
//! `READY` at once, or with `--realistic` after a while.
//!
//! Sources: the API reference of `PutProvisionedConcurrencyConfig`; "Invalid alias configuration for Provisioned
//! Concurrency" and "Alias with weights can not be used with Provisioned Concurrency" are what the service says when
//! weights and provisioned concurrency meet (troubleshooting-deployment, hashicorp/terraform#24957).

use chrono::Utc;

use super::{
    alias::Alias,
    function::{Function, Provisioned},
};
use crate::{
    execution::version::VersionNumber,
    services::lambda::error::{ErrorKind, LambdaError},
};

impl Function {
    /// Sets the provisioned concurrency of a version or an alias, while the account has so much `unreserved` concurrency.
    ///
    /// # Errors
    /// For `$LATEST`, for an alias with weights, when the version and an alias of it would both have some, and for more than
    /// there is.
    pub fn provision(
        &mut self,
        qualifier: &str,
        requested: u32,
        unreserved: u32,
    ) -> Result<Provisioned, LambdaError> {
        if qualifier == "$LATEST" {
            return Err(LambdaError::invalid(
                "Provisioned Concurrency Configs cannot be applied to unpublished function versions.",
            ));
        }
        self.check_qualifier(qualifier)?;
        match self.aliases.get(qualifier) {
            Some(alias) => self.check_alias(alias)?,
            None => self.check_version(qualifier)?,
        }
        self.check_provisioned(qualifier, requested, unreserved)?;
        let provisioned = Provisioned {
            requested,
            last_modified: Utc::now(),
            ready: false,
        };
        self.provisioned.insert(qualifier.to_owned(), provisioned);
        Ok(provisioned)
    }

    /// The provisioned concurrency of a version or an alias.
    ///
    /// # Errors
    /// `ProvisionedConcurrencyConfigNotFoundException` when it has none.
    pub fn provisioned(&self, qualifier: &str) -> Result<Provisioned, LambdaError> {
        self.check_published(qualifier)?;
        let found = self.provisioned.get(qualifier).copied();
        found.ok_or_else(|| {
            let message = "No Provisioned Concurrency Config found for this function";
            LambdaError::new(ErrorKind::ProvisionedNotFound, message)
        })
    }

    /// How many environments of a version are provisioned: its own and those of aliases that point at it.
    #[must_use]
    pub fn provisioned_of(&self, version: VersionNumber) -> u32 {
        let of_version = |qualifier: &str| match self.aliases.get(qualifier) {
            Some(alias) => alias.version == version,
            None => version.to_string() == qualifier,
        };
        let provisioned = self.provisioned.iter();
        let own = provisioned.filter(|(qualifier, _)| of_version(qualifier));
        own.map(|(_, provisioned)| provisioned.requested).sum()
    }

    /// Removes the provisioned concurrency; none is no error.
    ///
    /// # Errors
    /// `ResourceNotFoundException` when there is no such version or alias.
    pub fn unprovision(&mut self, qualifier: &str) -> Result<(), LambdaError> {
        self.check_published(qualifier)?;
        self.provisioned.remove(qualifier);
        Ok(())
    }

    /// An alias with provisioned concurrency cannot be given weights.
    ///
    /// # Errors
    /// `InvalidParameterValueException`.
    pub fn check_weights(&self, alias: &Alias) -> Result<(), LambdaError> {
        if alias.additional.is_some() && self.provisioned.contains_key(&alias.name) {
            return Err(LambdaError::invalid(
                "Invalid alias configuration for Provisioned Concurrency",
            ));
        }
        Ok(())
    }

    fn check_published(&self, qualifier: &str) -> Result<(), LambdaError> {
        if qualifier == "$LATEST" {
            return Err(LambdaError::invalid(
                "The function resource provided must be an alias or a published version.",
            ));
        }
        self.check_qualifier(qualifier)
    }

    fn check_alias(&self, alias: &Alias) -> Result<(), LambdaError> {
        if alias.additional.is_some() {
            return Err(LambdaError::invalid(
                "Alias with weights can not be used with Provisioned Concurrency",
            ));
        }
        if self.provisioned.contains_key(&alias.version.to_string()) {
            return Err(LambdaError::conflict(
                "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
            ));
        }
        Ok(())
    }

    fn check_version(&self, version: &str) -> Result<(), LambdaError> {
        let by_alias = self.aliases.values().any(|alias| {
            alias.version.to_string() == version && self.provisioned.contains_key(&alias.name)
        });
        if by_alias {
            return Err(LambdaError::conflict(
                "Version is pointed by a Provisioned Concurrency alias",
            ));
        }
        Ok(())
    }
}
