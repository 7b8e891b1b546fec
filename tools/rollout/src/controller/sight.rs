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
    metrics::{self, MetricsError, Query, Sample},
    scope::Scope,
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
        scope: &Scope,
    ) -> Result<Self, String> {
        let query = Query {
            function: function.to_owned(),
            alias: LIVE.to_owned(),
            versions: [baseline.version, candidate.version],
            start: since,
            // The end is exclusive, and the second that has begun has data.
            end: Utc::now() + TimeDelta::seconds(1),
            period_s: u32::try_from(policy.period.num_seconds()).unwrap_or(u32::MAX),
            slow_ms: scope.slow_ms(),
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
    Period {
        start: period.start,
        blocks: period.blocks(),
    }
}

fn latency(half: &Half, sample: &Sample) -> Option<Latency> {
    let duration = sample.duration.filter(|_| !half.emulated)?;
    Some(Latency {
        p50_ms: duration.p50_ms,
        p99_ms: duration.p99_ms,
    })
}
