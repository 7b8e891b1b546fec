//! How a function's AWS clients are configured, once, during the init phase; and what their errors mean.

use std::{error::Error, time::Duration};

use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_runtime::retries::classifiers::{THROTTLING_ERRORS, TRANSIENT_ERRORS};
use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::{client::result::SdkError, http::Response};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// How often one call is tried, the first time included.
const ATTEMPTS: u32 = 4;
/// The first backoff; it is doubled each time and multiplied by a random number below 1. The SDK's default of 1 s is
/// too long for the caller of an API.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// The longest backoff.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// Timeout of a connection: the services are in the same region, where one takes a few milliseconds.
const CONNECT: Duration = Duration::from_secs(1);
/// Timeout of one attempt: DynamoDB and SQS answer within tens of milliseconds, after a lost packet within a second.
const ATTEMPT: Duration = Duration::from_secs(3);
/// Timeout of all attempts together: later than this the caller of an API has gone.
const CALL: Duration = Duration::from_secs(8);

/// Region and credentials by the SDK's default chain, `AWS_ENDPOINT_URL` where it is set, and limits that fit an
/// invocation.
///
/// First in the chain are the environment variables that Lambda sets; a developer's profile comes behind them, and costs
/// neither size nor start-up, since aws-config links the chain in any case. A profile of SSO or with a
/// `credential_process` is left out: 257 KiB of every zip (docs/functions.md says how to use one). Nothing is sent. The
/// first client made from it reads the certificates for TLS, which takes a few milliseconds: make it during the init
/// phase, before an event waits.
pub async fn config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::v2026_01_12())
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

/// Timeouts of a connection, of one attempt, and of all attempts together.
#[must_use]
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(CALL)
        .build()
}

/// Whether the same call may succeed later: throttling, timeouts, lost connections, errors of AWS's. The SDK has tried
/// it again already.
pub fn is_transient<E: ProvideErrorMetadata>(error: &SdkError<E, Response>) -> bool {
    match error {
        SdkError::ServiceError(context) => {
            let code = context.err().code().unwrap_or_default();
            context.raw().status().is_server_error()
                || THROTTLING_ERRORS.contains(&code)
                || TRANSIENT_ERRORS.contains(&code)
        }
        SdkError::DispatchFailure(failure) => failure.is_io() || failure.is_timeout(),
        SdkError::TimeoutError(_) | SdkError::ResponseError(_) => true,
        _ => false,
    }
}

/// What the service answered, or why no answer came, in one line.
pub fn explain<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E, Response>) -> String {
    if let SdkError::ServiceError(context) = error {
        let code = context.err().code().unwrap_or("unknown error");
        let message = context.err().message().unwrap_or("no message");
        return format!("{code}: {message}");
    }
    let causes = std::iter::successors(Some(error as &dyn Error), |&cause| cause.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    causes.join(": ")
}

#[cfg(test)]
mod tests {
    use std::{env, fs, process::Command};

    use aws_credential_types::provider::ProvideCredentials as _;

    use super::*;

    /// Prints whose credentials `config` finds; run by the test below, with variables of its own.
    #[tokio::test]
    #[ignore = "a part of the test below"]
    async fn print_credentials() {
        let config = config().await;
        let credentials = config.credentials_provider().unwrap();
        let credentials = credentials.provide_credentials().await.unwrap();
        println!(
            "{} in {}",
            credentials.access_key_id(),
            config.region().unwrap()
        );
    }

    #[test]
    fn credentials_and_region_are_those_of_the_environment_or_else_of_a_profile() {
        let file = env::temp_dir().join(format!("shared-aws-{}", std::process::id()));
        let profile = "[profile dev]\naws_access_key_id = OF-PROFILE\naws_secret_access_key = a\nregion = eu-west-3\n";
        fs::write(&file, profile).unwrap();
        let found = |variables: &[(&str, &str)]| {
            let mut child = Command::new(env::current_exe().unwrap());
            child.args(["--ignored", "--nocapture", "aws::tests::print_credentials"]);
            child
                .env_clear()
                .env("AWS_CONFIG_FILE", &file)
                .env("AWS_PROFILE", "dev");
            child.envs(variables.iter().copied());
            String::from_utf8(child.output().unwrap().stdout).unwrap()
        };
        let lambda = [
            ("AWS_ACCESS_KEY_ID", "OF-LAMBDA"),
            ("AWS_SECRET_ACCESS_KEY", "b"),
            ("AWS_REGION", "us-east-1"),
        ];
        let (of_lambda, of_profile) = (found(&lambda), found(&[]));
        fs::remove_file(&file).unwrap();
        assert!(of_lambda.contains("OF-LAMBDA in us-east-1"), "{of_lambda}");
        assert!(
            of_profile.contains("OF-PROFILE in eu-west-3"),
            "{of_profile}"
        );
    }
}
