//! How a function's AWS clients are configured: once, during the init phase.

use std::time::Duration;

use aws_config::{
    BehaviorVersion, SdkConfig,
    environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider},
    retry::RetryConfig,
    timeout::TimeoutConfig,
};
use aws_smithy_http_client::tls;

/// How often one call is tried, the first time included.
const ATTEMPTS: u32 = 4;
/// Waits grow from here, doubled each time and multiplied by a random number below 1. Half of the
/// SDK's habit of a second would be half of an API's patience.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// No wait is longer.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// The services are in the same region: a connection takes a few milliseconds or will not come.
const CONNECT: Duration = Duration::from_secs(1);
/// One attempt: DynamoDB and SQS answer within tens of milliseconds, and a lost packet within one.
const ATTEMPT: Duration = Duration::from_secs(3);
/// All attempts together: an answer that comes later comes after the caller of an API has gone.
const CALL: Duration = Duration::from_secs(8);

/// Region and credentials from the environment variables that Lambda sets, `AWS_ENDPOINT_URL`
/// where it is set, and limits that fit an invocation.
///
/// No instance metadata, no SSO: what Lambda does not have is neither asked at a cold start nor
/// compiled. Nothing is sent. The first client that is made of it reads the certificates for TLS,
/// a few milliseconds of work: make it during the init phase, before anybody's event waits.
pub async fn config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .region(EnvironmentVariableRegionProvider::new())
        .credentials_provider(EnvironmentVariableCredentialsProvider::new())
        .http_client(http_client())
        .retry_config(retries())
        .timeout_config(timeouts())
        .load()
        .await
}

/// TLS through ring, with the system's certificates.
fn http_client() -> aws_types::sdk_config::SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(
            tls::rustls_provider::CryptoMode::Ring,
        ))
        .build_https()
}

/// Up to four attempts with exponential backoff and full jitter.
#[must_use]
pub fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(FIRST_WAIT)
        .with_max_backoff(LONGEST_WAIT)
}

/// What an answer is waited for: an attempt, a connection, and all attempts together.
#[must_use]
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(CALL)
        .build()
}
