//! What CloudWatch shows of both versions since the last period that was taken in.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    event::Latency,
    periods::{Period, Samples},
    rollout::Rollout,
};
use crate::aws::{
    LIVE,
    client::Clients,
    metrics::{self, Query, Sample, Source},
};

/// How long CloudWatch keeps data points of a period's length, less the time that a request may take
/// (API reference of `GetMetricData`, "retention").
const KEPT: [(TimeDelta, TimeDelta); 3] = [
    (TimeDelta::minutes(1), TimeDelta::minutes(3 * 60 - 5)),
    (TimeDelta::minutes(5), TimeDelta::hours(15 * 24 - 1)),
    (TimeDelta::minutes(60), TimeDelta::hours(63 * 24 - 1)),
];

/// Reads metrics again and again.
#[derive(Debug)]
pub(super) struct MetricSource {
    clients: Clients,
    /// What is asked for, but for the time.
    query: Query,
    /// Of which versions times are shown.
    times: [bool; 2],
    limit: Duration,
}

impl MetricSource {
    pub(super) fn new(clients: Clients, rollout: &Rollout, sources: Vec<Source>) -> Self {
        let policy = rollout.policy();
        let builds = rollout.builds();
        let began = rollout.record().since;
        let counted = policy.counted.iter().map(|(_, metric)| metric.clone());
        Self {
            clients,
            query: Query {
                function: rollout.alias().function.clone(),
                alias: LIVE.to_owned(),
                versions: builds.map(|build| build.version),
                start: began,
                end: began,
                period_s: u32::try_from(policy.period.num_seconds()).unwrap_or(u32::MAX),
                slow_ms: rollout.scope().slow_ms(),
                namespace: policy.namespace.clone(),
                counted: counted.collect(),
                sources,
            },
            times: builds.map(|build| !build.emulated),
            limit: policy.call_limit(),
        }
    }

    /// Reads everything since then, as far as it is kept.
    pub(super) async fn read(&self, since: DateTime<Utc>) -> Result<Samples, String> {
        let now = Utc::now();
        let length = TimeDelta::seconds(self.query.period_s.into());
        let oldest = now - kept(length);
        if since < oldest {
            tracing::warn!(
                "CloudWatch keeps periods of {} s for {} hours only: what {} did before is not analysed",
                length.num_seconds(),
                (kept(length) + TimeDelta::minutes(30)).num_hours(),
                self.query.function,
            );
        }
        let query = Query {
            start: since.max(oldest),
            // The end is exclusive, and the second that has begun has data.
            end: now + TimeDelta::seconds(1),
            ..self.query.clone()
        };
        let poll = metrics::poll(&self.clients.cloudwatch, &query, self.times);
        let poll = tokio::time::timeout(self.limit, poll)
            .await
            .map_err(|_| format!("GetMetricData: no answer within {} s", self.limit.as_secs()))?
            .map_err(|error| error.to_string())?;
        let [baseline, candidate] = poll.window.map(|sample| latency(&sample));
        Ok(Samples {
            periods: poll.periods.iter().map(period).collect(),
            baseline,
            candidate,
        })
    }
}

/// How long periods of a length can be read.
fn kept(period: TimeDelta) -> TimeDelta {
    let shorter = KEPT.iter().find(|(length, _)| period < *length);
    shorter.map_or(TimeDelta::days(454), |(_, kept)| *kept)
}

fn period(period: &metrics::Period) -> Period {
    Period {
        start: period.start,
        blocks: period.blocks(),
        unseen: period.unseen(),
    }
}

fn latency(sample: &Sample) -> Option<Latency> {
    let duration = sample.duration?;
    Some(Latency {
        p50_ms: duration.p50_ms,
        p99_ms: duration.p99_ms,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_periods_are_kept_for_hours_and_long_ones_for_months() {
        for (period_s, least, most) in [
            (1, TimeDelta::hours(2), TimeDelta::hours(3)),
            (30, TimeDelta::hours(2), TimeDelta::hours(3)),
            (60, TimeDelta::days(14), TimeDelta::days(15)),
            (300, TimeDelta::days(62), TimeDelta::days(63)),
            (3_600, TimeDelta::days(453), TimeDelta::days(455)),
        ] {
            let kept = kept(TimeDelta::seconds(period_s));
            assert!(least < kept && kept < most, "{period_s} s: {kept}");
        }
    }
}
