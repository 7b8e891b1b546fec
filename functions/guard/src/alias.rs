//! The alias `live` of a function, read and changed.

use std::{collections::HashMap, future::Future};

use aws_sdk_lambda::{
    Client,
    error::{DisplayErrorContext, SdkError},
    operation::{get_alias::GetAliasOutput, update_alias::UpdateAliasError},
    types::AliasRoutingConfiguration,
};
use aws_types::SdkConfig;

use crate::event::LIVE;

/// An alias as it was when it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Alias {
    /// The primary version, which serves the rest.
    pub version: String,
    /// Weights of additional versions, from 0 to 1; Lambda allows one.
    pub weights: HashMap<String, f64>,
    /// The description, as the last change has written it.
    pub description: String,
    /// Identifies this state in a compare-and-swap.
    pub revision_id: String,
}

/// Why an alias could not be read or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AliasError {
    /// Somebody else has changed it since it was read; nothing was written.
    #[error("alias {LIVE} of {function} was changed by somebody else meanwhile")]
    Changed {
        /// The function.
        function: String,
    },
    /// The call itself failed, after its retries.
    #[error("{operation} of {function}:{LIVE} failed: {cause}")]
    Call {
        /// The API operation.
        operation: &'static str,
        /// The function.
        function: String,
        /// What Lambda answered, or why no answer came.
        cause: String,
    },
}

/// The aliases that are guarded.
pub trait Aliases {
    /// `live` of a function; `None` when the function or the alias does not exist.
    fn read(
        &self,
        function: &str,
    ) -> impl Future<Output = Result<Option<Alias>, AliasError>> + Send;

    /// Removes the additional version, unless the alias has changed since it was read.
    fn serve_primary_alone(
        &self,
        function: &str,
        read: &Alias,
        description: String,
    ) -> impl Future<Output = Result<(), AliasError>> + Send;
}

/// The aliases of this account, through Lambda's API.
#[derive(Debug, Clone)]
pub struct LambdaAliases(Client);

impl LambdaAliases {
    /// Makes the client; nothing is sent yet.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self(Client::new(config))
    }
}

impl Aliases for LambdaAliases {
    async fn read(&self, function: &str) -> Result<Option<Alias>, AliasError> {
        let get = self.0.get_alias().function_name(function).name(LIVE);
        match get.send().await {
            Ok(output) => Ok(Some(Alias::from(output))),
            Err(SdkError::ServiceError(error)) if error.err().is_resource_not_found_exception() => {
                Ok(None)
            }
            Err(error) => Err(AliasError::Call {
                operation: "GetAlias",
                function: function.to_owned(),
                cause: DisplayErrorContext(error).to_string(),
            }),
        }
    }

    async fn serve_primary_alone(
        &self,
        function: &str,
        read: &Alias,
        description: String,
    ) -> Result<(), AliasError> {
        // An empty map clears the routing; without a map it would stay.
        let nothing = AliasRoutingConfiguration::builder()
            .set_additional_version_weights(Some(HashMap::new()))
            .build();
        let update = self.0.update_alias().function_name(function).name(LIVE);
        let update = update
            .function_version(&read.version)
            .routing_config(nothing)
            .description(description)
            .revision_id(&read.revision_id);
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_changed(&error) => Err(AliasError::Changed {
                function: function.to_owned(),
            }),
            Err(error) => Err(AliasError::Call {
                operation: "UpdateAlias",
                function: function.to_owned(),
                cause: DisplayErrorContext(error).to_string(),
            }),
        }
    }
}

/// Another revision, or another change in progress.
fn is_changed(error: &SdkError<UpdateAliasError>) -> bool {
    error.as_service_error().is_some_and(|error| {
        error.is_precondition_failed_exception() || error.is_resource_conflict_exception()
    })
}

impl From<GetAliasOutput> for Alias {
    fn from(output: GetAliasOutput) -> Self {
        let routing = output.routing_config;
        let weights = routing.and_then(|routing| routing.additional_version_weights);
        Self {
            version: output.function_version.unwrap_or_default(),
            weights: weights.unwrap_or_default(),
            description: output.description.unwrap_or_default(),
            revision_id: output.revision_id.unwrap_or_default(),
        }
    }
}
