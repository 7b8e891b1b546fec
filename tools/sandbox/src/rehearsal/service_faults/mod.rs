//! Faults of DynamoDB, SQS, EventBridge and the tagging API, per operation, and of CloudWatch: how a function meets a
//! store that fails, and a rollout metrics that are late.
//!
//! A [`ServiceFault`] (`fault.rs`) is what the user writes, [`ServiceFaults`] are those that hold, and [`inject`] is the
//! layer in front of the services where requests fail, with errors that the real service has.

mod fault;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    middleware::Next,
    response::Response,
};

pub use self::fault::{CallFault, Caller, Service, ServiceFault, ServiceFaultError};
use super::faults::Fault;
use crate::{
    aws::{errors, json_protocol, signature},
    execution::draws::Draws,
    services::cloudwatch::CloudWatch,
};

/// The error for what nobody has allowed, as a forgotten permission: status and code.
const DENIED: (u16, &str) = (400, "com.amazon.coral.service#AccessDeniedException");

/// What happens to a request.
#[derive(Debug, Clone, PartialEq)]
enum Effect {
    /// It is refused with this status and code, instead of being passed on.
    Refusal(u16, String),
    /// It takes this much longer.
    Latency(Duration),
}

/// A fault of calls that holds.
#[derive(Debug)]
struct Rule {
    service: Service,
    /// `None` is all of them.
    operation: Option<String>,
    /// `None` is everybody.
    caller: Option<Caller>,
    /// Probability that it hits a request, from 0 to 1.
    share: f64,
    effect: Effect,
    /// As the user wrote it.
    text: String,
}

impl Rule {
    fn is_for(&self, asked: &Asked<'_>) -> bool {
        let operation = self.operation.as_deref();
        self.service == asked.service
            && operation.is_none_or(|own| own == asked.operation)
            && (self.caller.as_ref())
                .is_none_or(|own| asked.caller.is_some_and(|caller| own.is(caller)))
    }

    /// Everything but the size: of rules with the same one the last holds.
    fn kind(&self) -> (Option<&str>, Option<&Caller>) {
        (self.text.split('=').next(), self.caller.as_ref())
    }
}

impl From<CallFault> for Rule {
    fn from(fault: CallFault) -> Self {
        let refusal = |(status, code): (u16, &str)| Effect::Refusal(status, code.to_owned());
        let (share, effect) = match fault.fault {
            Fault::Errors(share) => (share, refusal(fault.service.failure())),
            Fault::Throttle(share) => (share, refusal(fault.service.throttle())),
            Fault::Denied(share) => (share, refusal(DENIED)),
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
            caller: fault.caller,
            share,
            effect,
        }
    }
}

/// What a request asks for, and who asks.
#[derive(Debug, Clone, Copy)]
struct Asked<'a> {
    service: Service,
    operation: &'a str,
    /// `None` is no function.
    caller: Option<signature::Caller<'a>>,
}

impl<'a> Asked<'a> {
    /// Reads it; none when it is about another service.
    fn read(headers: &'a HeaderMap) -> Option<Self> {
        Service::ALL.into_iter().find_map(|service| {
            Some(Self {
                service,
                operation: json_protocol::operation(headers, service.in_target())?,
                caller: signature::caller(headers),
            })
        })
    }
}

/// The faults of services that hold. Cheap to clone; all clones share them.
#[derive(Debug, Clone)]
pub struct ServiceFaults(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<Rules>,
    draws: Draws,
    /// Has the metrics that come late.
    cloudwatch: CloudWatch,
}

#[derive(Debug, Default)]
struct Rules {
    rules: Vec<Rule>,
    /// How many requests they have hit.
    injected: usize,
}

impl ServiceFaults {
    /// None yet.
    #[must_use]
    pub fn new(cloudwatch: CloudWatch) -> Self {
        Self(Arc::new(Inner {
            state: Mutex::default(),
            draws: Draws::new(None),
            cloudwatch,
        }))
    }

    /// Injects a fault from now on, in place of an earlier one of the same kind, operation and caller. Size 0 removes
    /// that one.
    pub fn set(&self, fault: ServiceFault) {
        match fault {
            ServiceFault::Calls(fault) => self.add(Rule::from(fault)),
            ServiceFault::Metrics { namespace, latency } => {
                self.0.cloudwatch.delay(namespace, latency);
            }
        }
    }

