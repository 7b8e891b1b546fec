//! The flags that say where AWS is.

use clap::Args;

use crate::aws::client::Connection;

/// Where AWS is: the AWS CLI's own flags and environment variables.
#[derive(Debug, Args)]
pub(super) struct ConnectionArgs {
    /// Endpoint of every service, for a sandbox
    #[arg(long, global = true, env = "AWS_ENDPOINT_URL", value_name = "URL")]
    endpoint_url: Option<String>,
    /// Region of the function [env: AWS_REGION=]
    #[arg(long, global = true, value_name = "REGION")]
    region: Option<String>,
    /// Profile in the AWS configuration files [env: AWS_PROFILE=]
    #[arg(long, global = true, value_name = "PROFILE")]
    profile: Option<String>,
}

impl From<ConnectionArgs> for Connection {
    fn from(args: ConnectionArgs) -> Self {
        Self {
            endpoint_url: args.endpoint_url,
            region: args.region,
            profile: args.profile,
        }
    }
}
