//! Whole invocations and the lines that they write.

use std::{
    future::ready,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Mutex,
};

use lambda_runtime::{Context, LambdaEvent, Service, service_fn};
use serde_json::{Value, json};
use tracing::Instrument as _;
use tracing_subscriber::fmt::MakeWriter;

use super::*;

/// Collects lines, in place of standard output.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn json(&self) -> Vec<Value> {
        let parse = |line: &str| {
            let value: Value = serde_json::from_str(line).unwrap();
            // A key that is in an object twice would not be seen in the Value.
            for name in value.as_object().unwrap().keys() {
                assert_eq!(line.matches(&format!("\"{name}\":")).count(), 1, "{line}");
            }
            value
        };
        self.text().lines().map(parse).collect()
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The number of the invocation that is sent as `rollout replay` sends it.
const REPLAYED: u8 = 7;

/// Runs `invocations` of a handler as lambda_runtime does; the lines of logs and of metrics.
fn lines_of<F, R>(
    level: &'static str,
    text: bool,
    invocations: u8,
    handler: F,
) -> (Lines, Vec<Value>)
where
    F: Fn(LambdaEvent<u8>) -> R + Copy,
    R: Future<Output = Result<u8, String>>,
{
    let environment = Arc::new(Environment {
        namespace: "notary".to_owned(),
        began: Instant::now(),
        init: OnceLock::new(),
        function: "hasher".to_owned(),
        version: "7".to_owned(),
        architecture: "arm64",
        level,
        cold: AtomicBool::new(true),
    });
    let (logs, metrics) = (Lines::default(), Lines::default());
    let logger = log::logger(Arc::clone(&environment), text, logs.clone());
    let sink = metrics.clone();
    let telemetry = Telemetry {
        environment,
        sink: Arc::new(move |line| sink.0.lock().unwrap().extend_from_slice(line)),
    };
    let mut service = telemetry.observe(service_fn(handler));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    tracing::subscriber::with_default(logger, || {
        for number in 0..invocations {
            let mut context = Context::default();
            context.request_id = format!("request-{number}");
            if number == REPLAYED {
                let replay = json!({"custom": {"replay": "true"}});
                context.client_context = serde_json::from_value(replay).unwrap();
            }
            // As `layers::TracingLayer` makes it; tools/tests has the real one.
            let span = tracing::info_span!(
                "Lambda runtime invoke",
                requestId = &context.request_id,
                xrayTraceId = "Root=1-5759e988;Sampled=1"
            );
            let event = LambdaEvent::new(number, context);
            let call = || span.in_scope(|| service.call(event));
            let invoke = || runtime.block_on(call().instrument(span.clone()));
            // The runtime handles the error and the panic, and says so again.
            let result = catch_unwind(AssertUnwindSafe(invoke));
            if !matches!(result, Ok(Ok(_))) {
                tracing::error!(target: "lambda_runtime::layers::panic", "user handler panicked");
            }
        }
    });
    (logs, metrics.json())
}

#[test]
fn a_line_has_its_invocation_at_any_depth_of_spans_and_at_any_level() {
    let (logs, metrics) = lines_of("WARN", false, 2, |event| async move {
        tracing::info!("below the level");
        let span = tracing::error_span!("verification", name = "inner");
        let _entered = span.enter();
        tracing::warn!(name = "a document's", "slow");
        Ok(event.payload)
    });
    let logs = logs.json();
    assert_eq!(logs.len(), 2, "{logs:?}");
    for (number, mut line) in logs.into_iter().enumerate() {
        let timestamp = line.as_object_mut().unwrap().remove("timestamp").unwrap();
        assert!(timestamp.as_str().unwrap().ends_with('Z'), "{timestamp}");
        let expected = json!({
            "level": "WARN",
            "message": "slow",
            "name": "a document's",
            "functionName": "hasher",
            "functionVersion": "7",
            "architecture": "arm64",
            "requestId": format!("request-{number}"),
            "xrayTraceId": "1-5759e988",
            "coldStart": number == 0,
        });
        assert_eq!(line, expected);
    }
    assert_eq!(
        metrics[0]["level"], "WARN",
        "no level drops a line of metrics"
    );
}

