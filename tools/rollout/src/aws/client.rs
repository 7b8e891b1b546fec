//! Clients as the AWS CLI would configure them, and errors in words.

use std::{net::IpAddr, time::Duration};

use aws_config::{
    BehaviorVersion, Region, SdkConfig,
    environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider},
    meta::{credentials::CredentialsProviderChain, region::RegionProviderChain},
    profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider},
    provider_config::ProviderConfig,
    retry::RetryConfig,
    timeout::TimeoutConfig,
};
use aws_credential_types::Credentials;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::tls;
/// How often one call is tried: five attempts wait about 8 s between them, which outlasts a
/// burst of throttling and is shorter than any sensible no_data_timeout_s.
const ATTEMPTS: u32 = 5;

/// Where AWS is, as the AWS CLI's flags and environment variables have it.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    /// Endpoint of every service, for a sandbox.
    pub endpoint_url: Option<String>,
    /// Region of the function.
    pub region: Option<String>,
    /// Profile in the AWS configuration files.
    pub profile: Option<String>,
}

/// The AWS services that a rollout talks to.
#[derive(Debug, Clone)]
pub struct Clients {
    /// Functions, versions, aliases.
    pub lambda: aws_sdk_lambda::Client,
    /// Metrics.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// Tags of all functions.
    pub tagging: aws_sdk_resourcegroupstagging::Client,
}

impl Clients {
    /// Nothing is sent yet.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            lambda: aws_sdk_lambda::Client::new(config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(config),
            tagging: aws_sdk_resourcegroupstagging::Client::new(config),
        }
    }
}

impl Connection {
    /// Makes the clients; nothing is sent yet.
    pub async fn connect(self) -> Clients {
        Clients::new(&self.config().await)
    }

    /// What other clients are made of.
    pub async fn config(self) -> SdkConfig {
        let endpoint = self.endpoint_url.as_deref().filter(|url| !url.is_empty());
        let sandbox = endpoint.is_some_and(is_loopback);
        let region = self.region(sandbox).region().await;
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(timeouts())
            .http_client(http_client())
            .region(region);
        if let Some(profile) = &self.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(url) = endpoint {
            loader = loader.endpoint_url(url);
        }
        if sandbox {
            loader = loader.credentials_provider(self.sandbox_credentials());
        }
        loader.load().await
    }

    /// A sandbox takes any credentials: whoever has none need not make some up, nor wait for the instance
    /// metadata.
    fn sandbox_credentials(&self) -> CredentialsProviderChain {
        let mut profile = ProfileFileCredentialsProvider::builder()
            .configure(&ProviderConfig::empty().with_http_client(http_client()));
        if let Some(name) = &self.profile {
            profile = profile.profile_name(name);
        }
        let any = Credentials::new("sandbox", "sandbox", None, None, "sandbox");
        CredentialsProviderChain::first_try(
            "Environment",
            EnvironmentVariableCredentialsProvider::new(),
        )
        .or_else("Profile", profile.build())
        .or_else("Sandbox", any)
    }

    /// Flag, environment, profile: not the instance metadata, which is worth no waiting.
    fn region(&self, sandbox: bool) -> RegionProviderChain {
        let mut profile = ProfileFileRegionProvider::builder();
        if let Some(name) = &self.profile {
            profile = profile.profile_name(name);
        }
        let region = RegionProviderChain::first_try(self.region.clone().map(Region::new))
            .or_else(EnvironmentVariableRegionProvider::new())
            .or_else(profile.build());
        region.or_else(sandbox.then(|| Region::new("us-east-1")))
    }
}

/// TLS with the system's certificates.
fn http_client() -> aws_sdk_lambda::config::SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(
            tls::rustls_provider::CryptoMode::Ring,
        ))
        .build_https()
}

/// Says in one line what AWS answered, or why no answer came.
pub fn explain<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    if let SdkError::ServiceError(context) = error {
        let code = context.err().code().unwrap_or("unknown error");
        let message = context.err().message().unwrap_or("no message");
        return format!("{code}: {message}{}", remedy(code));
    }
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// What to do about an error that AWS itself gives no advice for.
fn remedy(code: &str) -> &'static str {
    match code {
        "ExpiredToken"
        | "ExpiredTokenException"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId" => {
            ". Renew the credentials (such as by aws sso login), and run the same command again"
        }
        _ => "",
    }
}

/// No limit on reading an answer: a replayed invocation may take the function's whole timeout.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .build()
}

/// Whether an endpoint is on this machine.
fn is_loopback(url: &str) -> bool {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = authority.split(['/', '?']).next().unwrap_or(authority);
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or(v6),
        None => authority.split(':').next().unwrap_or(authority),
    };
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_this_machine_is_loopback() {
        for url in [
            "http://127.0.0.1:4566",
            "http://localhost:9000/",
            "http://[::1]:80",
        ] {
            assert!(is_loopback(url), "{url}");
        }
        for url in [
            "https://lambda.eu-west-1.amazonaws.com",
            "http://127.0.0.1.example.com:80",
            "http://10.0.0.1:4566",
        ] {
            assert!(!is_loopback(url), "{url}");
        }
    }
}
