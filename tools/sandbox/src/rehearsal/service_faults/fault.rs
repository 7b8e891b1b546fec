//! What the user writes: `dynamodb:TransactWriteItems:throttle=5%`, `dynamodb:*:denied=5%@http-api:3`,
//! `cloudwatch:AWS/Lambda:latency=10m`.

use std::{fmt, str::FromStr, time::Duration};

use crate::{
    aws::signature,
    rehearsal::faults::{Fault, FaultSpecError},
    services::{dynamodb, eventbridge, sqs, tagging},
};

/// A service whose operations can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// DynamoDB.
    Dynamodb,
    /// SQS.
    Sqs,
    /// EventBridge.
    Eventbridge,
    /// The Resource Groups Tagging API.
    Tagging,
}

impl Service {
    /// All of them.
    pub(super) const ALL: [Self; 4] = [Self::Dynamodb, Self::Sqs, Self::Eventbridge, Self::Tagging];

    /// How the user writes it: as IAM does.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dynamodb => "dynamodb",
            Self::Sqs => "sqs",
            Self::Eventbridge => "events",
            Self::Tagging => "tag",
        }
    }

    /// How a request names it.
    pub(super) const fn in_target(self) -> &'static str {
        match self {
            Self::Dynamodb => dynamodb::SERVICE,
            Self::Sqs => sqs::wire::SERVICE,
            Self::Eventbridge => eventbridge::bus::SERVICE,
            Self::Tagging => tagging::SERVICE,
        }
    }

    /// The error that the service gives when it fails itself: status and code.
    pub(super) const fn failure(self) -> (u16, &'static str) {
        match self {
            Self::Dynamodb => (500, "InternalServerError"),
            Self::Sqs => (500, "InternalFailure"),
            Self::Eventbridge => (500, "InternalException"),
            Self::Tagging => (500, "InternalServiceException"),
        }
    }

    /// The error that the service gives when it is asked too often: status and code.
    pub(super) const fn throttle(self) -> (u16, &'static str) {
        match self {
            Self::Dynamodb => (400, "ProvisionedThroughputExceededException"),
            Self::Sqs | Self::Eventbridge => (400, "ThrottlingException"),
            Self::Tagging => (400, "ThrottledException"),
        }
    }
}

/// What goes wrong in a service.
#[derive(Debug, Clone, PartialEq)]
pub enum ServiceFault {
    /// Calls of an operation.
    Calls(CallFault),
    /// The metrics of a namespace come this much later.
    Metrics {
        /// `None` is all of them.
        namespace: Option<String>,
        /// How much later than they were sent.
        latency: Duration,
    },
}

/// A fault of one operation: `dynamodb:TransactWriteItems:throttle=5%`, `sqs:*:latency=50ms`.
#[derive(Debug, Clone, PartialEq)]
pub struct CallFault {
    pub(super) service: Service,
    /// `None` is all of them.
    pub(super) operation: Option<String>,
    pub(super) fault: Fault,
    /// Whose calls; `None` is everybody's.
    pub caller: Option<Caller>,
}

/// Whose calls a fault hits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Name of the function.
    pub function: String,
    /// The number of a version; `None` is all of them.
    pub version: Option<String>,
}

impl Caller {
    pub(super) fn is(&self, caller: signature::Caller<'_>) -> bool {
        let version = self.version.as_deref();
        self.function == caller.function && version.is_none_or(|version| version == caller.version)
    }
}

/// Why a text is not a [`ServiceFault`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ServiceFaultError {
    /// Not `service:operation:kind=size`.
    #[error(
        "{0:?} is not a fault of a service: write it like dynamodb:TransactWriteItems:throttle=5%, sqs:*:latency=50ms, \
         dynamodb:*:denied=5%@FUNCTION:VERSION or cloudwatch:AWS/Lambda:latency=10m"
    )]
    Shape(String),
    /// No such service.
    #[error("unknown service {0:?}: use dynamodb, sqs, events, tag or cloudwatch")]
    Service(String),
    /// Services do not crash.
    #[error("a service does not crash: use errors, throttle, denied or latency")]
    Crash,
    /// Metrics have no other faults.
    #[error("metrics come late, for everybody: write it like cloudwatch:AWS/Lambda:latency=10m")]
    Metrics,
    /// The fault itself.
    #[error(transparent)]
    Fault(#[from] FaultSpecError),
}

