//! Provisioned concurrency, as far as it stands in the way of a weight.
//!
//! Lambda refuses two versions behind an alias that has provisioned concurrency ("Invalid alias
//! configuration for Provisioned Concurrency"), and while such an alias changes its version it sets
//! weights of its own. Provisioned concurrency on a version is no obstacle.

use aws_sdk_lambda::{Client, types::ProvisionedConcurrencyConfigListItem};

use super::{
    client::explain,
    function::{FunctionError, failed},
};

/// A version or an alias that has provisioned concurrency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provisioned {
    /// The version's number or the alias's name.
    pub qualifier: String,
    /// How many environments were asked for.
    pub environments: i32,
}

/// An alias with provisioned concurrency cannot have a weight.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "alias {alias} of {function} has provisioned concurrency ({environments} environments), and Lambda \
     gives no weights to such an alias: put it on the versions instead, the candidate's first, and then \
     take it from the alias (aws lambda delete-provisioned-concurrency-config --function-name {function} \
     --qualifier {alias}). Nothing was changed"
)]
pub struct ProvisionedAlias {
    function: String,
    alias: String,
    environments: i32,
}

/// Lists what has provisioned concurrency.
///
/// # Errors
/// [`FunctionError`] when AWS does not answer.
pub async fn list(client: &Client, function: &str) -> Result<Vec<Provisioned>, FunctionError> {
    let mut pages = client
        .list_provisioned_concurrency_configs()
        .function_name(function)
        .into_paginator()
        .items()
        .send();
    let mut found = Vec::new();
    while let Some(item) = pages.next().await {
        let item = item.map_err(|error| {
            failed(
                "ListProvisionedConcurrencyConfigs",
                function,
                explain(&error),
            )
        })?;
        found.extend(provisioned(&item));
    }
    Ok(found)
}

fn provisioned(item: &ProvisionedConcurrencyConfigListItem) -> Option<Provisioned> {
    let (_, qualifier) = item.function_arn()?.rsplit_once(':')?;
    Some(Provisioned {
        qualifier: qualifier.to_owned(),
        environments: item
            .requested_provisioned_concurrent_executions()
            .unwrap_or_default(),
    })
}

/// Checks that an alias can have a weight.
///
/// # Errors
/// [`ProvisionedAlias`] when it has provisioned concurrency.
pub fn check(
    provisioned: &[Provisioned],
    function: &str,
    alias: &str,
) -> Result<(), ProvisionedAlias> {
    match provisioned.iter().find(|found| found.qualifier == alias) {
        None => Ok(()),
        Some(found) => Err(ProvisionedAlias {
            function: function.to_owned(),
            alias: alias.to_owned(),
            environments: found.environments,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_alias_itself_stands_in_the_way() {
        let on = |qualifier: &str| Provisioned {
            qualifier: qualifier.to_owned(),
            environments: 5,
        };
        assert_eq!(check(&[on("1"), on("arm64")], "hasher", "live"), Ok(()));
        let refused = check(&[on("1"), on("live")], "hasher", "live").expect_err("refused");
        let text = refused.to_string();
        assert!(text.contains("5 environments"), "{text}");
        assert!(
            text.contains("--function-name hasher --qualifier live"),
            "{text}"
        );
    }
}
