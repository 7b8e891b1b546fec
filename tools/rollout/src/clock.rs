//! What time it is at AWS.
//!
//! When the weight was changed is compared with the times of data points, and those are AWS's. A
//! machine whose clock is wrong would take data of before a change for data of after it, or wait for
//! data that it takes for the future's. So the answers' `Date` header sets the time. (The SDK signs
//! its requests by the same header.)

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use aws_sdk_lambda::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::BeforeDeserializationInterceptorContextRef,
    },
    error::BoxError,
};
use chrono::{DateTime, TimeDelta, Utc};

/// The header has whole seconds, and answers are under way for a while: below this, no clock is wrong.
const TOLERANCE: TimeDelta = TimeDelta::seconds(5);

/// AWS's clock; this machine's until an answer has come. Clones are the same clock.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    ahead_ms: Arc<AtomicI64>,
}

impl Clock {
    /// What time it is.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        Utc::now() + self.ahead()
    }

    /// How far AWS is ahead of this machine.
    fn ahead(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.ahead_ms.load(Ordering::Relaxed))
    }

    /// Sets the clock by an answer that was written at `date`, when it was `here` on this machine.
    fn set(&self, date: DateTime<Utc>, here: DateTime<Utc>) {
        let ahead = date - here;
        let ahead = if ahead.abs() < TOLERANCE {
            TimeDelta::zero()
        } else {
            ahead
        };
        // What the header rounds off must not make the time jump to and fro.
        if (ahead - self.ahead()).abs() >= TOLERANCE {
            tracing::warn!(
                "the clock of AWS is {:+.0} s off that of this machine: AWS's is used",
                ahead.as_seconds_f64()
            );
            let ahead_ms = ahead.num_milliseconds();
            self.ahead_ms.store(ahead_ms, Ordering::Relaxed);
        }
    }
}

impl Intercept for Clock {
    fn name(&self) -> &'static str {
        "Clock"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        if let Some(date) = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok()) {
            self.set(date.to_utc(), Utc::now());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ahead_after(answers: &[(i64, i64)]) -> i64 {
        let clock = Clock::default();
        for (date, here) in answers {
            let at = |ms| DateTime::from_timestamp_millis(ms).expect("a time");
            clock.set(at(date * 1_000), at(*here));
        }
        clock.ahead().num_milliseconds()
    }

    #[test]
    fn a_clock_that_is_right_stays_as_it_is() {
        assert_eq!(ahead_after(&[(100, 100_999), (101, 104_500)]), 0);
    }

    #[test]
    fn a_clock_that_is_wrong_is_set_and_does_not_jump_with_the_rounding() {
        assert_eq!(ahead_after(&[(700, 100_250)]), 599_750);
        assert_eq!(ahead_after(&[(100, 700_000), (101, 701_900)]), -600_000);
    }

    #[test]
    fn a_clock_that_was_put_right_in_between_is_believed_again() {
        assert_eq!(ahead_after(&[(700, 100_000), (701, 701_200)]), 0);
    }
}
