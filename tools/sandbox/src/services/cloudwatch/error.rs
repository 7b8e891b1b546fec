//! What `CloudWatch` refuses, with AWS's codes.

use axum::http::StatusCode;

/// Why a request has no answer. The text is the message that the client sees.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CloudWatchError {
    /// An operation that this sandbox does not have.
    #[error("the sandbox serves metrics and alarms of CloudWatch, not {0:?}")]
    UnknownOperation(String),
    /// The body is not what the protocol says.
    #[error("cannot read the request: {0}")]
    Malformed(String),
    /// A body that is larger than the operation takes.
    #[error("Request size {bytes} exceeded {limit} bytes")]
    TooLarge {
        /// As it was sent.
        bytes: usize,
        /// What it could have been.
        limit: usize,
    },
    /// A parameter that must be there is not.
    #[error("The parameter {0} is required.")]
    Missing(String),
    /// The time range is empty.
    #[error("The parameter StartTime must not equal parameter EndTime.")]
    EmptyRange,
    /// The time range runs backwards.
    #[error("The parameter StartTime must be less than the parameter EndTime.")]
    ReversedRange,
    /// Too many queries in one request.
    #[error("The collection MetricDataQueries must not have a size greater than 500, it has {0}.")]
    TooManyQueries(usize),
    /// An id that AWS's pattern does not match.
    #[error(
        "The value {id} for parameter MetricDataQueries.member.{position}.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$."
    )]
    BadId {
        /// What was sent.
        id: String,
        /// Its place in the request, from 1.
        position: usize,
    },
    /// Two queries with one id.
    #[error("The values for parameter id in MetricDataQueries are not unique: {0} is there twice.")]
    RepeatedId(String),
    /// Metric math or Metrics Insights.
    #[error(
        "MetricDataQueries.member.{0} has an Expression: the sandbox has neither metric math nor Metrics Insights, ask for a MetricStat"
    )]
    Expression(usize),
    /// No query with `ReturnData`.
    #[error("At least one query in MetricDataQueries must have ReturnData true.")]
    NothingToReturn,
    /// A period that metrics are not kept in.
    #[error("The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60, it is {0}.")]
    BadPeriod(i64),
    /// A statistic that does not exist.
    #[error(
        "The value {0:?} for parameter Stat is not supported: use Sum, Average, Minimum, Maximum, SampleCount, a percentile like p99, or PR(:300), TM(2%:98%), WM(…), TC(…), TS(…), IQM"
    )]
    UnknownStatistic(String),
    /// A value outside what is allowed.
    #[error("The value {value:?} for parameter {parameter} is not valid: {allowed}.")]
    BadValue {
        /// The parameter.
        parameter: &'static str,
        /// What was sent.
        value: String,
        /// What it could have been.
        allowed: &'static str,
    },
    /// Another value that is not allowed, in AWS's words.
    #[error("{0}")]
    InvalidValue(String),
    /// Parameters that do not go together, in AWS's words.
    #[error("{0}")]
    InvalidCombination(String),
    /// What an alarm cannot be, or cannot be here.
    #[error("{0}")]
    Alarm(String),
    /// A period that alarms do not have.
    #[error("The parameter Period must be 10, 20, 30 or a multiple of 60, it is {0}.")]
    BadAlarmPeriod(i64),
    /// No alarm of this name, for an operation on the alarm itself.
    #[error("Alarm does not exist: {0}")]
    NoAlarm(String),
    /// No alarm of this name, for an operation on its tags.
    #[error("There is no alarm {0} in this account.")]
    NoResource(String),
    /// A page token that this sandbox did not make.
    #[error("The parameter NextToken is not valid: repeat the request without it.")]
    BadToken,
}

impl CloudWatchError {
    /// The name of the error's shape in AWS's model, as the JSON and CBOR protocols carry it.
    pub(crate) const fn shape(&self) -> &'static str {
        match self {
            Self::UnknownOperation(_) => "UnknownOperationException",
            Self::Malformed(_) => "SerializationException",
            Self::TooLarge { .. } => "RequestEntityTooLarge",
            Self::Missing(_) => "MissingRequiredParameterException",
            Self::BadValue { .. } | Self::InvalidValue(_) => "InvalidParameterValueException",
            Self::InvalidCombination(_) => "InvalidParameterCombinationException",
            Self::BadToken => "InvalidNextToken",
            Self::NoAlarm(_) => "ResourceNotFound",
            Self::NoResource(_) => "ResourceNotFoundException",
            _ => "ValidationError",
        }
    }

    /// The code that the query protocol and `x-amzn-query-error` carry, which clients report.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::UnknownOperation(_) => "InvalidAction",
            Self::Malformed(_) => "MalformedInput",
            Self::TooLarge { .. } => "RequestEntityTooLarge",
            Self::Missing(_) => "MissingParameter",
            Self::BadValue { .. } | Self::InvalidValue(_) => "InvalidParameterValue",
            Self::InvalidCombination(_) => "InvalidParameterCombination",
            Self::BadToken => "InvalidNextToken",
            Self::NoAlarm(_) => "ResourceNotFound",
            Self::NoResource(_) => "ResourceNotFoundException",
            _ => "ValidationError",
        }
    }

    /// The status of the answer.
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::NoAlarm(_) | Self::NoResource(_) => StatusCode::NOT_FOUND,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}
