//! What other services send of themselves, such as `AWS/SQS`.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};

use super::{
    distribution::Distribution,
    metric::{MetricId, Unit},
    store::{MetricStore, Sample},
};
use crate::services::cloudwatch::clock::Clock;

/// Sends the metrics of a service. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ServiceMetrics {
    store: Arc<MetricStore>,
    clock: Clock,
}

impl ServiceMetrics {
    pub(crate) fn new(store: Arc<MetricStore>, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// The time that metrics go by.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// How long a service waits between two values of what it measures instead of counting.
    #[must_use]
    pub fn pause(&self) -> Duration {
        Duration::from_secs(self.store.minute_s().unsigned_abs().max(1))
    }

    /// Sends a value of each of these metrics with these dimensions, of what happened at `time`.
    pub(crate) fn send<const N: usize>(
        &self,
        namespace: &str,
        dimensions: &[(&str, &str)],
        time: DateTime<Utc>,
        values: [(&str, Unit, f64); N],
    ) {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let id = |(name, ..): (&str, Unit, f64)| MetricId {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            dimensions: dimensions.iter().map(owned).collect(),
        };
        // There is no room for more metrics.
        let Some(places) = self.store.places(values.map(id)) else {
            return;
        };
        let samples = places.into_iter().zip(values);
        let samples = samples.map(|(metric, (_, unit, value))| Sample {
            metric,
            unit,
            time_s: time.timestamp(),
            high_resolution: false,
            values: Distribution::of(value, 1.0),
        });
        self.store.send(samples, self.now().timestamp());
    }
}
