//! When work must be over: a while before Lambda ends the invocation, so that the answer still gets out.
//!
//! ```text
//! invocation begins            within(.., work)            |<-- MARGIN -->| Lambda ends it: a timeout, no answer
//! ```
//!
//! The end of an invocation is in its context (`event.context.deadline()`). [`within`] drops work that takes too long;
//! what must go on by itself, such as a batch, takes [`for_work`].

use std::time::{Duration, SystemTime};

use tokio::time::{Instant, error::Elapsed, timeout_at};

/// Time reserved at the end of an invocation, to log failures and send the answer, also on a third of a CPU.
pub const MARGIN: Duration = Duration::from_millis(500);

/// Lambda's longest invocation, as a limit: a clock that is wrong by years must not overflow.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// The moment at which work must end so that the invocation ends by `invocation_end`.
#[must_use]
pub fn for_work(invocation_end: SystemTime) -> Instant {
    Instant::now() + left(invocation_end, SystemTime::now())
}

/// What `work` gives, if it does so in time.
///
/// # Errors
/// [`Elapsed`] when it does not: it was dropped.
pub async fn within<F: Future>(invocation_end: SystemTime, work: F) -> Result<F::Output, Elapsed> {
    timeout_at(for_work(invocation_end), work).await
}

/// Lambda gives a wall clock time; from here on a monotonic clock is used.
fn left(invocation_end: SystemTime, now: SystemTime) -> Duration {
    let left = invocation_end.duration_since(now).unwrap_or_default();
    left.min(LONGEST).saturating_sub(MARGIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    #[test]
    fn the_margin_is_left_at_the_end() {
        let left = left(NOW + Duration::from_secs(10), NOW);
        assert_eq!(left, Duration::from_millis(9_500));
    }

    #[test]
    fn no_time_is_left_within_the_margin_and_after_the_end() {
        assert_eq!(left(NOW + MARGIN, NOW), Duration::ZERO);
        assert_eq!(left(NOW, NOW), Duration::ZERO);
        assert_eq!(left(NOW, NOW + Duration::from_secs(1)), Duration::ZERO);
    }

    #[test]
    fn a_time_far_off_is_no_longer_than_an_invocation_can_be() {
        let end = NOW + Duration::from_millis(u64::MAX);
        assert_eq!(left(end, NOW), LONGEST - MARGIN);
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_takes_too_long_is_dropped() {
        let end = SystemTime::now() + Duration::from_secs(60);
        assert_eq!(within(end, async { 7 }).await, Ok(7));
        assert!(within(end, std::future::pending::<()>()).await.is_err());
    }
}