#[test]
fn in_the_format_text_a_line_has_its_request_id_too() {
    let (logs, _) = lines_of("INFO", true, 1, |event| async move {
        tracing::info!(bytes = 3, "hashed");
        Ok(event.payload)
    });
    let line = logs.text();
    assert!(
        line.contains("INFO") && line.contains("hashed bytes=3"),
        "{line}"
    );
    assert!(line.contains("requestId=\"request-0\""), "{line}");
}

#[test]
fn a_line_of_metrics_is_what_the_specification_asks_for() {
    let (_, mut metrics) = lines_of("INFO", false, 2, |event| async move {
        count("Retries", 2);
        count("Retries", 1);
        Ok(event.payload)
    });
    let line = metrics[1].as_object_mut().unwrap();
    line.remove("timestamp");
    line["_aws"]["Timestamp"].take();
    line["WarmDuration"].take();
    let definitions = json!([
        {"Name": "WarmDuration", "Unit": "Milliseconds"},
        {"Name": "Retries", "Unit": "Count"},
    ]);
    let directive = json!({"Namespace": "notary", "Dimensions": [["Function", "Version"]], "Metrics": definitions});
    let expected = json!({
        "_aws": {"Timestamp": null, "CloudWatchMetrics": [directive]},
        "level": "INFO",
        "Function": "hasher",
        "Version": "7",
        "architecture": "arm64",
        "requestId": "request-1",
        "WarmDuration": null,
        "Retries": 3.0,
    });
    assert_eq!(metrics[1], expected);
}

