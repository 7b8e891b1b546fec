//! What callers may set for asynchronous invocations, and its limits.

use chrono::Utc;
use serde::Deserialize;

use super::{
    event_invoke::EventInvokeSettings, functions::Functions, names::FunctionRef, settings::within,
};
use crate::services::lambda::error::LambdaError;

/// What the ARN of a destination looks like.
const DESTINATION_PATTERN: &str = "$|kafka://([^.]([a-zA-Z0-9\\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-])+:\
    ((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1})?:(\\d{12})?:(.*)";

/// `PutFunctionEventInvokeConfig` and `UpdateFunctionEventInvokeConfig`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EventInvokeChange {
    maximum_event_age_in_seconds: Option<i64>,
    maximum_retry_attempts: Option<i64>,
    destination_config: Option<Destinations>,
}

/// `DestinationConfig`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Destinations {
    on_success: Option<Destination>,
    on_failure: Option<Destination>,
}

/// `OnSuccess` and `OnFailure`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Destination {
    destination: Option<String>,
}

impl Destination {
    fn arn(&self) -> Option<&str> {
        self.destination.as_deref().filter(|arn| !arn.is_empty())
    }
}

impl EventInvokeChange {
    /// The settings that come of it: with what was set `before`, when it is an update.
    ///
    /// # Errors
    /// `ValidationException` for what the service's model forbids; `InvalidParameterValueException` when nothing is set, or a
    /// destination is no destination of this function.
    pub fn apply(
        self,
        before: Option<&EventInvokeSettings>,
        function: &str,
        functions: &Functions,
        region: &str,
    ) -> Result<EventInvokeSettings, LambdaError> {
        let optional = |value: Option<i64>, field, range| {
            value.map(|value| within(field, value, range)).transpose()
        };
        let age = optional(
            self.maximum_event_age_in_seconds,
            "maximumEventAgeInSeconds",
            60..=21_600,
        )?;
        let attempts = optional(self.maximum_retry_attempts, "maximumRetryAttempts", 0..=2)?;
        let (on_success, on_failure) = match &self.destination_config {
            Some(destinations) => {
                destinations.check(function, functions, region)?;
                destinations.arns()
            }
            None => (
                before.and_then(|before| before.on_success.clone()),
                before.and_then(|before| before.on_failure.clone()),
            ),
        };
        Ok(EventInvokeSettings {
            maximum_event_age_s: age.or(before.and_then(|before| before.maximum_event_age_s)),
            maximum_retry_attempts: attempts
                .or(before.and_then(|before| before.maximum_retry_attempts)),
            on_failure,
            on_success,
            last_modified: Utc::now(),
        })
    }

    /// Whether it sets anything.
    ///
    /// # Errors
    /// `InvalidParameterValueException`.
    pub fn check_not_empty(&self) -> Result<(), LambdaError> {
        match self {
            Self {
                maximum_event_age_in_seconds: None,
                maximum_retry_attempts: None,
                destination_config: None,
            } => Err(LambdaError::invalid(
                "You must specify at least one of error handling or destination setting.",
            )),
            _ => Ok(()),
        }
    }
}

impl Destinations {
    /// The ARN of each, after the name of its field.
    fn named(&self) -> [(&'static str, Option<&str>); 2] {
        let on_success = self.on_success.as_ref().and_then(Destination::arn);
        let on_failure = self.on_failure.as_ref().and_then(Destination::arn);
        [
            ("destinationConfig.onSuccess.destination", on_success),
            ("destinationConfig.onFailure.destination", on_failure),
        ]
    }

    fn arns(&self) -> (Option<String>, Option<String>) {
        let [(_, on_success), (_, on_failure)] = self.named();
        (on_success.map(str::to_owned), on_failure.map(str::to_owned))
    }

    fn check(
        &self,
        function: &str,
        functions: &Functions,
        region: &str,
    ) -> Result<(), LambdaError> {
        for (field, arn) in self.named() {
            let Some(arn) = arn else { continue };
            let parts: Vec<&str> = arn.splitn(6, ':').collect();
            match parts.as_slice() {
                ["arn", _, "sqs", ..] => {}
                ["arn", _, "lambda", ..] => check_function(arn, function, functions, region)?,
                ["arn", _, "sns" | "events" | "s3", ..] => {
                    return Err(LambdaError::invalid(format!(
                        "The sandbox does not support the destination {arn}: queues and functions are destinations here."
                    )));
                }
                ["arn", _, service, _, _, _] if is_service(service) => {
                    return Err(LambdaError::invalid(format!(
                        "The provided destination config {self} is invalid."
                    )));
                }
                _ => {
                    let constraint = format!(
                        "Member must satisfy regular expression pattern: {DESTINATION_PATTERN}"
                    );
                    return Err(LambdaError::validation(field, arn, &constraint));
                }
            }
        }
        Ok(())
    }
}

/// As AWS prints it in messages.
impl std::fmt::Display for Destinations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [(_, success), (_, failure)] = self.named();
        let printed = |kind: &str, arn: Option<&str>| match arn {
            Some(arn) => format!("{kind}(destination={arn})"),
            None => "null".to_owned(),
        };
        write!(
            f,
            "DestinationConfig(onSuccess={}, onFailure={})",
            printed("OnSuccess", success),
            printed("OnFailure", failure)
        )
    }
}

fn is_service(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !name.is_empty() && name.bytes().all(allowed)
}

/// A function as a destination: there, and another one.
fn check_function(
    arn: &str,
    function: &str,
    functions: &Functions,
    region: &str,
) -> Result<(), LambdaError> {
    let FunctionRef { name, qualifier } = FunctionRef::parse(arn, None, region)?;
    if name == function {
        return Err(LambdaError::invalid(
            "You can't specify the function as a destination for itself.",
        ));
    }
    let found = functions.function(&name, region);
    let found = found.and_then(|found| found.resolve(qualifier.as_deref(), || 0.0));
    match found {
        Ok(_) => Ok(()),
        Err(_) => Err(LambdaError::invalid(format!(
            "The destination ARN {arn} is invalid."
        ))),
    }
}
