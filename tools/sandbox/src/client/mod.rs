//! What the subcommands that talk to a running sandbox have in common.
//!
//! - [`endpoint`]: which sandbox is meant, and AWS clients for it.
//! - [`admin`]: the routes under `/_sandbox/` that are no part of AWS.
//! - [`apply`]: a function from its build, made or brought up to date.
//! - [`http`]: a client for the HTTP fronts.
//! - [`replay`]: the sample events of a function, sent to a build of it.
//! - [`json`]: calls of DynamoDB and SQS.
//! - [`settings`]: a function's settings, as its manifest wants them and as Lambda has them.
//! - [`traffic`]: invocations at a steady rate.

pub mod admin;
pub mod apply;
pub mod endpoint;
pub mod http;
pub mod json;
pub mod replay;
pub mod settings;
pub mod traffic;

use aws_sdk_lambda::error::SdkError;

/// What was asked for, or none where the service says that there is no such thing.
///
/// # Errors
/// Every other error of the service.
pub(crate) fn if_there<T, E, R>(
    result: Result<T, SdkError<E, R>>,
    is_missing: fn(&E) -> bool,
) -> Result<Option<T>, SdkError<E, R>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.as_service_error().is_some_and(is_missing) => Ok(None),
        Err(error) => Err(error),
    }
}
