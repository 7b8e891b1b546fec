//! Lambda's errors: type, status code and body as the service sends them.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::{aws::errors, execution::code::CodeError};

/// The error types of the Lambda API that the sandbox sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// A parameter is not acceptable.
    InvalidParameterValue,
    /// The same, of which AWS does not say whose fault it is: some of its messages come without a `Type`.
    InvalidParameterValueUntyped,
    /// A parameter violates the constraints of the service model.
    Validation,
    /// The payload is not JSON.
    InvalidRequestContent,
    /// It belongs to another account.
    AccessDenied,
    /// The function, version or alias does not exist.
    ResourceNotFound,
    /// The version or alias has no provisioned concurrency.
    ProvisionedNotFound,
    /// It exists already, or something still uses it.
    ResourceConflict,
    /// It is just being changed or deleted.
    ResourceInUse,
    /// The `RevisionId` is not the current one.
    PreconditionFailed,
    /// The payload is too large.
    RequestTooLarge,
    /// The code is too large to be sent with a request.
    RequestEntityTooLarge,
    /// No environment is free.
    TooManyRequests,
    /// The function's reserved concurrency is used up.
    ReservedConcurrencyUsedUp,
    /// The sandbox does not have the operation.
    UnknownOperation,
    /// The sandbox itself failed.
    Service,
}

impl ErrorKind {
    /// The name on the wire, and the status code.
    const fn wire(self) -> (&'static str, StatusCode) {
        match self {
            Self::InvalidParameterValue | Self::InvalidParameterValueUntyped => {
                ("InvalidParameterValueException", StatusCode::BAD_REQUEST)
            }
            Self::Validation => ("ValidationException", StatusCode::BAD_REQUEST),
            Self::InvalidRequestContent => {
                ("InvalidRequestContentException", StatusCode::BAD_REQUEST)
            }
            Self::AccessDenied => ("AccessDeniedException", StatusCode::FORBIDDEN),
            Self::ResourceNotFound => ("ResourceNotFoundException", StatusCode::NOT_FOUND),
            Self::ProvisionedNotFound => (
                "ProvisionedConcurrencyConfigNotFoundException",
                StatusCode::NOT_FOUND,
            ),
            Self::ResourceConflict => ("ResourceConflictException", StatusCode::CONFLICT),
            Self::ResourceInUse => ("ResourceInUseException", StatusCode::BAD_REQUEST),
            Self::PreconditionFailed => (
                "PreconditionFailedException",
                StatusCode::PRECONDITION_FAILED,
            ),
            Self::RequestTooLarge => ("RequestTooLargeException", StatusCode::PAYLOAD_TOO_LARGE),
            Self::RequestEntityTooLarge => (
                "RequestEntityTooLargeException",
                StatusCode::PAYLOAD_TOO_LARGE,
            ),
            Self::TooManyRequests | Self::ReservedConcurrencyUsedUp => {
                ("TooManyRequestsException", StatusCode::TOO_MANY_REQUESTS)
            }
            Self::UnknownOperation => ("UnknownOperationException", StatusCode::BAD_REQUEST),
            Self::Service => ("ServiceException", StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

/// An error that a caller of the Lambda API gets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct LambdaError {
    /// Its type.
    pub kind: ErrorKind,
    /// What it says.
    pub message: String,
}

impl LambdaError {
    /// An error of the given kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// `InvalidParameterValueException`.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidParameterValue, message)
    }

    /// `ResourceNotFoundException`.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::ResourceNotFound, message)
    }

    /// `ResourceConflictException`.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::ResourceConflict, message)
    }

    /// `AccessDeniedException` for what belongs to another account. AWS sends it without a message.
    #[must_use]
    pub fn access_denied() -> Self {
        Self::new(ErrorKind::AccessDenied, "it belongs to another account")
    }

