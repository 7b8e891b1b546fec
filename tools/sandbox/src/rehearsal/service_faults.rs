//! Faults to inject into DynamoDB and SQS, per operation: how a function copes with a store that fails.
//!
//! A [`ServiceFault`] is what the user writes (`dynamodb:TransactWriteItems:throttle=5%`); `awsim`'s chaos engine holds
//! it as a rule, and injects errors that the real service has.

use std::{fmt, str::FromStr, time::Duration};

use awsim_chaos::{
    ChaosEffect, ChaosEngine, ChaosRule, ErrorEffect, LatencyEffect, OperationMatch, ServiceMatch,
};

use super::faults::{Fault, FaultSpecError};

/// A service whose operations can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// DynamoDB.
    Dynamodb,
    /// SQS.
    Sqs,
}

impl Service {
    /// How the user and the chaos engine write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dynamodb => "dynamodb",
            Self::Sqs => "sqs",
        }
    }

    /// The error that the service gives when it fails itself: status and code.
    const fn failure(self) -> (u16, &'static str) {
        match self {
            Self::Dynamodb => (500, "InternalServerError"),
            Self::Sqs => (500, "InternalFailure"),
        }
    }

    /// The error that the service gives when it is asked too often: status and code.
    const fn throttle(self) -> (u16, &'static str) {
        match self {
            Self::Dynamodb => (400, "ProvisionedThroughputExceededException"),
            Self::Sqs => (400, "ThrottlingException"),
        }
    }
}

/// A fault of one operation: `dynamodb:TransactWriteItems:throttle=5%`, `sqs:*:latency=50ms`.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceFault {
    service: Service,
    /// `None` is all of them.
    operation: Option<String>,
    fault: Fault,
}

/// Why a text is not a [`ServiceFault`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ServiceFaultError {
    /// Not `service:operation:kind=size`.
    #[error(
        "{0:?} is not a fault of a service: write it like dynamodb:TransactWriteItems:throttle=5% or sqs:*:latency=50ms"
    )]
    Shape(String),
    /// No such service.
    #[error("unknown service {0:?}: use dynamodb or sqs")]
    Service(String),
    /// Services do not crash.
    #[error("a service does not crash: use errors, throttle or latency")]
    Crash,
    /// The fault itself.
    #[error(transparent)]
    Fault(#[from] FaultSpecError),
}

impl FromStr for ServiceFault {
    type Err = ServiceFaultError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<_> = text.splitn(3, ':').collect();
        let [service, operation, fault] = parts[..] else {
            return Err(ServiceFaultError::Shape(text.to_owned()));
        };
        let service = match service {
            "dynamodb" => Service::Dynamodb,
            "sqs" => Service::Sqs,
            other => return Err(ServiceFaultError::Service(other.to_owned())),
        };
        let fault = fault.parse()?;
        if matches!(fault, Fault::Crash(_)) {
            return Err(ServiceFaultError::Crash);
        }
        Ok(Self {
            service,
            operation: (operation != "*").then(|| operation.to_owned()),
            fault,
        })
    }
}

impl fmt::Display for ServiceFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = self.operation.as_deref().unwrap_or("*");
        write!(f, "{}:{operation}:{}", self.service.as_str(), self.fault)
    }
}

impl ServiceFault {
    /// Injects this fault from now on, in place of an earlier one of the same kind and operation. Size 0 removes that one.
    pub fn inject(&self, engine: &ChaosEngine) {
        let kind = self.kind();
        engine.remove_rule(&kind);
        if let Some((probability, effect)) = self.effect() {
            engine.add_rule(ChaosRule {
                id: kind,
                service: ServiceMatch::Exact(self.service.as_str().to_owned()),
                operation: match &self.operation {
                    Some(operation) => OperationMatch::Exact(operation.clone()),
                    None => OperationMatch::Any,
                },
                probability,
                effect,
                enabled: true,
                label: Some(self.to_string()),
                created_at: 0,
                injection_count: 0,
                schedule: None,
            });
        }
    }

    /// Everything but the size: the identity of the rule.
    fn kind(&self) -> String {
        let text = self.to_string();
        let kind = text.split_once('=').map(|(kind, _)| kind.to_owned());
        kind.unwrap_or(text)
    }

    /// How often, and what; nothing when the size is 0.
    fn effect(&self) -> Option<(f64, ChaosEffect)> {
        match self.fault {
            Fault::Errors(share) => Some((share, error(self.service.failure()))),
            Fault::Throttle(share) => Some((share, error(self.service.throttle()))),
            Fault::Latency(delay) => (!delay.is_zero()).then(|| (1.0, latency(delay))),
            // Refused where it is read.
            Fault::Crash(_) => None,
        }
        .filter(|(share, _)| *share > 0.0)
    }
}

/// All faults that hold, as they were written.
#[must_use]
pub fn all(engine: &ChaosEngine) -> Vec<String> {
    let rules = engine.rules().into_iter();
    rules.filter_map(|rule| rule.label).collect()
}

fn error((status, code): (u16, &str)) -> ChaosEffect {
    ChaosEffect::Error(ErrorEffect {
        status,
        code: code.to_owned(),
        message: "The sandbox injected this error".to_owned(),
        retry_after_secs: None,
    })
}

fn latency(delay: Duration) -> ChaosEffect {
    let ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
    ChaosEffect::Latency(LatencyEffect {
        min_ms: ms,
        max_ms: ms,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inject(engine: &ChaosEngine, text: &str) {
        text.parse::<ServiceFault>().unwrap().inject(engine);
    }

    #[test]
    fn injected_faults_are_listed_as_they_were_written() {
        let engine = ChaosEngine::new();
        let texts = [
            "dynamodb:TransactWriteItems:throttle=5%",
            "dynamodb:*:latency=20ms",
            "sqs:SendMessage:errors=100%",
        ];
        texts.iter().for_each(|text| inject(&engine, text));
        assert_eq!(all(&engine), texts);
        inject(&engine, "dynamodb:TransactWriteItems:throttle=50%");
        inject(&engine, "dynamodb:*:latency=0s");
        let left = [
            "sqs:SendMessage:errors=100%",
            "dynamodb:TransactWriteItems:throttle=50%",
        ];
        assert_eq!(all(&engine), left);
    }

    #[test]
    fn only_the_operation_that_is_named_fails() {
        let engine = ChaosEngine::new();
        inject(&engine, "dynamodb:PutItem:throttle=100%");
        let outcome = engine.evaluate("dynamodb", Some("PutItem")).unwrap();
        assert_eq!(
            outcome.error.unwrap().code,
            "ProvisionedThroughputExceededException"
        );
        assert!(engine.evaluate("dynamodb", Some("GetItem")).is_none());
        assert!(engine.evaluate("sqs", Some("PutItem")).is_none());
    }

    #[test]
    fn a_bad_fault_names_the_part_that_is_wrong() {
        for (text, part) in [
            ("throttle=5%", "write it like"),
            ("s3:PutObject:errors=5%", "\"s3\""),
            ("sqs:SendMessage:crash=5%", "does not crash"),
            ("sqs:SendMessage:explode=5%", "\"explode\""),
            ("sqs:SendMessage:errors=500%", "errors=500%"),
        ] {
            let message = text.parse::<ServiceFault>().unwrap_err().to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