#[cfg(feature = "queue")]
#[test]
fn failures_are_counted_by_function_too_and_nothing_else_is() {
    let (_, metrics) = lines_of("INFO", false, 2, |event| async move {
        count("Retries", 1);
        count_own(RECORDS, 3);
        count_own(RECORDS_FAILED, 0);
        Ok(event.payload)
    });
    let directives = &metrics[1]["_aws"]["CloudWatchMetrics"];
    let names = |index: usize| {
        let metrics = directives[index]["Metrics"].as_array().unwrap().iter();
        metrics
            .map(|it| it["Name"].as_str().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(0),
        ["WarmDuration", "Retries", "Records", "RecordsFailed"]
    );
    assert_eq!(directives[1]["Dimensions"], json!([["Function"]]));
    assert_eq!(names(1), ["Records", "RecordsFailed"]);
}

#[test]
fn a_replay_is_logged_and_counts_in_no_metric() {
    let (_, metrics) = lines_of("INFO", false, REPLAYED + 1, |event| async move {
        count("Retries", 1);
        Ok(event.payload)
    });
    let (replayed, traffic) = metrics.split_last().unwrap();
    assert_eq!(replayed["_aws"], Value::Null);
    assert_eq!(replayed["requestId"], "request-7");
    assert_eq!(replayed["Retries"], 1.0);
    assert!(traffic.iter().all(|line| line["_aws"].is_object()));
}

#[test]
fn metrics_belong_to_the_invocation_that_counts_them() {
    let (logs, metrics) = lines_of("INFO", false, 2, |event| async move {
        if event.payload == 0 {
            milliseconds("StoreTime", Duration::from_micros(1500));
        }
        Ok(event.payload)
    });
    assert_eq!(metrics[0]["StoreTime"], 1.5);
    assert_eq!(metrics[1]["StoreTime"], Value::Null);
    assert_eq!(logs.text(), "");

    let (logs, metrics) = lines_of("INFO", false, 1, |event| async move {
        std::thread::scope(|scope| scope.spawn(|| count("Lost", 1)).join().unwrap());
        Ok(event.payload)
    });
    assert_eq!(metrics[0]["Lost"], Value::Null);
    // The other thread has no logger of this test.
    assert_eq!(logs.text(), "");
}

#[test]
fn a_name_that_is_taken_is_refused_once_and_never_written_twice() {
    let taken = [
        "Function",
        "InitDuration",
        "WarmDuration",
        "Requests",
        "ServerErrors",
        "Records",
        "RecordsFailed",
    ];
    let (logs, metrics) = lines_of("INFO", false, 1, |event| async move {
        for _ in 0..2 {
            for name in taken {
                count(name, 7);
            }
            count("Time", 1);
            milliseconds("Time", Duration::from_secs(1));
        }
        Ok(event.payload)
    });
    // That no key is there twice is checked when the lines are read.
    assert_eq!(metrics[0]["Function"], "hasher");
    assert_eq!(metrics[0]["Time"], 2.0);
    assert_ne!(metrics[0]["InitDuration"], 7.0);
    for name in &taken[2..] {
        assert_eq!(metrics[0][name], Value::Null);
    }
    let logs = logs.json();
    assert!(logs.iter().all(|line| line["level"] == "ERROR"), "{logs:?}");
    let refused: Vec<_> = logs.iter().map(|line| &line["metric"]).collect();
    assert_eq!(refused, [&taken[..], &["Time"]].concat());
}

#[cfg(feature = "queue")]
#[test]
fn what_a_kind_of_function_counts_stays_right_when_the_function_counts_by_the_same_name() {
    let (logs, metrics) = lines_of("INFO", false, 1, |event| async move {
        count_own(RECORDS, 3);
        count(RECORDS, 1);
        Ok(event.payload)
    });
    assert_eq!(metrics[0]["Records"], 3.0);
    assert_eq!(logs.json()[0]["metric"], "Records");
}

#[test]
fn more_metrics_than_a_line_may_have_are_on_a_second_line() {
    let (_, metrics) = lines_of("INFO", false, 1, |event| async move {
        for number in 0..150 {
            count(format!("Metric{number}").leak(), 1);
        }
        Ok(event.payload)
    });
    let counts = metrics.iter().map(|line| {
        let definitions = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array();
        assert_eq!(line["requestId"], "request-0");
        definitions.unwrap().len()
    });
    assert_eq!(counts.collect::<Vec<_>>(), [100, 51]);
}

#[test]
fn the_first_invocation_has_the_time_of_init_and_every_other_one_its_own() {
    let (_, metrics) = lines_of("INFO", false, 3, |event| ready(Ok(event.payload)));
    for (index, line) in metrics.iter().enumerate() {
        let (own, other) = if index == 0 {
            ("InitDuration", "WarmDuration")
        } else {
            ("WarmDuration", "InitDuration")
        };
        assert!(line[own].is_f64() && line[other].is_null(), "{line}");
    }
}

#[test]
fn an_error_is_one_line_with_its_request_id() {
    let (logs, _) = lines_of("INFO", false, 1, |_| {
        ready(Err("the event is null".to_owned()))
    });
    let logs = logs.json();
    assert_eq!(logs.len(), 1, "{logs:?}");
    assert_eq!(logs[0]["level"], "ERROR");
    assert_eq!(logs[0]["error"], "\"the event is null\"");
    assert_eq!(logs[0]["requestId"], "request-0");
}

#[test]
fn a_panic_in_the_call_or_in_its_future_loses_no_line_of_metrics() {
    fn panics(event: LambdaEvent<u8>) -> std::future::Ready<Result<u8, String>> {
        panic!("request {}", event.payload)
    }
    let (_, in_the_call) = lines_of("INFO", false, 1, panics);
    let (_, in_the_future) = lines_of("INFO", false, 1, |event| async move { panics(event).await });
    for metrics in [in_the_call, in_the_future] {
        assert_eq!(metrics.len(), 1);
        assert_eq!(metrics[0]["Function"], "hasher");
    }
}
