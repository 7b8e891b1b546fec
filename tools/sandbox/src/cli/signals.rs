//! SIGINT and SIGTERM.

use anyhow::{Context as _, Result};
use tokio::signal::unix::{SignalKind, signal};

/// Is over at the first SIGINT or SIGTERM. The handlers are there when this returns.
///
/// # Errors
/// When the system gives no handler.
pub(super) fn stop() -> Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot handle SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot handle SIGTERM")?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
