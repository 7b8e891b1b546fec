//! Faults of DynamoDB and SQS, per operation: how a function meets a store that fails.
//!
//! A [`ServiceFault`] is what the user writes (`dynamodb:TransactWriteItems:throttle=5%`), [`ServiceFaults`] are those
//! that hold, and [`inject`] is the layer in front of the services where requests fail, with errors that the real
//! service has.

use std::{
    fmt,
    str::FromStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    middleware::Next,
    response::Response,
};

use super::faults::{Fault, FaultSpecError};
use crate::{
    aws::{errors, json_protocol},
    execution::draws::Draws,
    services::{dynamodb, sqs},
};

/// A service whose operations can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// DynamoDB.
    Dynamodb,
    /// SQS.
    Sqs,
}

impl Service {
    /// How the user writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dynamodb => "dynamodb",
            Self::Sqs => "sqs",
        }
    }

    /// How a request names it.
    const fn in_target(self) -> &'static str {
        match self {
            Self::Dynamodb => dynamodb::SERVICE,
            Self::Sqs => sqs::wire::SERVICE,
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

/// What happens to a request.
#[derive(Debug, Clone, PartialEq)]
enum Effect {
    /// It is refused with this status and code, instead of being passed on.
    Refusal(u16, String),
    /// It takes this much longer.
    Latency(Duration),
}

/// A fault that holds.
#[derive(Debug)]
struct Rule {
    service: Service,
    /// `None` is all of them.
    operation: Option<String>,
    /// Probability that it hits a request, from 0 to 1.
    share: f64,
    effect: Effect,
    /// As the user wrote it.
    text: String,
}

impl Rule {
    fn is_for(&self, service: Service, operation: &str) -> bool {
        self.service == service && self.operation.as_deref().is_none_or(|own| own == operation)
    }

    /// Everything but the size: of rules with the same one the last holds.
    fn kind(&self) -> &str {
        self.text.split('=').next().unwrap_or_default()
    }
}

impl From<ServiceFault> for Rule {
    fn from(fault: ServiceFault) -> Self {
        let refusal = |(status, code): (u16, &str)| Effect::Refusal(status, code.to_owned());
        let (share, effect) = match fault.fault {
            Fault::Errors(share) => (share, refusal(fault.service.failure())),
            Fault::Throttle(share) => (share, refusal(fault.service.throttle())),
            Fault::Latency(delay) => (
                f64::from(u8::from(!delay.is_zero())),
                Effect::Latency(delay),
            ),
            // Refused where it is read.
            Fault::Crash(_) => (0.0, Effect::Latency(Duration::ZERO)),
        };
        Self {
            text: fault.to_string(),
            service: fault.service,
            operation: fault.operation,
            share,
            effect,
        }
    }
}

/// The faults of services that hold. Cheap to clone; all clones share them.
#[derive(Debug, Clone)]
pub struct ServiceFaults(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<Rules>,
    draws: Draws,
}

#[derive(Debug, Default)]
struct Rules {
    rules: Vec<Rule>,
    /// How many requests they have hit.
    injected: usize,
}

impl Default for ServiceFaults {
    fn default() -> Self {
        Self(Arc::new(Inner {
            state: Mutex::default(),
            draws: Draws::new(None),
        }))
    }
}

impl ServiceFaults {
    /// Injects a fault from now on, in place of an earlier one of the same kind and operation. Size 0 removes that one.
    pub fn set(&self, fault: ServiceFault) {
        self.add(Rule::from(fault));
    }

    /// Refuses every request for an operation of DynamoDB with this status and code from now on.
    pub fn refuse(&self, operation: &str, status: u16, code: &str) {
        self.add(Rule {
            service: Service::Dynamodb,
            operation: Some(operation.to_owned()),
            share: 1.0,
            effect: Effect::Refusal(status, code.to_owned()),
            text: format!("dynamodb:{operation}:{code}"),
        });
    }

    fn add(&self, rule: Rule) {
        let mut state = self.lock();
        state.rules.retain(|old| old.kind() != rule.kind());
        if rule.share > 0.0 {
            state.rules.push(rule);
        }
    }

    /// All faults that hold, as they were written.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        self.lock()
            .rules
            .iter()
            .map(|rule| rule.text.clone())
            .collect()
    }

    /// Injects nothing any more; the count starts again.
    pub fn clear(&self) {
        *self.lock() = Rules::default();
    }

    /// How many requests were hit since the last [`clear`](Self::clear).
    #[must_use]
    pub fn injected(&self) -> usize {
        self.lock().injected
    }

    /// What happens to a request: how much longer it takes, and the status and code that it is refused with.
    fn draw(&self, service: Service, operation: &str) -> (Duration, Option<(u16, String)>) {
        let mut state = self.lock();
        let (mut delay, mut refusal) = (Duration::ZERO, None);
        let mut hit = false;
        for rule in state
            .rules
            .iter()
            .filter(|rule| rule.is_for(service, operation))
        {
            if !self.0.draws.happens(rule.share) {
                continue;
            }
            hit = true;
            match &rule.effect {
                Effect::Latency(longer) => delay += *longer,
                Effect::Refusal(status, code) => refusal = Some((*status, code.clone())),
            }
        }
        state.injected += usize::from(hit);
        (delay, refusal)
    }

    fn lock(&self) -> MutexGuard<'_, Rules> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The layer: passes a request on, later or not at all where a fault says so.
pub async fn inject(State(faults): State<ServiceFaults>, request: Request, next: Next) -> Response {
    let Some((service, operation)) = target(request.headers()) else {
        return next.run(request).await;
    };
    let (delay, refusal) = faults.draw(service, operation);
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    match refusal {
        Some((status, code)) => refuse(status, &code),
        None => next.run(request).await,
    }
}

/// The service and operation that a request names.
fn target(headers: &HeaderMap) -> Option<(Service, &str)> {
    [Service::Dynamodb, Service::Sqs]
        .into_iter()
        .find_map(|service| {
            let operation = json_protocol::operation(headers, service.in_target())?;
            Some((service, operation))
        })
}

fn refuse(status: u16, code: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = errors::typed(code, "The sandbox injected this error");
    let mut response = json_protocol::answer(status, body.to_string());
    errors::add_query_code(&mut response, code);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(faults: &ServiceFaults, text: &str) {
        faults.set(text.parse().unwrap());
    }

    #[test]
    fn what_was_set_last_is_what_holds() {
        let faults = ServiceFaults::default();
        let texts = [
            "dynamodb:TransactWriteItems:throttle=5%",
            "dynamodb:*:latency=20ms",
            "sqs:SendMessage:errors=100%",
        ];
        texts.iter().for_each(|text| set(&faults, text));
        assert_eq!(faults.all(), texts);
        set(&faults, "dynamodb:TransactWriteItems:throttle=50%");
        set(&faults, "dynamodb:*:latency=0s");
        let left = [
            "sqs:SendMessage:errors=100%",
            "dynamodb:TransactWriteItems:throttle=50%",
        ];
        assert_eq!(faults.all(), left);
    }

    #[test]
    fn only_the_operation_that_is_named_fails() {
        let faults = ServiceFaults::default();
        set(&faults, "dynamodb:PutItem:throttle=100%");
        set(&faults, "dynamodb:*:latency=20ms");
        let (delay, refusal) = faults.draw(Service::Dynamodb, "PutItem");
        assert_eq!(delay, Duration::from_millis(20));
        let throttle = (400, "ProvisionedThroughputExceededException".to_owned());
        assert_eq!(refusal, Some(throttle));
        assert_eq!(faults.draw(Service::Dynamodb, "GetItem").1, None);
        assert_eq!(faults.draw(Service::Sqs, "PutItem"), (Duration::ZERO, None));
        assert_eq!(faults.injected(), 2);
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
