//! Aliases: read one, change it by compare-and-swap.

use std::{collections::HashMap, fmt, num::NonZeroU64, str::FromStr, time::Duration};

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
use serde::Serialize;

use crate::{aws::explain, percent::Percent};

/// How often a change is tried, and how long the first pause between two attempts is.
const ATTEMPTS: u32 = 5;
const FIRST_DELAY: Duration = Duration::from_millis(200);

/// The number of a published version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Version(NonZeroU64);

impl Version {
    /// The number.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Something that is not the number of a published version, such as `$LATEST`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the number of a published version")]
pub struct NotAVersion(String);

impl FromStr for Version {
    type Err = NotAVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse()
            .map(Self)
            .map_err(|_| NotAVersion(text.to_owned()))
    }
}

/// What an alias routes to: one version, or two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Routing {
    /// The version that gets what the other does not.
    pub primary: Version,
    /// The second version and its weight.
    pub additional: Option<(Version, Percent)>,
}

impl Routing {
    /// Everything to one version.
    #[must_use]
    pub fn alone(primary: Version) -> Self {
        Self {
            primary,
            additional: None,
        }
    }

    /// `percent` to the second version, the rest to the first.
    #[must_use]
    pub fn weighted(primary: Version, candidate: Version, percent: Percent) -> Self {
        Self {
            primary,
            additional: Some((candidate, percent)),
        }
    }

    /// Whether it names a version, at whatever weight.
    #[must_use]
    pub fn routes_to(&self, version: Version) -> bool {
        self.primary == version || self.additional.is_some_and(|(other, _)| other == version)
    }

    /// The share of the traffic that a version gets.
    #[must_use]
    pub fn share(&self, version: Version) -> Percent {
        match self.additional {
            Some((additional, percent)) if additional == version => percent,
            Some((_, percent)) if self.primary == version => {
                Percent::from_weight(1.0 - percent.weight())
            }
            None if self.primary == version => Percent::HUNDRED,
            _ => Percent::ZERO,
        }
    }
}

impl fmt::Display for Routing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.additional {
            None => write!(f, "version {} alone", self.primary),
            Some((version, percent)) => write!(
                f,
                "version {} {}, version {version} {percent}",
                self.primary,
                self.share(self.primary)
            ),
        }
    }
}

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
    fn changed(self) -> AliasError {
        AliasError::Changed {
            function: self.function,
            name: self.name,
            found: self.routing,
        }
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
        "alias {name} of {function} was changed by somebody else and now routes to {found}; \
         nothing was overwritten (rollout status {function})"
    )]
    Changed {
        /// The function.
        function: String,
        /// The alias.
        name: String,
        /// Where it routes now.
        found: Routing,
    },
    /// The alias points at something that a rollout cannot move.
    #[error("alias {name} of {function} points at {found}: point it at published versions")]
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
    let request = update(client, before, routing, description);
    let mut perhaps_done = false;
    let mut attempt = 0;
    loop {
        attempt += 1;
        let error = match send_once(request.clone()).await {
            Ok(output) => return parse(function, name, output.into()),
            Err(error) => error,
        };
        match Failure::of(&error) {
            Failure::Precondition => {
                let now = read(client, function, name).await?;
                // Without an attempt of unknown end this is somebody else who wanted the same.
                let ours = perhaps_done && now.routing == routing && now.description == description;
                return if ours { Ok(now) } else { Err(now.changed()) };
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
    fn of(error: &SdkError<UpdateAliasError>) -> Self {
        match error {
            SdkError::ServiceError(context) => match (context.err(), context.raw().status()) {
                (UpdateAliasError::PreconditionFailedException(_), _) => Self::Precondition,
                (UpdateAliasError::TooManyRequestsException(_), _) => Self::Refused,
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
    let additional = match weights.iter().flatten().next() {
        Some((text, weight)) => Some((version(text)?, Percent::from_weight(*weight))),
        None => None,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn version(number: &str) -> Version {
        number.parse().expect("a version")
    }

    #[test]
    fn shares_add_up_to_everything() {
        let routing = Routing::weighted(version("3"), version("4"), Percent::from_weight(0.05));
        assert_eq!(routing.share(version("3")).value(), 95.0);
        assert_eq!(routing.share(version("4")).value(), 5.0);
        assert_eq!(routing.share(version("5")), Percent::ZERO);
        assert_eq!(routing.to_string(), "version 3 95%, version 4 5%");
    }

    #[test]
    fn latest_and_zero_are_no_published_versions() {
        for text in ["$LATEST", "0", "-1", "1.5", ""] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
    }
}
