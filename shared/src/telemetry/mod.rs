//! What a function says of itself: a JSON line per event, and a line of metrics per invocation.
//!
//! ```text
//! main: let telemetry = telemetry::init();
//!       run(telemetry.observe(service_fn(handler)))
//!
//! invocation -> observe.rs: span with request id, trace id, cold start
//!                 handler: tracing::info!(..)             -> log.rs -> {"level":"INFO","request_id":..}
//!                          telemetry::count("Retries", 2) -> metrics.rs
//!               the handler is done, the response not sent -> emf.rs -> {"_aws":{..},"Duration":1.2}
//! ```
//!
//! Every line is one write to standard output, made before the response goes out: Lambda freezes
//! the environment after that, and what waits in a buffer then waits for the next event or is
//! lost. So there is no buffer and no background thread.
//!
//! # What it is made of
//!
//! Log lines come from `json-subscriber`. `tracing-subscriber`'s own JSON puts a span's fields
//! into nested objects, where a query by request id does not look for them, takes 8 us a line
//! instead of 5, and makes a binary 18 KiB larger (zipped; both measured on x86_64).
//!
//! The line of metrics is written here, by `serde_json` (`emf.rs`), although there is `metrique`:
//! its EMF format was measured at 2.5 us a line, and well made. But it comes with 45 crates that
//! a function would not compile otherwise (metrics-rs, its sketches and its clock among them) and
//! adds 36 KiB to every zip, for one JSON object with a handful of numbers. A function with
//! distributions, sampling or several sets of dimensions should take it.
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
    sync::Arc,
    sync::atomic::AtomicBool,
};

use tracing_subscriber::{layer::SubscriberExt as _, registry};

use crate::architecture;
use invocation::Environment;
pub use metrics::{count, milliseconds};
pub use observe::Observed;

/// Where lines of metrics go.
type Sink = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// Proof that the logger is there, and what every line says of this environment.
#[derive(Clone)]
pub struct Telemetry {
    environment: Arc<Environment>,
    sink: Sink,
}

/// Installs the logger. Call it once, first thing in `main`.
///
/// The level comes from `AWS_LAMBDA_LOG_LEVEL`, which Lambda's advanced logging controls set;
/// `INFO` when it is not set or not a level. A panic is logged as an error, with its place, and
/// goes on to where it was going.
pub fn init() -> Telemetry {
    let environment = Arc::new(environment());
    let logger = registry()
        .with(environment.threshold.filter())
        .with(log::layer(&environment, io::stdout));
    // A second call would find a logger in place and leave it there.
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
    /// Makes `service` log and measure every invocation; goes around the handler, inside of
    /// `lambda_runtime::run`, so that all is said before the response is sent.
    #[must_use]
    pub fn observe<S>(&self, service: S) -> Observed<S> {
        Observed::new(service, self.clone())
    }
}

/// What Lambda says of this environment, by the variables it sets.
fn environment() -> Environment {
    let variable = |name| env::var(name).unwrap_or_default();
    // Provisioned concurrency and snapshots have initialised before anyone waited for it.
    let on_demand = match variable("AWS_LAMBDA_INITIALIZATION_TYPE").as_str() {
        "" | "on-demand" => true,
        _other => false,
    };
    Environment {
        function: variable("AWS_LAMBDA_FUNCTION_NAME"),
        version: variable("AWS_LAMBDA_FUNCTION_VERSION"),
        architecture: architecture::name(),
        threshold: variable("AWS_LAMBDA_LOG_LEVEL").parse().unwrap_or_default(),
        cold: AtomicBool::new(on_demand),
    }
}

/// One system call, whole lines: standard output is buffered by the line.
fn write_to_stdout(line: &[u8]) {
    // There is nowhere to report to that standard output is gone.
    let _ = io::stdout().lock().write_all(line);
}
