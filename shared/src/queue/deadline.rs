//! When a batch must be answered.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// Time reserved at the end of an invocation, to log failures and send the answer, also on a third of a CPU. With
/// an answer that comes too late, the whole batch is delivered and processed again.
pub const MARGIN: Duration = Duration::from_millis(500);

/// Lambda's longest invocation, as a limit: a clock that is wrong by years must not overflow.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// The moment at which work must end so that the invocation ends by `invocation_end`.
#[must_use]
pub fn for_work(invocation_end: SystemTime) -> Instant {
    Instant::now() + left(invocation_end, SystemTime::now())
}

/// Lambda gives a wall clock time; from here on a monotonic clock is used.
fn left(invocation_end: SystemTime, now: SystemTime) -> Duration {
    invocation_end
        .duration_since(now)
        .unwrap_or_default()
        .min(LONGEST)
        .saturating_sub(MARGIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    #[test]
    fn the_margin_is_left_at_the_end() {
        assert_eq!(
            left(NOW + Duration::from_secs(10), NOW),
            Duration::from_millis(9_500)
        );
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
}
