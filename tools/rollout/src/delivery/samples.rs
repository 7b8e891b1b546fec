//! What CloudWatch shows of both versions since the rollout began.
//!
//! A tick asks for the periods that may have changed since the last one, so that a rollout of days
//! asks for no more than one of an hour. What is older is remembered; a new run reads all of it.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    event::Latency,
    periods::{Period, Samples},
    rollout::Rollout,
    scope::Scope,
};
use crate::aws::{
    LIVE,
    client::Clients,
    function::Build,
    metrics::{self, Query, Sample},
};

/// How long a settled period is still read again: metrics were seen to be minutes late.
const READ_AGAIN: TimeDelta = TimeDelta::minutes(15);

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
    function: String,
    builds: [Build; 2],
    scope: Scope,
    period: TimeDelta,
    metric_delay: TimeDelta,
    limit: Duration,
    /// What earlier reads have shown.
    known: BTreeMap<DateTime<Utc>, Period>,
    /// When the last of them was.
    read_at: Option<DateTime<Utc>>,
}

impl MetricSource {
    pub(super) fn new(clients: Clients, rollout: &Rollout) -> Self {
        let policy = rollout.policy();
        Self {
            clients,
            function: rollout.alias().function.clone(),
            builds: rollout.builds(),
            scope: rollout.scope(),
            period: policy.period,
            metric_delay: policy.metric_delay,
            limit: policy.call_limit(),
            known: BTreeMap::new(),
            read_at: None,
        }
    }

    /// Reads everything since then.
    pub(super) async fn read(&mut self, since: DateTime<Utc>) -> Result<Samples, String> {
        let now = Utc::now();
        let query = Query {
            function: self.function.clone(),
            alias: LIVE.to_owned(),
            versions: self.builds.map(|build| build.version),
            start: self.start(since, now),
            // The end is exclusive, and the second that has begun has data.
            end: now + TimeDelta::seconds(1),
            period_s: u32::try_from(self.period.num_seconds()).unwrap_or(u32::MAX),
            slow_ms: self.scope.slow_ms(),
        };
        let times = self.builds.map(|build| !build.emulated);
        let poll = metrics::poll(&self.clients.cloudwatch, &query, times);
        let poll = tokio::time::timeout(self.limit, poll)
            .await
            .map_err(|_| format!("GetMetricData: no answer within {} s", self.limit.as_secs()))?
            .map_err(|error| error.to_string())?;
        self.read_at = Some(now);
        let periods = poll.periods.iter().map(period);
        self.known
            .extend(periods.map(|period| (period.start, period)));
        let [baseline, candidate] = poll.window.map(|sample| latency(&sample));
        Ok(Samples {
            periods: self.known.values().copied().collect(),
            baseline,
            candidate,
        })
    }

    /// From when on periods may have changed since the last read, as far as they are kept.
    fn start(&self, since: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
        let changing = |read_at: DateTime<Utc>| read_at - self.metric_delay - READ_AGAIN;
        let start = self.read_at.map_or(since, |at| changing(at).max(since));
        let oldest = now - kept(self.period);
        if self.read_at.is_none() && start < oldest {
            tracing::warn!(
                "CloudWatch keeps periods of {} s for {} hours only: what {} did before is not analysed",
                self.period.num_seconds(),
                (kept(self.period) + TimeDelta::minutes(30)).num_hours(),
                self.function,
            );
        }
        start.max(oldest)
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