    /// Refuses every request for an operation of DynamoDB with this status and code from now on.
    pub fn refuse(&self, operation: &str, status: u16, code: &str) {
        self.add(Rule {
            service: Service::Dynamodb,
            operation: Some(operation.to_owned()),
            caller: None,
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
        let calls: Vec<_> = self.lock().rules.iter().map(|it| it.text.clone()).collect();
        let late = self.0.cloudwatch.delays().into_iter();
        let late = late
            .map(|(namespace, latency)| ServiceFault::Metrics { namespace, latency }.to_string());
        calls.into_iter().chain(late).collect()
    }

    /// Injects nothing any more; the count starts again.
    pub fn clear(&self) {
        *self.lock() = Rules::default();
        self.0.cloudwatch.delay_nothing();
    }

    /// How many requests were hit since the last [`clear`](Self::clear).
    #[must_use]
    pub fn injected(&self) -> usize {
        self.lock().injected
    }

    /// What happens to a request: how much longer it takes, and the status and code that it is refused with.
    fn draw(&self, asked: &Asked<'_>) -> (Duration, Option<(u16, String)>) {
        let mut state = self.lock();
        let (mut delay, mut refusal) = (Duration::ZERO, None);
        let mut hit = false;
        for rule in state.rules.iter().filter(|rule| rule.is_for(asked)) {
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
    let Some(asked) = Asked::read(request.headers()) else {
        return next.run(request).await;
    };
    let (delay, refusal) = faults.draw(&asked);
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    match refusal {
        Some((status, code)) => refuse(status, &code),
        None => next.run(request).await,
    }
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
    use crate::services::cloudwatch::Settings;

    fn faults(texts: &[&str]) -> ServiceFaults {
        let faults = ServiceFaults::new(CloudWatch::new(false, Settings::default()));
        texts.iter().for_each(|text| set(&faults, text));
        faults
    }

    fn set(faults: &ServiceFaults, text: &str) {
        faults.set(text.parse().unwrap());
    }

    /// A call of nobody known.
    fn asked(service: Service, operation: &str) -> Asked<'_> {
        Asked {
            service,
            operation,
            caller: None,
        }
    }

    #[test]
    fn what_was_set_last_is_what_holds() {
        let texts = [
            "dynamodb:TransactWriteItems:throttle=5%",
            "dynamodb:*:latency=20ms",
            "sqs:SendMessage:errors=100%",
            "cloudwatch:AWS/Lambda:latency=60000ms",
        ];
        let faults = faults(&texts);
        assert_eq!(faults.all(), texts);
        set(&faults, "dynamodb:TransactWriteItems:throttle=50%");
        set(&faults, "dynamodb:TransactWriteItems:throttle=1%@f:3");
        set(&faults, "dynamodb:*:latency=0s");
        set(&faults, "cloudwatch:AWS/Lambda:latency=0s");
        let left = [
            "sqs:SendMessage:errors=100%",
            "dynamodb:TransactWriteItems:throttle=50%",
            "dynamodb:TransactWriteItems:throttle=1%@f:3",
        ];
        assert_eq!(faults.all(), left);
    }

    #[test]
    fn only_the_operation_that_is_named_fails() {
        let faults = faults(&["dynamodb:PutItem:throttle=100%", "dynamodb:*:latency=20ms"]);
        let (delay, refusal) = faults.draw(&asked(Service::Dynamodb, "PutItem"));
        assert_eq!(delay, Duration::from_millis(20));
        let throttle = (400, "ProvisionedThroughputExceededException".to_owned());
        assert_eq!(refusal, Some(throttle));
        let other = faults.draw(&asked(Service::Dynamodb, "GetItem"));
        assert_eq!(other.1, None);
        let other = faults.draw(&asked(Service::Sqs, "PutItem"));
        assert_eq!(other, (Duration::ZERO, None));
        assert_eq!(faults.injected(), 2);
    }

    #[test]
    fn only_the_calls_of_the_version_that_is_named_are_denied() {
        let faults = faults(&["dynamodb:*:denied=100%@f:3"]);
        let denied = |caller| {
            let asked = Asked {
                caller,
                ..asked(Service::Dynamodb, "GetItem")
            };
            faults.draw(&asked).1.is_some()
        };
        let caller = |function, version| Some(signature::Caller { function, version });
        assert!(denied(caller("f", "3")));
        for other in [caller("f", "33"), caller("g", "3"), None] {
            assert!(!denied(other), "{other:?}");
        }
        set(&faults, "dynamodb:*:denied=100%@g");
        assert!(denied(caller("g", "3")));
    }
}
