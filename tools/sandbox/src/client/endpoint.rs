//! Which sandbox is meant, and the AWS client for it.

use std::path::PathBuf;

use aws_sdk_lambda::config::{
    BehaviorVersion, Credentials, Region, StalledStreamProtectionConfig, retry::RetryConfig,
};
use clap::Args;

use crate::endpoint_file::EndpointFile;

/// How the user says which sandbox is meant.
#[derive(Debug, Clone, Args)]
pub struct EndpointArgs {
    /// Endpoint of the sandbox, instead of the one that runs from --folder
    #[arg(long, env = "AWS_ENDPOINT_URL", value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Folder of the sandbox
    #[arg(long, default_value = ".sandbox")]
    pub folder: PathBuf,
    /// Region to sign requests for
    #[arg(long, env = "AWS_REGION", default_value = "us-east-1")]
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

    /// A Lambda client for the sandbox. It never retries: every error is seen once.
    ///
    /// # Errors
    /// [`EndpointError`] when there is no sandbox to talk to.
    pub fn lambda(&self) -> Result<aws_sdk_lambda::Client, EndpointError> {
        let config = aws_sdk_lambda::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            // The sandbox listens on loopback, without TLS.
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(self.url()?)
            .region(Region::new(self.region.clone()))
            .credentials_provider(Credentials::new(
                "sandbox", "sandbox", None, None, "sandbox",
            ))
            .retry_config(RetryConfig::disabled())
            // An invocation may take 15 minutes before its first byte.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build();
        Ok(aws_sdk_lambda::Client::from_conf(config))
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
        let file = EndpointFile {
            endpoint: "http://127.0.0.1:4711".into(),
            pid: std::process::id(),
        };
        file.write(folder.path()).unwrap();
        let mut args = args(folder.path());
        assert_eq!(args.url().unwrap(), file.endpoint);
        args.endpoint_url = Some("http://127.0.0.1:1".into());
        assert_eq!(args.url().unwrap(), "http://127.0.0.1:1");
        args.endpoint_url = Some(String::new());
        assert_eq!(args.url().unwrap(), file.endpoint);
    }
}