impl FromStr for ServiceFault {
    type Err = ServiceFaultError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shape = || ServiceFaultError::Shape(text.to_owned());
        let (what, caller) = match text.split_once('@') {
            Some((what, caller)) => (what, Some(caller)),
            None => (text, None),
        };
        let (service, rest) = what.split_once(':').ok_or_else(shape)?;
        // The namespace of a metric may have colons.
        let (operation, fault) = rest.rsplit_once(':').ok_or_else(shape)?;
        let operation = (operation != "*").then(|| operation.to_owned());
        let fault: Fault = fault.parse()?;
        let known = Service::ALL.into_iter().find(|it| it.as_str() == service);
        let service = match (service, fault, caller) {
            ("cloudwatch", Fault::Latency(latency), None) => {
                return Ok(Self::Metrics {
                    namespace: operation,
                    latency,
                });
            }
            ("cloudwatch", ..) => return Err(ServiceFaultError::Metrics),
            (other, ..) => known.ok_or_else(|| ServiceFaultError::Service(other.to_owned()))?,
        };
        if matches!(fault, Fault::Crash(_)) {
            return Err(ServiceFaultError::Crash);
        }
        Ok(Self::Calls(CallFault {
            service,
            operation,
            fault,
            caller: caller.map(Caller::from),
        }))
    }
}

impl From<&str> for Caller {
    fn from(text: &str) -> Self {
        let (function, version) = match text.split_once(':') {
            Some((function, version)) => (function, Some(version.to_owned())),
            None => (text, None),
        };
        Self {
            function: function.to_owned(),
            version,
        }
    }
}

impl fmt::Display for ServiceFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Calls(fault) => fault.fmt(f),
            Self::Metrics { namespace, latency } => {
                let namespace = namespace.as_deref().unwrap_or("*");
                write!(f, "cloudwatch:{namespace}:{}", Fault::Latency(*latency))
            }
        }
    }
}

impl fmt::Display for CallFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = self.operation.as_deref().unwrap_or("*");
        write!(f, "{}:{operation}:{}", self.service.as_str(), self.fault)?;
        match &self.caller {
            Some(caller) => write!(f, "@{caller}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.function)?;
        match &self.version {
            Some(version) => write!(f, ":{version}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_reads_as_it_is_written() {
        for text in [
            "dynamodb:TransactWriteItems:throttle=5%",
            "sqs:*:latency=50ms",
            "dynamodb:*:denied=5%@http-api",
            "dynamodb:UpdateItem:denied=100%@event-processor:3",
            "events:PutEvents:errors=5%",
            "tag:GetResources:throttle=5%",
            "cloudwatch:AWS/Lambda:latency=600000ms",
            "cloudwatch:a:b:latency=1000ms",
            "cloudwatch:*:latency=1000ms",
        ] {
            let fault: ServiceFault = text.parse().unwrap();
            assert_eq!(fault.to_string(), text);
        }
    }

    #[test]
    fn a_bad_fault_names_the_part_that_is_wrong() {
        for (text, part) in [
            ("throttle=5%", "write it like"),
            ("dynamodb:throttle=5%", "write it like"),
            ("s3:PutObject:errors=5%", "\"s3\""),
            ("sqs:SendMessage:crash=5%", "does not crash"),
            ("sqs:SendMessage:explode=5%", "\"explode\""),
            ("sqs:SendMessage:errors=500%", "errors=500%"),
            ("cloudwatch:AWS/Lambda:errors=5%", "come late"),
            ("cloudwatch:AWS/Lambda:latency=1s@http-api", "for everybody"),
        ] {
            let message = text.parse::<ServiceFault>().unwrap_err().to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
