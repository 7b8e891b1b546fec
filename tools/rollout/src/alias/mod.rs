//! Aliases: read one, create one, change one by compare-and-swap.
//!
//! ```text
//! version.rs   the number of a published version
//! routing.rs   what an alias routes to
//! swap.rs      compare-and-swap, also when an answer is lost
//! error.rs     what can go wrong
//! ```

mod error;
mod routing;
mod swap;
mod version;

use aws_sdk_lambda::{
    Client,
    operation::{
        create_alias::CreateAliasOutput, get_alias::GetAliasOutput, update_alias::UpdateAliasOutput,
    },
    types::AliasRoutingConfiguration,
};

pub use error::AliasError;
pub use routing::Routing;
pub use swap::compare_and_swap;
pub use version::{NotAVersion, Version};

use crate::{aws::explain, percent::Percent, record::BY_GUARD};

/// An alias as it was when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// The function that it belongs to.
    pub function: String,
    /// Its name.
    pub name: String,
    /// What it routes to.
    pub routing: Routing,
    /// What the last change wrote there: see [`crate::record`].
    pub description: String,
    /// Stands for this state in a compare-and-swap.
    pub revision_id: String,
}

impl Alias {
    /// Whether it routes and says the same, whatever its revision.
    #[must_use]
    pub fn is_as(&self, other: &Self) -> bool {
        self.routing == other.routing && self.description == other.description
    }

    /// Whether the function `guard` made the last change: it took a candidate's weight back.
    #[must_use]
    pub fn is_by_guard(&self) -> bool {
        self.routing.additional.is_none() && self.description.ends_with(BY_GUARD)
    }

    fn changed(self) -> AliasError {
        AliasError::Changed {
            function: self.function,
            name: self.name,
            found: self.routing,
        }
    }
}

/// Reads an alias.
///
/// # Errors
/// [`AliasError::Missing`] when there is none of that name.
pub async fn read(client: &Client, function: &str, name: &str) -> Result<Alias, AliasError> {
    let request = client.get_alias().function_name(function).name(name);
    let output = request.send().await.map_err(|error| {
        let missing = error
            .as_service_error()
            .is_some_and(|error| error.is_resource_not_found_exception());
        if missing {
            AliasError::Missing {
                function: function.to_owned(),
                name: name.to_owned(),
            }
        } else {
            call("GetAlias", function, name, explain(&error))
        }
    })?;
    parse(function, name, output.into())
}

/// Reads an alias that need not exist.
///
/// # Errors
/// [`AliasError`] when it cannot be read.
pub async fn find(
    client: &Client,
    function: &str,
    name: &str,
) -> Result<Option<Alias>, AliasError> {
    match read(client, function, name).await {
        Ok(alias) => Ok(Some(alias)),
        Err(AliasError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Lists the aliases of a function by name, each with the published versions that it routes to, at
/// whatever weight.
///
/// # Errors
/// [`AliasError::Call`].
pub async fn list(
    client: &Client,
    function: &str,
) -> Result<Vec<(String, Vec<Version>)>, AliasError> {
    let mut pages = client
        .list_aliases()
        .function_name(function)
        .into_paginator()
        .items()
        .send();
    let mut aliases = Vec::new();
    while let Some(item) = pages.next().await {
        let item = item.map_err(|error| call("ListAliases", function, "*", explain(&error)))?;
        let weights = item
            .routing_config()
            .and_then(|routing| routing.additional_version_weights());
        let additional = weights
            .into_iter()
            .flatten()
            .map(|(version, _)| version.as_str());
        // `$LATEST` is no published version.
        let versions = additional
            .chain(item.function_version())
            .filter_map(|version| version.parse().ok());
        aliases.push((
            item.name().unwrap_or_default().to_owned(),
            versions.collect(),
        ));
    }
    Ok(aliases)
}

/// Creates an alias that routes everything to one version.
///
/// # Errors
/// [`AliasError::Call`], also when it exists already.
pub async fn create(
    client: &Client,
    function: &str,
    name: &str,
    version: Version,
    description: &str,
) -> Result<Alias, AliasError> {
    let output = client
        .create_alias()
        .function_name(function)
        .name(name)
        .function_version(version.to_string())
        .description(description)
        .send()
        .await
        .map_err(|error| call("CreateAlias", function, name, explain(&error)))?;
    parse(function, name, output.into())
}

fn call(operation: &'static str, function: &str, name: &str, cause: String) -> AliasError {
    AliasError::Call {
        operation,
        function: function.to_owned(),
        name: name.to_owned(),
        cause,
    }
}

/// What the three answers that carry an alias have in common.
struct Answer {
    version: Option<String>,
    routing: Option<AliasRoutingConfiguration>,
    description: Option<String>,
    revision_id: Option<String>,
}

macro_rules! answer_from {
    ($($output:ty),+) => {$(
        impl From<$output> for Answer {
            fn from(output: $output) -> Self {
                Self {
                    version: output.function_version,
                    routing: output.routing_config,
                    description: output.description,
                    revision_id: output.revision_id,
                }
            }
        }
    )+};
}
answer_from!(GetAliasOutput, CreateAliasOutput, UpdateAliasOutput);

fn parse(function: &str, name: &str, answer: Answer) -> Result<Alias, AliasError> {
    let version = |text: &str| {
        text.parse().map_err(|_| AliasError::Unsupported {
            function: function.to_owned(),
            name: name.to_owned(),
            found: text.to_owned(),
        })
    };
    let weights = answer.routing.and_then(|r| r.additional_version_weights);
    let mut weights = weights.iter().flatten();
    let additional = match (weights.next(), weights.count()) {
        (None, _) => None,
        (Some((text, weight)), 0) => Some((version(text)?, Percent::from_weight(*weight))),
        (Some(_), more) => {
            return Err(AliasError::Unsupported {
                function: function.to_owned(),
                name: name.to_owned(),
                found: format!("{} versions at once", more + 2),
            });
        }
    };
    Ok(Alias {
        function: function.to_owned(),
        name: name.to_owned(),
        routing: Routing {
            primary: version(answer.version.as_deref().unwrap_or("nothing"))?,
            additional,
        },
        description: answer.description.unwrap_or_default(),
        revision_id: answer.revision_id.unwrap_or_default(),
    })
}
