//! `PutEvents` of the bus `default`
//! (<https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>).
//!
//! As on AWS an entry that is wrong fails alone, and one for a bus that does not exist gets an id and goes nowhere: here
//! with a warning in the log.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    body::to_bytes,
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::Response,
};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{
    aws::{ACCOUNT_ID, arn, errors, json_protocol, signature},
    services::cloudwatch::clock::Clock,
};

/// First part of a target.
pub const SERVICE: &str = "AWSEvents";
/// The one bus.
const BUS: &str = "default";
/// How many events are kept.
const KEPT: usize = 1_000;
/// Most entries of one request.
const MAX_ENTRIES: usize = 10;
/// Most bytes of all entries of a request
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html>).
const MAX_BYTES: usize = 256 * 1024;
/// What an entry's `Time` counts for.
const TIME_BYTES: usize = 14;
/// The greatest body that is read: entries of the greatest size, of which every byte is escaped, would be less.
const MAX_BODY_BYTES: usize = 2 << 20;

/// The events that were put. Cheap to clone; all clones share them.
#[derive(Debug, Clone, Default)]
pub struct EventBus {
    kept: Arc<Mutex<VecDeque<Value>>>,
    clock: Clock,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutEvents {
    entries: Vec<Entry>,
}

/// `PutEventsRequestEntry`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Entry {
    /// Seconds since 1970.
    time: Option<f64>,
    source: String,
    resources: Vec<String>,
    detail_type: String,
    detail: String,
    event_bus_name: Option<String>,
}

impl EventBus {
    /// Without events; those without a time get the time of this clock.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            ..Self::default()
        }
    }

    /// The last events, the oldest first, each as a target would get it.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        self.lock().iter().cloned().collect()
    }

    /// `PutEvents`: what happened to each entry.
    fn put(&self, body: &[u8], region: &str) -> Result<Value, Refusal> {
        let request: PutEvents =
            serde_json::from_slice(body).map_err(|error| Refusal::Malformed(error.to_string()))?;
        let entries = request.entries;
        if entries.is_empty() || entries.len() > MAX_ENTRIES {
            return Err(Refusal::Count(entries.len()));
        }
        if entries.iter().map(Entry::bytes).sum::<usize>() > MAX_BYTES {
            return Err(Refusal::TooLarge);
        }
        let results: Vec<_> = entries
            .iter()
            .map(|entry| match entry.detail() {
                Ok(detail) => json!({"EventId": self.keep(entry, detail, region)}),
                Err(failure) => {
                    let (code, message) = (failure.code(), failure.to_string());
                    json!({"ErrorCode": code, "ErrorMessage": message})
                }
            })
            .collect();
        let failed = results.iter().filter(|it| it.get("EventId").is_none());
        Ok(json!({"FailedEntryCount": failed.count(), "Entries": results}))
    }

    /// Makes an event of an entry; gives its id.
    fn keep(&self, entry: &Entry, detail: Map<String, Value>, region: &str) -> String {
        let id = Uuid::new_v4().to_string();
        let bus = entry.event_bus_name.as_deref().unwrap_or(BUS);
        if bus != BUS && bus != arn::arn("events", region, format_args!("event-bus/{BUS}")) {
            tracing::warn!(bus, "an event for a bus that does not exist is lost");
            return id;
        }
        let mut kept = self.lock();
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(json!({
            "version": "0",
            "id": id,
            "detail-type": entry.detail_type,
            "source": entry.source,
            "account": ACCOUNT_ID,
            "time": entry.time(self.clock.now()).to_rfc3339_opts(SecondsFormat::Secs, true),
            "region": region,
            "resources": entry.resources,
            "detail": detail,
        }));
        id
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Value>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// As "Calculating PutEvents event entry size" counts it.
    fn bytes(&self) -> usize {
        let resources = self.resources.iter().map(String::len).sum::<usize>();
        let time = self.time.map_or(0, |_| TIME_BYTES);
        time + self.source.len() + self.detail_type.len() + self.detail.len() + resources
    }

    fn time(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        #[allow(clippy::cast_possible_truncation)] // whole seconds are what an event says
        let given = self.time.map(|seconds| seconds as i64);
        let given = given.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        given.unwrap_or(now)
    }

    /// Its detail, when nothing is wrong with it.
    fn detail(&self) -> Result<Map<String, Value>, Failure> {
        for (argument, value) in [
            ("Source", &self.source),
            ("DetailType", &self.detail_type),
            ("Detail", &self.detail),
        ] {
            if value.is_empty() {
                return Err(Failure::Missing(argument));
            }
        }
        if self.source.starts_with("aws.") {
            return Err(Failure::Source);
        }
        serde_json::from_str(&self.detail).map_err(|_| Failure::Detail)
    }
}

/// Why an entry is no event, in AWS's words.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("Parameter {0} is not valid. Reason: {0} is a required argument.")]
    Missing(&'static str),
    /// One of AWS's own.
    #[error("Not authorized for the source.")]
    Source,
    /// No JSON object.
    #[error("Detail is malformed.")]
    Detail,
}

impl Failure {
    const fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "InvalidArgument",
            Self::Source => "NotAuthorizedForSourceException",
            Self::Detail => "MalformedDetail",
        }
    }
}

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("not in the sandbox: {0} of EventBridge, which has PutEvents")]
    Operation(String),
    #[error("cannot read the request: {0}")]
    Malformed(String),
    #[error(
        "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length less than \
         or equal to {MAX_ENTRIES} and greater than or equal to 1, it has {0}"
    )]
    Count(usize),
    #[error("Total size of the entries in the request is over the limit.")]
    TooLarge,
}

impl Refusal {
    const fn code(&self) -> &'static str {
        match self {
            Self::Operation(_) => "UnknownOperationException",
            Self::Malformed(_) => "SerializationException",
            Self::Count(_) | Self::TooLarge => "ValidationException",
        }
    }
}

/// Answers what is for EventBridge.
pub async fn answer(State(bus): State<EventBus>, request: Request, next: Next) -> Response {
    let operation = json_protocol::operation(request.headers(), SERVICE);
    if operation.is_none() && !signature::is_for(request.headers(), "events") {
        return next.run(request).await;
    }
    let operation = operation
        .unwrap_or("an operation without a name")
        .to_owned();
    let (parts, body) = request.into_parts();
    let answered = match (operation.as_str(), to_bytes(body, MAX_BODY_BYTES).await) {
        ("PutEvents", Ok(body)) => bus.put(&body, signature::region(&parts.headers)),
        ("PutEvents", Err(_)) => Err(Refusal::TooLarge),
        _ => Err(Refusal::Operation(operation)),
    };
    match answered {
        Ok(output) => json_protocol::answer_1_1(StatusCode::OK, output.to_string()),
        Err(refusal) => {
            let body = errors::typed(refusal.code(), &refusal.to_string());
            json_protocol::answer_1_1(StatusCode::BAD_REQUEST, body.to_string())
        }
    }
}
