//! Whole invocations and the lines that they write.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use lambda_runtime::{Context, LambdaEvent, Service, service_fn};
use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;

use super::{level::Threshold, *};

/// Collects lines, in place of standard output.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn json(&self) -> Vec<Value> {
        let bytes = self.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        text.lines()
            .map(|line| {
                let value: Value = serde_json::from_str(line).unwrap();
                // A key that is in an object twice would not be seen in the Value.
                let fields = value.as_object().unwrap().keys();
                for name in fields {
                    assert_eq!(line.matches(&format!("\"{name}\":")).count(), 1, "{line}");
                }
                value
            })
            .collect()
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

/// Metrics are global, so the tests run one invocation after the other.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `invocations` of a handler as Lambda would; the lines of logs and of metrics.
fn lines_of<F, R>(threshold: Threshold, invocations: u8, handler: F) -> (Vec<Value>, Vec<Value>)
where
    F: Fn(LambdaEvent<u8>) -> R + Copy,
    R: Future<Output = Result<u8, String>>,
{
    let _alone = alone();
    let environment = Arc::new(Environment {
        namespace: "notary".to_owned(),
        began: Instant::now(),
        init: OnceLock::new(),
        function: "notary".to_owned(),
        version: "7".to_owned(),
        architecture: "arm64",
        threshold,
        cold: AtomicBool::new(true),
    });
    let (logs, metrics) = (Lines::default(), Lines::default());
    let logger = registry()
        .with(threshold.filter())
        .with(log::layer(&environment, logs.clone()));
    let sink = metrics.clone();
    let telemetry = Telemetry {
        environment,
        sink: Arc::new(move |line| sink.0.lock().unwrap().extend_from_slice(line)),
    };
    let mut service = telemetry.observe(service_fn(handler));
    tracing::subscriber::with_default(logger, || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        for number in 0..invocations {
            let mut context = Context::default();
            context.request_id = format!("request-{number}");
            context.xray_trace_id = Some("Root=1-5759e988;Sampled=1".to_owned());
            let invoke = || runtime.block_on(service.call(LambdaEvent::new(number, context)));
            // The runtime handles the error.
            let _ = catch_unwind(AssertUnwindSafe(invoke));
        }
    });
    (logs.json(), metrics.json())
}

#[test]
fn a_line_has_its_invocation_at_any_depth_of_spans_and_at_any_threshold() {
    let (logs, _) = lines_of(Threshold::Warn, 2, |event| async move {
        tracing::info!("below the threshold");
        let span = tracing::error_span!("verification", name = "inner");
        let _entered = span.enter();
        tracing::warn!(name = "a document's", "slow");
        Ok(event.payload)
    });
    assert_eq!(logs.len(), 2, "{logs:?}");
    for (number, line) in logs.iter().enumerate() {
        assert_eq!(line["request_id"], format!("request-{number}"));
        assert_eq!(line["cold_start"], number == 0);
        assert_eq!(line["trace_id"], "1-5759e988");
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["message"], "slow");
        assert_eq!(line["name"], "a document's");
        assert_eq!(line["function"], "notary");
        assert_eq!(line["version"], "7");
        assert_eq!(line["architecture"], "arm64");
    }
}

#[test]
fn what_a_handler_counts_and_times_is_summed_up_for_its_own_invocation() {
    let (_, metrics) = lines_of(Threshold::Info, 2, |event| async move {
        if event.payload == 0 {
            count("Retries", 2);
            count("Retries", 3);
            milliseconds("StoreTime", Duration::from_micros(1500));
        }
        Ok(event.payload)
    });
    assert_eq!(metrics.len(), 2);
    assert_eq!(metrics[0]["Retries"], 5.0);
    assert_eq!(metrics[0]["StoreTime"], 1.5);
    assert_eq!(metrics[1]["Retries"], Value::Null);
}

#[test]
fn the_first_invocation_has_the_time_of_init_and_every_other_one_its_own() {
    let (_, metrics) = lines_of(Threshold::Info, 3, |event| async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Ok(event.payload)
    });
    assert!(metrics[0]["InitDuration"].as_f64().is_some(), "{metrics:?}");
    assert_eq!(metrics[0]["WarmDuration"], Value::Null);
    for metrics in &metrics[1..] {
        let duration = metrics["WarmDuration"].as_f64().unwrap();
        assert!((20.0..2000.0).contains(&duration), "{duration}");
        assert_eq!(metrics["InitDuration"], Value::Null);
    }
}

#[test]
fn an_error_is_logged() {
    let (logs, _) = lines_of(Threshold::Info, 1, |_| async {
        Err("the event is null".to_owned())
    });
    assert_eq!(logs[0]["level"], "ERROR");
    assert_eq!(logs[0]["error"], "\"the event is null\"");
    assert_eq!(logs[0]["request_id"], "request-0");
}

#[test]
fn a_panic_in_the_call_or_in_its_future_loses_no_line_of_metrics() {
    fn panics(event: LambdaEvent<u8>) -> std::future::Ready<Result<u8, String>> {
        panic!("request {}", event.payload)
    }
    let (_, in_the_call) = lines_of(Threshold::Info, 1, panics);
    let (_, in_the_future) = lines_of(
        Threshold::Info,
        1,
        |event| async move { panics(event).await },
    );
    for metrics in [in_the_call, in_the_future] {
        assert_eq!(metrics.len(), 1);
        assert_eq!(metrics[0]["Function"], "notary");
    }
}
