//! Asynchronous invocations: an event is accepted at once, tried until it has been processed, is too old or has failed too
//! often, and then reported to a destination.
//!
//! Sources: "How Lambda handles errors and retries with asynchronous invocation" and "Capturing records of Lambda
//! asynchronous invocations" in Lambda's developer guide.
//!
//! # What differs from Lambda
//! - Destinations are queues of SQS and functions, the only ones that can be set. There are no dead-letter queues.
//! - Events are in memory: they end with the sandbox. There is no limit to how many wait.
//! - Without `--realistic` the pauses are seconds where they are minutes on Lambda.

use std::{pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::{SecondsFormat, Utc};
use serde_json::{Value, json};
use tokio::{sync::oneshot, time::Instant};

use super::{
    Lambda,
    invocation::{Call, new_request_id},
    model::{
        event_invoke::EventInvokeConfig,
        names::{self, FunctionRef},
    },
};
use crate::execution::invocation::Answer;

/// Sends a message to the queue with this ARN, or says why it cannot.
pub type SendMessage = Arc<dyn Fn(&str, String) -> Result<(), String> + Send + Sync>;

/// How long it is until an event is tried again.
#[derive(Debug, Clone, Copy)]
struct Pauses {
    /// After the first function error, and after the second.
    errors: [Duration; 2],
    /// After the first throttle. It doubles with each.
    first_throttle: Duration,
    /// At most, after a throttle.
    longest_throttle: Duration,
}

impl Pauses {
    /// Lambda's.
    const REALISTIC: Self = Self {
        errors: [Duration::from_mins(1), Duration::from_mins(2)],
        first_throttle: Duration::from_secs(1),
        longest_throttle: Duration::from_mins(5),
    };
    const SHORT: Self = Self {
        errors: [Duration::from_secs(1), Duration::from_secs(2)],
        first_throttle: Duration::from_millis(100),
        longest_throttle: Duration::from_secs(5),
    };
}

/// What came of trying an event once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    Succeeded,
    /// The function failed.
    Failed,
    /// It did not run.
    Throttled,
}

/// Why an event is not tried any more: `condition` of its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    Success,
    RetriesExhausted,
    EventAgeExceeded,
    /// The function's reserved concurrency is 0: nothing is tried.
    ZeroReservedConcurrency,
}

/// What to do after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    TryAgainAfter(Duration),
    Report(Condition),
}

/// How often an event has been tried.
#[derive(Debug, Default)]
struct Attempts {
    errors: u32,
    throttles: u32,
}

impl Attempts {
    /// What follows an attempt that ended when the event had this age.
    fn next(
        &mut self,
        attempt: Attempt,
        age: Duration,
        config: &EventInvokeConfig,
        pauses: Pauses,
    ) -> Next {
        let pause = match attempt {
            Attempt::Succeeded => return Next::Report(Condition::Success),
            Attempt::Failed => {
                self.errors += 1;
                if self.errors > config.maximum_retry_attempts {
                    return Next::Report(Condition::RetriesExhausted);
                }
                let [first, later] = pauses.errors;
                if self.errors == 1 { first } else { later }
            }
            Attempt::Throttled => {
                let pause = pauses
                    .first_throttle
                    .saturating_mul(2_u32.saturating_pow(self.throttles));
                self.throttles += 1;
                pause.min(pauses.longest_throttle)
            }
        };
        match age + pause > config.maximum_event_age {
            true => Next::Report(Condition::EventAgeExceeded),
            false => Next::TryAgainAfter(pause),
        }
    }
}

impl Lambda {
    /// Runs a call asynchronously; gives the request id.
    pub fn run_in_background(&self, call: Call) -> String {
        let id = new_request_id();
        let (lambda, request_id) = (self.clone(), id.clone());
        // Boxed, since a destination may be a function, whose call runs in the background too.
        let run: Pin<Box<dyn Future<Output = ()> + Send>> =
            Box::pin(async move { lambda.run_until_done(&call, &request_id).await });
        tokio::spawn(run);
        id
    }

    async fn run_until_done(&self, call: &Call, id: &str) {
        let accepted = Instant::now();
        let pauses = match self.realistic {
            true => Pauses::REALISTIC,
            false => Pauses::SHORT,
        };
        let mut attempts = Attempts::default();
        let mut last = None;
        let mut runs = 0;
        let (condition, config) = loop {
            if self.has_none_reserved(call) {
                break (
                    Condition::ZeroReservedConcurrency,
                    self.event_invoke_config(call),
                );
            }
            let (unheard, _) = oneshot::channel();
            let attempt = match self.run(call, id, unheard).await {
                Err(_) => Attempt::Throttled,
                Ok(finished) => {
                    runs += 1;
                    let failed = finished.outcome.is_error();
                    last = Some(finished.answer);
                    match failed {
                        true => Attempt::Failed,
                        false => Attempt::Succeeded,
                    }
                }
            };
            // May have been set while the event waited.
            let config = self.event_invoke_config(call);
            match attempts.next(attempt, accepted.elapsed(), &config, pauses) {
                Next::TryAgainAfter(pause) => tokio::time::sleep(pause).await,
                Next::Report(condition) => break (condition, config),
            }
        };
        let destination = match condition {
            Condition::Success => config.on_success,
            _ => config.on_failure,
        };
        let function = &call.version.function;
        match destination {
            None if condition == Condition::Success => {}
            None => tracing::warn!(function, id, ?condition, "dropped an event"),
            Some(destination) => {
                let record = record(call, id, condition, runs, last.as_ref());
                if let Err(error) = self.send_record(&destination, record.to_string()) {
                    tracing::warn!(function, destination, %error, "cannot report an event");
                }
            }
        }
    }

