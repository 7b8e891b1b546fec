//! The requests and results of `GetMetricData`, as the SDK speaks them: Smithy RPC v2 CBOR.

use bytes::Bytes;
use chrono::Utc;
use ciborium::Value;

/// One result: the data points of one query.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    pub(crate) id: String,
    /// Seconds since the epoch.
    pub(crate) times: Vec<i64>,
    pub(crate) values: Vec<f64>,
    pub(crate) status: String,
}

/// Changes all results; the change gets the time in seconds.
pub(super) type Spoil<'a> = dyn Fn(&mut Vec<Series>, i64) + Send + Sync + 'a;

impl Series {
    /// Keeps the data points that fulfil a condition on their position and time.
    pub(crate) fn retain(&mut self, keep: impl Fn(usize, i64) -> bool) {
        let points = self.times.iter().copied().zip(self.values.iter().copied());
        let kept = points
            .enumerate()
            .filter(|(at, (time, _))| keep(*at, *time));
        (self.times, self.values) = kept.map(|(_, point)| point).unzip();
    }
}

/// The request, with small pages.
pub(super) fn asked(body: &[u8], page: Option<i64>) -> Bytes {
    let mut request = parse(body);
    if let (Some(page), Value::Map(members)) = (page, &mut request) {
        members.push((Value::from("MaxDatapoints"), Value::from(page)));
    }
    bytes(&request)
}

/// The answer, spoiled.
pub(super) fn spoiled(body: &[u8], spoil: Option<&Spoil<'_>>) -> Bytes {
    let mut answer = parse(body);
    for (key, value) in members(&mut answer) {
        if key.as_text() != Some("MetricDataResults") {
            continue;
        }
        let results = std::mem::replace(value, Value::Null);
        let results = results.into_array().expect("results");
        let mut series = results.into_iter().map(read).collect();
        if let Some(spoil) = spoil {
            spoil(&mut series, Utc::now().timestamp());
        }
        let results = series.into_iter().map(write);
        *value = Value::Array(results.collect());
    }
    bytes(&answer)
}

/// An error's body.
pub(super) fn error(code: &str) -> Bytes {
    let text = |text: &str| Value::Text(text.to_owned());
    bytes(&Value::Map(vec![
        (
            text("__type"),
            text(&format!("com.amazonaws.cloudwatch#{code}")),
        ),
        (text("message"), text(&format!("{code}, as asked"))),
    ]))
}

fn read(result: Value) -> Series {
    let mut series = Series {
        id: String::new(),
        times: Vec::new(),
        values: Vec::new(),
        status: String::new(),
    };
    let number = |value: &Value| match value {
        Value::Float(number) => *number,
        other => seconds(other) as f64,
    };
    for (key, value) in result.into_map().expect("a result") {
        match (key.as_text(), value) {
            (Some("Id"), Value::Text(id)) => series.id = id,
            (Some("StatusCode"), Value::Text(status)) => series.status = status,
            (Some("Timestamps"), Value::Array(times)) => {
                series.times = times.iter().map(seconds).collect();
            }
            (Some("Values"), Value::Array(values)) => {
                series.values = values.iter().map(number).collect();
            }
            _ => {}
        }
    }
    series
}

fn write(series: Series) -> Value {
    let time = |time: i64| Value::Tag(1, Box::new(Value::from(time)));
    let times = series.times.into_iter().map(time).collect();
    let values = series.values.into_iter().map(Value::Float).collect();
    Value::Map(vec![
        (Value::from("Id"), Value::from(series.id)),
        (Value::from("Timestamps"), Value::Array(times)),
        (Value::from("Values"), Value::Array(values)),
        (Value::from("StatusCode"), Value::from(series.status)),
    ])
}

fn seconds(value: &Value) -> i64 {
    match value {
        Value::Tag(_, inner) => seconds(inner),
        Value::Float(time) => *time as i64,
        other => other
            .as_integer()
            .and_then(|time| time.try_into().ok())
            .expect("a time"),
    }
}

fn members(value: &mut Value) -> &mut [(Value, Value)] {
    value.as_map_mut().expect("a structure")
}

fn parse(body: &[u8]) -> Value {
    ciborium::from_reader(body).expect("CBOR")
}

fn bytes(value: &Value) -> Bytes {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).expect("is written");
    bytes.into()
}
