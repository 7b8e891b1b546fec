//! The time that metrics go by.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, Utc};

/// The machine's clock, or one that a test holds. Clones of one that is held show the same time.
#[derive(Debug, Clone, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// A clock that stands still until it is set.
    #[must_use]
    pub fn held_at(time: DateTime<Utc>) -> Self {
        Self(Some(Arc::new(AtomicI64::new(time.timestamp_micros()))))
    }

    /// Sets a clock that is held. The machine's is not changed.
    pub fn set(&self, time: DateTime<Utc>) {
        if let Some(held) = &self.0 {
            held.store(time.timestamp_micros(), Ordering::Relaxed);
        }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let held = self.0.as_ref().map(|held| held.load(Ordering::Relaxed));
        held.and_then(DateTime::from_timestamp_micros)
            .unwrap_or_else(Utc::now)
    }
}
