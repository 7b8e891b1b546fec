//! Which sandbox is meant, and AWS clients for it.

use std::path::PathBuf;

use aws_sdk_lambda::config::{
    BehaviorVersion, Credentials, Region, SharedCredentialsProvider, StalledStreamProtectionConfig,
    retry::RetryConfig,
};
use aws_types::SdkConfig;
use clap::Args;

use super::{
    admin::{AdminClient, AdminError},
    endpoint_file::EndpointFile,
    http::JsonClient,
};
use crate::aws::DEFAULT_REGION;

/// How the user says which sandbox is meant.
#[derive(Debug, Clone, Args)]
pub struct EndpointArgs {
    /// Endpoint of the sandbox, instead of the one that runs from --folder
    #[arg(long, env = "AWS_ENDPOINT_URL", value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Folder of the sandbox
    #[arg(long, default_value = ".sandbox")]
    pub folder: PathBuf,
    /// Region to sign requests for; not the shell's AWS_REGION, since functions would get it
    #[arg(long, default_value = DEFAULT_REGION)]
    pub region: String,
}

/// Why there is no sandbox to talk to.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// None runs from that folder.
    #[error("no sandbox is running from {folder}: start one with `sandbox start --folder {folder}`", folder = folder.display())]
    NotRunning {
        /// The folder.
        folder: PathBuf,
    },
}

impl EndpointArgs {
    /// The endpoint that was given, or that of the sandbox that runs from the folder.
    ///
    /// # Errors
    /// [`EndpointError`] when none was given and none runs.
    pub fn url(&self) -> Result<String, EndpointError> {
        // An empty variable is as good as none.
        let given = self.endpoint_url.clone().filter(|url| !url.is_empty());
        given
            .or_else(|| EndpointFile::running(&self.folder).map(|running| running.endpoint))
            .ok_or_else(|| EndpointError::NotRunning {
                folder: self.folder.clone(),
            })
    }

    /// Configuration for any AWS client.
    ///
    /// # Errors
    /// [`EndpointError`] when there is no sandbox to talk to.
    pub fn sdk_config(&self) -> Result<SdkConfig, EndpointError> {
        Ok(sdk_config(&self.url()?, &self.region))
    }
}

/// Configuration for any AWS client of the sandbox at an endpoint: credentials that nobody checks, and no retries, so
/// that every error is seen once.
#[must_use]
pub fn sdk_config(endpoint: &str, region: &str) -> SdkConfig {
    let credentials = Credentials::new("sandbox", "sandbox", None, None, "sandbox");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        // The sandbox listens on loopback, without TLS.
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint)
        .region(Region::new(region.to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::disabled())
        // An invocation may take 15 minutes before its first byte.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .build()
}

/// Clients for everything that a deploy touches in one sandbox.
#[derive(Debug, Clone)]
pub struct Clients {
    /// Lambda.
    pub lambda: aws_sdk_lambda::Client,
    /// DynamoDB and SQS.
    pub json: JsonClient,
    /// The admin routes.
    pub admin: AdminClient,
}

impl Clients {
    /// Clients for one sandbox.
    ///
    /// # Errors
    /// [`AdminError::Endpoint`] when the configuration has no `http` endpoint with host and port.
    pub fn new(config: &SdkConfig) -> Result<Self, AdminError> {
        let endpoint = config.endpoint_url().unwrap_or_default();
        let region = config.region().map_or(DEFAULT_REGION, AsRef::as_ref);
        Ok(Self {
            lambda: aws_sdk_lambda::Client::new(config),
            json: JsonClient::new(endpoint, region),
            admin: AdminClient::new(endpoint)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn args(folder: &Path) -> EndpointArgs {
        EndpointArgs {
            endpoint_url: None,
            folder: folder.to_owned(),
            region: "us-east-1".into(),
        }
    }

    #[test]
    fn without_a_sandbox_the_error_says_how_to_start_one() {
        let folder = tempfile::tempdir().unwrap();
        let message = args(folder.path()).url().unwrap_err().to_string();
        assert!(
            message.starts_with("no sandbox is running from "),
            "{message}"
        );
        assert!(message.contains("sandbox start --folder "), "{message}");
    }

    #[test]
    fn the_folder_names_the_endpoint_unless_one_is_given() {
        let folder = tempfile::tempdir().unwrap();
        let file = EndpointFile::of_this_process("http://127.0.0.1:4711").unwrap();
        file.write(folder.path()).unwrap();
        let mut args = args(folder.path());
        assert_eq!(args.url().unwrap(), file.endpoint);
        args.endpoint_url = Some("http://127.0.0.1:1".into());
        assert_eq!(args.url().unwrap(), "http://127.0.0.1:1");
        args.endpoint_url = Some(String::new());
        assert_eq!(args.url().unwrap(), file.endpoint);
    }
}
