//! What CloudWatch shows of both versions since the rollout began.

use std::future::Future;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    event::{Half, Latency},
    evidence::Period,
    policy::Policy,
    steering::CALL_LIMIT,
};
use crate::{
    LIVE,
    aws::Clients,
    judge::{Block, Count},
    metrics::{self, MetricsError, Query, Sample},
};

/// One look.
#[derive(Debug, Default)]
pub(super) struct Sight {
    /// All periods since the rollout began, settled or not.
    pub(super) periods: Vec<Period>,
    /// Durations since the rollout began; none for an emulated half.
    pub(super) baseline: Option<Latency>,
    pub(super) candidate: Option<Latency>,
}

impl Sight {
    pub(super) async fn look(
        clients: &Clients,
        function: &str,
        [baseline, candidate]: [&Half; 2],
        since: DateTime<Utc>,
        policy: &Policy,
    ) -> Result<Self, String> {
        let query = Query {
            function: function.to_owned(),
            alias: LIVE.to_owned(),
            versions: [baseline.version, candidate.version],
            start: since,
            // The end is exclusive, and the second that has begun has data.
            end: Utc::now() + TimeDelta::seconds(1),
            period_s: u32::try_from(policy.period.num_seconds()).unwrap_or(u32::MAX),
        };
        let client = &clients.cloudwatch;
        let periods = within_limit(metrics::periods(client, &query)).await?;
        let [b, c] = within_limit(metrics::whole(client, &query)).await?;
        Ok(Self {
            periods: periods.iter().map(period).collect(),
            baseline: latency(baseline, &b),
            candidate: latency(candidate, &c),
        })
    }
}

async fn within_limit<T>(call: impl Future<Output = Result<T, MetricsError>>) -> Result<T, String> {
    tokio::time::timeout(CALL_LIMIT, call)
        .await
        .map_err(|_| format!("GetMetricData: no answer within {} s", CALL_LIMIT.as_secs()))?
        .map_err(|error| error.to_string())
}

fn period(period: &metrics::Period) -> Period {
    let [baseline, candidate] = period.halves.map(|sample| count(&sample));
    Period {
        start: period.start,
        block: Block {
            baseline,
            candidate,
        },
    }
}

/// Lambda sends "no errors" as a 0: invocations without it are still on their way, and do not
/// count as successes.
fn count(sample: &Sample) -> Count {
    match sample.errors {
        Some(errors) => Count::new(sample.invocations, errors),
        None => Count::default(),
    }
}

fn latency(half: &Half, sample: &Sample) -> Option<Latency> {
    let duration = sample.duration.filter(|_| !half.emulated)?;
    Some(Latency {
        p50_ms: duration.p50_ms,
        p99_ms: duration.p99_ms,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invocations_without_their_errors_are_not_taken_for_successes() {
        let seen = Sample {
            invocations: 10,
            errors: Some(2),
            ..Sample::default()
        };
        let on_its_way = Sample {
            invocations: 11,
            errors: None,
            ..Sample::default()
        };
        assert_eq!(count(&seen), Count::new(10, 2));
        assert_eq!(count(&on_its_way), Count::default());
    }
}
