//! Ends a benchmark early: SIGINT, SIGTERM, the end of its terminal (SIGHUP), or of the time that it was given.
//!
//! Calls that change something are never interrupted: a dropped call could still take effect after everything
//! was tidied up. So [`Stop`] is checked between them, and raced only against calls that just wait.

use std::future::Future;

use tokio::sync::watch;

/// Why a benchmark ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// SIGINT, SIGTERM or SIGHUP.
    #[error("stopped by a signal")]
    Signal,
    /// It took too long.
    #[error(
        "not done in the time that it was given: give it more (--within) or fewer --invocations"
    )]
    Time,
}

/// Says whether to stop.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<Option<Stopped>>);

impl Stop {
    /// Stops when something is sent there. The sender must live as long as this does.
    #[must_use]
    pub fn new(receiver: watch::Receiver<Option<Stopped>>) -> Self {
        Self(receiver)
    }

    /// Between two calls.
    ///
    /// # Errors
    /// [`Stopped`] when it is time to.
    pub fn check(&self) -> Result<(), Stopped> {
        self.0.borrow().map_or(Ok(()), Err)
    }

    /// Waits for something that may as well be dropped.
    ///
    /// # Errors
    /// [`Stopped`] when that comes first.
    pub async fn or<T>(&self, future: impl Future<Output = T>) -> Result<T, Stopped> {
        let mut receiver = self.0.clone();
        tokio::select! {
            value = future => Ok(value),
            why = receiver.wait_for(Option::is_some) => {
                Err(why.ok().and_then(|why| *why).unwrap_or(Stopped::Signal))
            }
        }
    }
}