    /// `ValidationException` in the words of the service's model validation.
    pub fn validation(field: &str, value: impl std::fmt::Display, constraint: &str) -> Self {
        Self::violations(&[Self::violation(field, value, constraint)])
    }

    /// One constraint of the service's model that a request violates, for [`Self::violations`].
    pub fn violation(field: &str, value: impl std::fmt::Display, constraint: &str) -> String {
        format!("Value '{value}' at '{field}' failed to satisfy constraint: {constraint}")
    }

    /// `ValidationException` for a field that a request must have.
    #[must_use]
    pub fn missing(field: &str) -> Self {
        Self::violations(&[format!(
            "Value null at '{field}' failed to satisfy constraint: Member must not be null"
        )])
    }

    /// `ValidationException` with all constraints that a request violates.
    #[must_use]
    pub fn violations(violations: &[String]) -> Self {
        let errors = if violations.len() == 1 {
            "error"
        } else {
            "errors"
        };
        let message = format!(
            "{} validation {errors} detected: {}",
            violations.len(),
            violations.join("; ")
        );
        Self::new(ErrorKind::Validation, message)
    }

    /// `PreconditionFailedException` for a `RevisionId` that is no longer current.
    #[must_use]
    pub fn stale_revision() -> Self {
        Self::new(
            ErrorKind::PreconditionFailed,
            "The Revision Id provided does not match the latest Revision Id. \
             Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
        )
    }

    /// `PreconditionFailedException` for the `RevisionId` of a policy that is no longer current.
    #[must_use]
    pub fn stale_policy() -> Self {
        Self::new(
            ErrorKind::PreconditionFailed,
            "The Revision Id provided does not match the latest Revision Id. \
             Call the GetPolicy API to retrieve the latest Revision Id",
        )
    }

    /// `TooManyRequestsException` for lack of a free environment, or of concurrency that is `reserved` for the function.
    #[must_use]
    pub fn throttled(reserved: bool) -> Self {
        let kind = match reserved {
            true => ErrorKind::ReservedConcurrencyUsedUp,
            false => ErrorKind::TooManyRequests,
        };
        Self::new(kind, "Rate Exceeded.")
    }

    /// Whether it is for lack of concurrency: the same request may succeed later.
    #[must_use]
    pub fn is_throttle(&self) -> bool {
        let kinds = [
            ErrorKind::TooManyRequests,
            ErrorKind::ReservedConcurrencyUsedUp,
        ];
        kinds.contains(&self.kind)
    }
}

impl From<CodeError> for LambdaError {
    fn from(error: CodeError) -> Self {
        let kind = match error {
            CodeError::TooLarge => ErrorKind::RequestEntityTooLarge,
            CodeError::Refused(_) => ErrorKind::InvalidParameterValue,
            CodeError::Failed(_) => ErrorKind::Service,
        };
        Self::new(kind, error.to_string())
    }
}

impl IntoResponse for LambdaError {
    fn into_response(self) -> Response {
        let (name, status) = self.kind.wire();
        let side = if status.is_server_error() {
            "Service"
        } else {
            "User"
        };
        let body = match self.kind {
            // AWS's model spells this field in two ways.
            ErrorKind::ResourceNotFound | ErrorKind::ResourceInUse => {
                json!({"Type": side, "Message": self.message})
            }
            ErrorKind::TooManyRequests | ErrorKind::ReservedConcurrencyUsedUp => {
                let reason = match self.kind {
                    ErrorKind::TooManyRequests => "ConcurrentInvocationLimitExceeded",
                    _ => "ReservedFunctionConcurrentInvocationLimitExceeded",
                };
                json!({"Type": side, "message": self.message, "Reason": reason})
            }
            ErrorKind::InvalidParameterValueUntyped => json!({"message": self.message}),
            ErrorKind::AccessDenied => json!({"Message": null}),
            _ => json!({"Type": side, "message": self.message}),
        };
        errors::rest_json(status, name, &body)
    }
}
