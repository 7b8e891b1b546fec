//! Aliases: read one, create one, change one by compare-and-swap.

use std::{collections::HashMap, time::Duration};

use aws_sdk_lambda::{
    Client, Config,
    config::retry::RetryConfig,
    error::SdkError,
    operation::{
        create_alias::CreateAliasOutput,
        get_alias::GetAliasOutput,
        update_alias::{UpdateAliasError, UpdateAliasOutput, builders::UpdateAliasFluentBuilder},
    },
    types::AliasRoutingConfiguration,
};

use super::{
    client::explain,
    routing::{Percent, Routing, Version},
};

/// How often a change is tried, and how long the first pause between two attempts is.
const ATTEMPTS: u32 = 5;
const FIRST_DELAY: Duration = Duration::from_millis(200);

/// An alias as it was when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// The function that it belongs to.
    pub function: String,
    /// Its name.
    pub name: String,
    /// What it routes to.
    pub routing: Routing,
    /// What the last change wrote there: see [`crate::delivery::record`].
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
}

/// What went wrong with an alias, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum AliasError {
    /// The function or the alias does not exist.
    #[error(
        "function {function} has no alias {name}: publish it first (rollout publish {function})"
    )]
    Missing {
        /// The function.
        function: String,
        /// The alias.
        name: String,
    },
    /// Somebody else has changed the alias since it was read.
    #[error(
        "alias {} of {} was changed by somebody else and now routes to {}; nothing was overwritten \
         (rollout status {})",
        .found.name, .found.function, .found.routing, .found.function
    )]
    Changed {
        /// As it is now.
        found: Box<Alias>,
    },
    /// The alias points at something that a rollout cannot move.
    #[error(
        "alias {name} of {function} points at {found}: point it at one or two published versions"
    )]
    Unsupported {
        /// The function.
        function: String,
        /// The alias.
        name: String,
        /// What it points at.
        found: String,
    },
    /// The call itself failed, after all its retries.
    #[error("{operation} of {function}:{name} failed: {cause}")]
    Call {
        /// The API operation.
        operation: &'static str,
        /// The function.
        function: String,
        /// The alias.
        name: String,
        /// What AWS said, or why it said nothing.
        cause: String,
    },
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

/// Changes an alias, unless somebody else has changed it since `before` was read.
///
/// # Errors
/// [`AliasError::Changed`] when somebody has, and then nothing was written.
pub async fn compare_and_swap(
    client: &Client,
    before: &Alias,
    routing: Routing,
    description: &str,
) -> Result<Alias, AliasError> {
    let (function, name) = (before.function.as_str(), before.name.as_str());
    let mut request = update(client, before, routing, description);
    let mut perhaps_done = false;
    let mut attempt = 0;
    loop {
        attempt += 1;
        let error = match send_once(request.clone()).await {
            Ok(output) => return parse(function, name, output.into()),
            Err(error) => error,
        };
        match Failure::from_error(&error) {
            Failure::Precondition => {
                let now = read(client, function, name).await?;
                // Without an attempt of unknown end this is somebody else who wanted the same.
                if perhaps_done && now.routing == routing && now.description == description {
                    return Ok(now);
                }
                // Touched, and yet as it was: nothing is overwritten by trying again.
                if !now.is_as(before) || attempt == ATTEMPTS {
                    return Err(AliasError::Changed {
                        found: Box::new(now),
                    });
                }
                request = request.revision_id(now.revision_id);
            }
            Failure::Final => return Err(call("UpdateAlias", function, name, explain(&error))),
            _ if attempt == ATTEMPTS => {
                return Err(call("UpdateAlias", function, name, explain(&error)));
            }
            Failure::Unknown => perhaps_done = true,
            Failure::Refused => {}
        }
        tokio::time::sleep(FIRST_DELAY * 2_u32.pow(attempt - 1)).await;
    }
}

fn update(
    client: &Client,
    before: &Alias,
    routing: Routing,
    description: &str,
) -> UpdateAliasFluentBuilder {
    let weights = routing
        .additional
        .map(|(version, percent)| (version.to_string(), percent.weight()));
    let routing_config = AliasRoutingConfiguration::builder()
        .set_additional_version_weights(Some(HashMap::from_iter(weights)))
        .build();
    client
        .update_alias()
        .function_name(&before.function)
        .name(&before.name)
        .function_version(routing.primary.to_string())
        .routing_config(routing_config)
        .description(description)
        .revision_id(&before.revision_id)
}

/// The SDK's own retries would hide whether an earlier attempt may have been carried out.
async fn send_once(
    request: UpdateAliasFluentBuilder,
) -> Result<UpdateAliasOutput, SdkError<UpdateAliasError>> {
    let once = Config::builder().retry_config(RetryConfig::disabled());
    request.customize().config_override(once).send().await
}

/// What a failed attempt means for the next one.
enum Failure {
    /// The alias is not at the revision that was read.
    Precondition,
    /// Not carried out, and worth another attempt.
    Refused,
    /// Carried out or not: the answer did not arrive.
    Unknown,
    /// Not carried out, and another attempt would not be either.
    Final,
}

impl Failure {
    fn from_error(error: &SdkError<UpdateAliasError>) -> Self {
        match error {
            SdkError::ServiceError(context) => match (context.err(), context.raw().status()) {
                (UpdateAliasError::PreconditionFailedException(_), _) => Self::Precondition,
                // A conflict is with another operation that is in progress.
                (
                    UpdateAliasError::TooManyRequestsException(_)
                    | UpdateAliasError::ResourceConflictException(_),
                    _,
                ) => Self::Refused,
                (_, status) if status.is_server_error() => Self::Unknown,
                _ => Self::Final,
            },
            SdkError::ConstructionFailure(_) => Self::Final,
            _ => Self::Unknown,
        }
    }
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
