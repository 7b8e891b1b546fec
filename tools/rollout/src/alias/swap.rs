//! Compare-and-swap.

use std::{collections::HashMap, time::Duration};

use aws_sdk_lambda::{
    Client, Config,
    config::retry::RetryConfig,
    error::SdkError,
    operation::update_alias::{
        UpdateAliasError, UpdateAliasOutput, builders::UpdateAliasFluentBuilder,
    },
    types::AliasRoutingConfiguration,
};

use super::{Alias, AliasError, Routing, call, parse, read};
use crate::aws::explain;

/// How often a change is tried, and how long the first pause between two attempts is.
const ATTEMPTS: u32 = 5;
const FIRST_DELAY: Duration = Duration::from_millis(200);

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
        match Failure::of(&error) {
            Failure::Precondition => {
                let now = read(client, function, name).await?;
                // Without an attempt of unknown end this is somebody else who wanted the same.
                if perhaps_done && now.routing == routing && now.description == description {
                    return Ok(now);
                }
                // Touched, and yet as it was: nothing is overwritten by trying again.
                if !now.is_as(before) || attempt == ATTEMPTS {
                    return Err(now.changed());
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
    fn of(error: &SdkError<UpdateAliasError>) -> Self {
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
