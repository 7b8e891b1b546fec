//! Logs and metrics: a JSON line per event, and a line of metrics per invocation.
//!
//! ```text
//! main: let telemetry = telemetry::init();
//!       run(telemetry.observe(service_fn(handler)))
//!
//! invocation -> observe.rs: span with request id, trace id, cold start
//!                 handler: tracing::info!(..)             -> log.rs -> {"level":"INFO","request_id":..}
//!                          telemetry::count("Retries", 2) -> metrics.rs
//!               the handler is done, the response not sent -> emf.rs -> {"_aws":{..},"WarmDuration":1.2}
//! ```
//!
//! Every line is one write to standard output, before the response is sent. Lambda freezes the
//! environment after the response, and what is in a buffer then is late or lost. So there is no buffer
//! and no background thread.
//!
//! # What it is made of
//!
//! Log lines come from `json-subscriber`. `tracing-subscriber`'s own JSON puts a span's fields
//! into nested objects, where a query by request id does not look for them, takes 8 us a line
//! instead of 5, and makes a binary 18 KiB larger (zipped; both measured on x86_64).
//!
//! The line of metrics is written here, with `serde_json` (`emf.rs`), and not with `metrique`. That is well made,
//! and was measured at 2.5 us a line. But it needs 45 more crates (metrics-rs, its sketches and its clock among
//! them) and adds 36 KiB to every zip, for one JSON object with a handful of numbers. A function with
//! distributions, sampling or several sets of dimensions should use it.
//!
//! `cargo run --release -p shared --features bench --bin telemetry-cost` measures the cost.

mod emf;
mod invocation;
mod level;
mod log;
mod metrics;
mod observe;
#[cfg(test)]
mod tests;

use std::{
    env,
    io::{self, Write as _},
    panic,
    sync::{Arc, OnceLock, atomic::AtomicBool},
    time::Instant,
};

use tracing_subscriber::{layer::SubscriberExt as _, registry};

use crate::architecture;
use invocation::Environment;
pub use metrics::{count, milliseconds};
pub use observe::Observed;

/// Where lines of metrics go.
type Sink = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// Shows that the logger is installed; has the fields of this environment.
#[derive(Clone)]
pub struct Telemetry {
    environment: Arc<Environment>,
    sink: Sink,
}

/// Installs the logger. Call it once, first thing in `main`.
///
/// The level comes from `AWS_LAMBDA_LOG_LEVEL`, which Lambda's advanced logging controls set;
/// `INFO` when it is not set or not a level. The namespace of metrics is `METRICS_NAMESPACE`, which the build sets to the
/// project's name; `Functions` when it is not set. A panic is logged as an error, with its place, and then
/// unwinds as usual.
pub fn init() -> Telemetry {
    let environment = Arc::new(environment());
    let logger = registry()
        .with(environment.threshold.filter())
        .with(log::layer(&environment, io::stdout));
    // A second call leaves the first logger in place.
    let _ = tracing::subscriber::set_global_default(logger);
    panic::set_hook(Box::new(
        |panic| tracing::error!(%panic, "the function panicked"),
    ));
    Telemetry {
        environment,
        sink: Arc::new(write_to_stdout),
    }
}

impl Telemetry {
    /// Makes `service` log and measure every invocation. It wraps the handler, inside `lambda_runtime::run`, so that
    /// everything is written before the response is sent.
    #[must_use]
    pub fn observe<S>(&self, service: S) -> Observed<S> {
        // What comes next is the first invocation.
        let environment = &self.environment;
        environment.init.get_or_init(|| environment.began.elapsed());
        Observed::new(service, self.clone())
    }
}

/// The environment, from the variables that Lambda sets.
fn environment() -> Environment {
    let variable = |name| env::var(name).unwrap_or_default();
    // With provisioned concurrency and snapshots, init is over before the first invocation.
    let on_demand = match variable("AWS_LAMBDA_INITIALIZATION_TYPE").as_str() {
        "" | "on-demand" => true,
        _other => false,
    };
    Environment {
        namespace: env::var("METRICS_NAMESPACE").unwrap_or_else(|_| "Functions".to_owned()),
        function: variable("AWS_LAMBDA_FUNCTION_NAME"),
        version: variable("AWS_LAMBDA_FUNCTION_VERSION"),
        architecture: architecture::name(),
        threshold: variable("AWS_LAMBDA_LOG_LEVEL").parse().unwrap_or_default(),
        cold: AtomicBool::new(on_demand),
        began: Instant::now(),
        init: OnceLock::new(),
    }
}

/// Writes whole lines in one system call: standard output is buffered by the line.
fn write_to_stdout(line: &[u8]) {
    // When standard output is gone, there is nowhere to report it.
    let _ = io::stdout().lock().write_all(line);
}