    /// To a queue, or as the event of a function.
    fn send_record(&self, destination: &str, record: String) -> Result<(), String> {
        if !destination.contains(":lambda:") {
            return (self.send_message)(destination, record);
        }
        let region = destination.split(':').nth(3).unwrap_or_default();
        let mut call = FunctionRef::parse(destination, None, region)
            .and_then(|reference| self.route(reference, region))
            .map_err(|error| error.to_string())?;
        call.payload = record.into();
        self.run_in_background(call);
        Ok(())
    }

    fn has_none_reserved(&self, call: &Call) -> bool {
        let functions = self.read();
        let function = functions.function(&call.reference.name, &call.version.region);
        function.is_ok_and(|function| function.reserved == Some(0))
    }

    /// What invocations with the qualifier of this call go by; Lambda's defaults when the function is gone.
    fn event_invoke_config(&self, call: &Call) -> EventInvokeConfig {
        let functions = self.read();
        let function = functions.function(&call.reference.name, &call.version.region);
        let qualifier = call.reference.qualifier.as_deref();
        function.map_or_else(
            |_| EventInvokeConfig::default(),
            |function| function.event_invoke_config(qualifier),
        )
    }
}

/// The record for a destination. Without an answer the function has never run.
fn record(
    call: &Call,
    id: &str,
    condition: Condition,
    runs: u32,
    answer: Option<&Answer>,
) -> Value {
    let version = &call.version;
    let qualifier = call.reference.qualifier.as_deref().unwrap_or("$LATEST");
    let mut record = json!({
        "version": "1.0",
        "timestamp": Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
        "requestContext": {
            "requestId": id,
            "functionArn": names::function_arn(&version.region, &version.function, Some(qualifier)),
            "condition": format!("{condition:?}"),
            "approximateInvokeCount": runs,
        },
        "requestPayload": payload(&call.payload),
    });
    if let Some(answer) = answer {
        record["responseContext"] = json!({
            "statusCode": 200,
            "executedVersion": version.number.to_string(),
        });
        if answer.failed {
            record["responseContext"]["functionError"] = json!("Unhandled");
        }
        record["responsePayload"] = payload(&answer.body);
    }
    record
}

/// JSON as it is, anything else as text.
fn payload(bytes: &Bytes) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Attempt::{Failed, Succeeded, Throttled};
    use Condition::{EventAgeExceeded, RetriesExhausted, Success};

    fn config(age: Duration, retries: u32) -> EventInvokeConfig {
        EventInvokeConfig {
            maximum_event_age: age,
            maximum_retry_attempts: retries,
            ..EventInvokeConfig::default()
        }
    }

    /// Tries an event until its end, by a clock that only pauses move; gives the pauses.
    fn run(
        config: &EventInvokeConfig,
        mut attempt: impl FnMut(usize) -> Attempt,
    ) -> (Vec<u64>, Condition) {
        let mut attempts = Attempts::default();
        let mut pauses = Vec::new();
        let mut age = Duration::ZERO;
        loop {
            let attempt = attempt(pauses.len());
            match attempts.next(attempt, age, config, Pauses::REALISTIC) {
                Next::Report(condition) => return (pauses, condition),
                Next::TryAgainAfter(pause) => {
                    age += pause;
                    pauses.push(pause.as_secs());
                }
            }
        }
    }

    const HOURS_6: Duration = Duration::from_hours(6);

    #[test]
    fn a_function_error_is_tried_again_after_one_and_two_minutes() {
        let always = |retries| run(&config(HOURS_6, retries), |_| Failed);
        assert_eq!(always(2), (vec![60, 120], RetriesExhausted));
        assert_eq!(always(1), (vec![60], RetriesExhausted));
        assert_eq!(always(0), (vec![], RetriesExhausted));
        let once = run(&config(HOURS_6, 2), |number| match number {
            0 => Failed,
            _ => Succeeded,
        });
        assert_eq!(once, (vec![60], Success));
        let old = run(&config(Duration::from_secs(90), 2), |_| Failed);
        assert_eq!(old, (vec![60], EventAgeExceeded));
    }

    #[test]
    fn throttles_back_off_to_five_minutes_until_the_event_is_too_old_and_are_no_retries() {
        let (pauses, condition) = run(&config(HOURS_6, 0), |_| Throttled);
        assert_eq!(pauses[..10], [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
        assert!(pauses[10..].iter().all(|pause| *pause == 300));
        assert_eq!(condition, EventAgeExceeded);
        let all: u64 = pauses.iter().sum();
        assert!((6 * 3600 - 300..=6 * 3600).contains(&all), "{all}");
        let (pauses, condition) = run(&config(HOURS_6, 1), |number| match number {
            0 | 2 => Throttled,
            _ => Failed,
        });
        assert_eq!((pauses, condition), (vec![1, 60, 2], RetriesExhausted));
    }
}
