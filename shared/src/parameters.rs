//! Parameters and secrets of the function, read once during the init phase: `parameters` in `[package.metadata.function]`.
//!
//! The environment has their names alone (`API_KEY_PARAMETER`), so that no value is in the function's configuration or in
//! Terraform's state. Secrets of Secrets Manager come through Parameter Store.

use std::{
    env,
    fmt::{self, Debug, Formatter},
};

use aws_sdk_ssm::{Client, error::DisplayErrorContext};
use aws_types::SdkConfig;

/// How many names one call takes
/// (<https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html>).
const MOST_NAMES: usize = 10;

/// A value that no log shows by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The value itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Debug for Secret {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

/// Why a parameter cannot be read.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// The function's metadata does not name it.
    #[error(
        "environment variable {0}_PARAMETER is not set: add {0} to `parameters` in [package.metadata.function] of Cargo.toml"
    )]
    NotNamed(&'static str),
    /// There is no such parameter.
    #[error(
        "parameter {0} does not exist: make it (aws ssm put-parameter --type SecureString, or aws secretsmanager \
         create-secret; in the sandbox .sandbox/parameters.json)"
    )]
    Missing(String),
    /// Parameter Store did not answer, or refused.
    #[error("GetParameters failed: {0}")]
    Call(String),
}

impl Debug for ParameterError {
    /// Like `Display`, because a `main` that returns an error prints it with `Debug`.
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

/// Reads the parameters that the metadata calls by these names, in the same order.
///
/// # Errors
/// [`ParameterError`]: an init that fails with it names the parameter before any event comes.
pub async fn read<const N: usize>(
    config: &SdkConfig,
    names: [&'static str; N],
) -> Result<[Secret; N], ParameterError> {
    let mut paths = Vec::with_capacity(N);
    for name in names {
        let path = env::var(format!("{name}_PARAMETER"));
        paths.push(path.map_err(|_| ParameterError::NotNamed(name))?);
    }
    let secrets = fetch(config, paths).await?;
    secrets
        .try_into()
        .map_err(|_| ParameterError::Call("an answer of another length".to_owned()))
}

/// The same by their names in Parameter Store.
///
/// # Errors
/// [`ParameterError`], but for [`ParameterError::NotNamed`].
pub async fn fetch(config: &SdkConfig, paths: Vec<String>) -> Result<Vec<Secret>, ParameterError> {
    let client = Client::new(config);
    let mut found = Vec::with_capacity(paths.len());
    for paths in paths.chunks(MOST_NAMES) {
        let get = client.get_parameters().set_names(Some(paths.to_vec()));
        let answer = get.with_decryption(true).send().await;
        let answer =
            answer.map_err(|error| ParameterError::Call(DisplayErrorContext(error).to_string()))?;
        found.extend(answer.parameters.unwrap_or_default());
    }
    // Parameter Store answers in an order of its own.
    let secrets = paths.into_iter().map(|path| {
        let found = found.iter().find(|it| it.name() == Some(path.as_str()));
        let value = found.and_then(|it| it.value.clone());
        value.map(Secret).ok_or(ParameterError::Missing(path))
    });
    secrets.collect()
}
