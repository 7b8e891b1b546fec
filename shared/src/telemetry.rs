//! JSON logs on standard output, one object a line, as Lambda's JSON log format wants them.

use tracing_subscriber::filter::LevelFilter;

/// Installs the logger. Call it once, first thing in `main`.
///
/// The level comes from `AWS_LAMBDA_LOG_LEVEL` (what Lambda's advanced logging controls set);
/// `INFO` when it is not set or not a level. Every line carries an RFC 3339 timestamp: without
/// one Lambda takes the level for INFO, whatever it says
/// (<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>).
pub fn init() {
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL")
        .ok()
        .and_then(|level| level.parse().ok())
        .unwrap_or(LevelFilter::INFO);
    let logger = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_target(false)
        .with_max_level(level)
        .finish();
    // A second call would find a logger in place and leave it there.
    let _ = tracing::subscriber::set_global_default(logger);
}
