//! The metrics that Lambda would send to CloudWatch, and the API that reads them.

use std::sync::{Mutex, PoisonError};

use crate::invocation_record::{InvocationRecord, Recorder};

/// Keeps the records of all invocations.
#[derive(Debug, Default)]
pub struct MetricStore(Mutex<Vec<InvocationRecord>>);

impl Recorder for MetricStore {
    fn record(&self, record: InvocationRecord) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(record);
    }
}
