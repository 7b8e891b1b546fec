//! Logs and metrics as Lambda reads them: a JSON line per event, and a line of metrics per invocation.
//!
//! ```text
//! main: let telemetry = telemetry::init();
//!       run(telemetry.observe(service_fn(handler))), or lambda_http's run(telemetry.observe(router))
//!
//! tracing::info!(..)             -> log.rs                -> {"level":"INFO","requestId":..,"message":..}
//! telemetry::count("Retries", 2) -> metrics.rs -> emf.rs  -> {"_aws":{..},"requestId":..,"Retries":2}
//! ```
//!
//! Every line is one write to standard output before the answer is sent: Lambda freezes the environment after it, and
//! what is in a buffer then is late or lost. So there is no buffer and no background thread. A failure is one line at
//! level ERROR, whether the handler returns an error, panics, or does not get an event that it can read.
//!
//! The keys are Lambda's own (`timestamp`, `level`, `requestId`, `functionName`, `functionVersion`, `xrayTraceId`), so
//! that one query finds its lines and ours. `AWS_LAMBDA_LOG_LEVEL` and `AWS_LAMBDA_LOG_FORMAT` are honoured; lines of
//! metrics are written at any level.
//!
//! JSON comes from `json-subscriber`: `tracing-subscriber`'s own puts a span's fields into nested objects, where a query
//! by request id does not look. The line of metrics is written here, because `metrique` needs 45 more crates and 36 KiB
//! of every zip; a function with distributions or several sets of dimensions should use it.

mod emf;
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
    time::{Duration, Instant},
};

use crate::architecture;
#[cfg(feature = "queue")]
pub(crate) use metrics::{RECORDS, RECORDS_FAILED, count_own};
pub use metrics::{count, milliseconds};
pub use observe::{Observation, Observed};

/// Where lines of metrics go.
type Sink = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// Shows that the logger is installed; has the fields of this environment.
#[derive(Clone)]
pub struct Telemetry {
    environment: Arc<Environment>,
    sink: Sink,
}

/// What does not change while a process runs, but for `cold`.
struct Environment {
    /// Of the metrics.
    namespace: String,
    function: String,
    /// The published version, or `$LATEST`.
    version: String,
    architecture: &'static str,
    /// The lowest level that is logged, as Lambda writes it.
    level: &'static str,
    /// Whether no invocation has ended yet, and the environment was started for it.
    cold: AtomicBool,
    /// When init began, as far as the program sees it, and how long it took.
    began: Instant,
    init: OnceLock<Duration>,
}

/// Installs the logger. Call it once, first thing in `main`.
///
/// The namespace of metrics is `METRICS_NAMESPACE`, which the build sets to the project's name; `Functions` when it is
/// not set. A panic is logged with its place, and then unwinds as usual.
pub fn init() -> Telemetry {
    let variable = |name| env::var(name).unwrap_or_default();
    // With provisioned concurrency and snapshots, init is over before the first invocation.
    let started_for = variable("AWS_LAMBDA_INITIALIZATION_TYPE");
    let environment = Arc::new(Environment {
        namespace: env::var("METRICS_NAMESPACE").unwrap_or_else(|_| "Functions".to_owned()),
        function: variable("AWS_LAMBDA_FUNCTION_NAME"),
        version: variable("AWS_LAMBDA_FUNCTION_VERSION"),
        architecture: architecture::name(),
        level: log::level(&variable("AWS_LAMBDA_LOG_LEVEL")),
        cold: AtomicBool::new(matches!(started_for.as_str(), "" | "on-demand")),
        began: Instant::now(),
        init: OnceLock::new(),
    });
    let text = variable("AWS_LAMBDA_LOG_FORMAT").eq_ignore_ascii_case("Text");
    let logger = log::logger(Arc::clone(&environment), text, io::stdout);
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
    /// The same service, a handler or an HTTP router, with every invocation measured and its failure logged. It goes
    /// inside `run`, so that everything is written before the answer is sent.
    #[must_use]
    pub fn observe<S>(&self, service: S) -> Observed<S> {
        // What comes next is the first invocation.
        let environment = &self.environment;
        environment.init.get_or_init(|| environment.began.elapsed());
        Observed::new(service, self.clone())
    }
}

/// Writes whole lines in one system call: standard output is buffered by the line.
fn write_to_stdout(line: &[u8]) {
    // When standard output is gone, there is nowhere to report it.
    let _ = io::stdout().lock().write_all(line);
}
