//! The CloudWatch alarm on the candidate's failures, those that Lambda sees and those that the function counts itself,
//! which needs no analysis; and the states of other alarms.
//!
//! It is armed before the first weight and disarmed once the candidate is promoted or rolled back. When it goes off,
//! EventBridge wakes the controller, which sets the weight to 0%; a run that makes the moves itself does so at its next
//! tick. Where there is neither, the alarm does nothing but show.
//!
//! Its thresholds, and why they are crude: tools/package/src/manifest/guard.rs.
//!
//! It looks back over its whole period, also to before the rollout, and it sees quick failures before slow successes, which
//! are sent at their end. So it may count only from some time on, which stands in its description: `counts_from`.

use std::{future::Future, time::Duration};

use aws_sdk_cloudwatch::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    primitives::DateTime as SdkDateTime,
    types::{
        AlarmType, ComparisonOperator, Dimension, Metric, MetricAlarm, MetricDataQuery, MetricStat,
        StateValue,
    },
};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use package::manifest::{CountedMetric, GuardPolicy, alarm_name};
use serde::Serialize;

use super::{LIVE, client::explain, metrics::counted_metric, routing::Version};

/// How long one call with all its attempts may take.
const CALL_LIMIT: Duration = Duration::from_secs(30);

const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// Comes before that time in the alarm's description.
const COUNTS_FROM: &str = " It counts from ";

/// Why the alarm could not be used.
#[derive(Debug, thiserror::Error)]
pub enum AlarmError {
    /// It could not be made.
    #[error(
        "the alarm {alarm} cannot be armed: {cause}. Allow cloudwatch:GetMetricData, and cloudwatch:PutMetricAlarm and \
         cloudwatch:DeleteAlarms on it, or go without (--no-guard)"
    )]
    Arm {
        /// Its name.
        alarm: String,
        /// What AWS said.
        cause: String,
    },
    /// It is still there.
    #[error(
        "the alarm {alarm} cannot be disarmed: {cause}. It does no harm and costs a few cents a month; \
         the next run replaces it"
    )]
    Disarm {
        /// Its name.
        alarm: String,
        /// What AWS said.
        cause: String,
    },
    /// Its state is not known.
    #[error("the state of the alarm {alarm} cannot be read: {cause}")]
    Read {
        /// Its name.
        alarm: String,
        /// What AWS said.
        cause: String,
    },
}

/// The state of an armed alarm.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AlarmState {
    /// Name of the alarm.
    pub name: String,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
    /// Since when.
    pub since: Option<DateTime<Utc>>,
    /// Why, as CloudWatch says it.
    pub reason: String,
    /// Before that it says nothing of the rollout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts_from: Option<DateTime<Utc>>,
}

impl AlarmState {
    /// Whether it has gone off.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.state == StateValue::Alarm.as_str()
    }

    /// Whether it has gone off, and what it has seen is of the rollout.
    #[must_use]
    pub fn is_off_at(&self, now: DateTime<Utc>) -> bool {
        self.is_off() && self.counts_from.is_none_or(|from| from <= now)
    }
}

/// What the alarm of a candidate is armed with.
#[derive(Debug, Clone, Copy)]
pub struct Arming<'a> {
    /// The version that it looks at.
    pub candidate: Version,
    /// When it goes off.
    pub policy: &'a GuardPolicy,
    /// Where the metrics are that the function counts itself.
    pub namespace: &'a str,
    /// What it counts itself.
    pub counted: &'a [CountedMetric],
    /// How long an invocation may take before its metrics are there.
    pub slowest: TimeDelta,
    /// When the rollout began.
    pub since: DateTime<Utc>,
}

/// The range of the alarm in units of the longest invocation: of what has failed and what has not within it, a tenth of the
/// successes is still to come at most.
const RANGE_OF_SLOWEST: i32 = 10;

/// The policy of a function whose invocations may take so long.
pub(crate) fn stretched(policy: &GuardPolicy, slowest: TimeDelta) -> GuardPolicy {
    let slowest_s = u64::try_from((slowest * RANGE_OF_SLOWEST).num_seconds());
    let period_s = slowest_s.unwrap_or_default().next_multiple_of(60);
    GuardPolicy {
        period_s: policy.period_s.max(period_s),
        ..policy.clone()
    }
}

/// Before so many times the longest invocation have passed, too much of what has not failed is still to come.
const FIRST_OF_SLOWEST: i32 = 3;

/// From when on the alarm speaks of the rollout: when most of its first invocations have ended, and where the candidate was
/// called before, when nothing of that is left in the range. CloudWatch cuts periods at whole minutes.
pub(crate) fn counts_from(
    since: DateTime<Utc>,
    slowest: TimeDelta,
    range: TimeDelta,
    was_called_before: bool,
) -> DateTime<Utc> {
    let first = slowest * FIRST_OF_SLOWEST;
    since
        + match was_called_before {
            true => first.max(range + MINUTE),
            false => first,
        }
}

/// The states of alarms by their names, metric and composite, and of one that may be gone.
///
/// # Errors
/// [`AlarmError::Read`], also when one of the first does not exist: an alarm that cannot be seen guards nothing.
pub async fn states(
    client: &Client,
    names: &[String],
    own: Option<String>,
) -> Result<Vec<AlarmState>, AlarmError> {
    let all: Vec<_> = names.iter().cloned().chain(own).collect();
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let failed = |cause| AlarmError::Read {
        alarm: all.join(", "),
        cause,
    };
    let describe = client
        .describe_alarms()
        .set_alarm_names(Some(all.clone()))
        .alarm_types(AlarmType::MetricAlarm)
        .alarm_types(AlarmType::CompositeAlarm);
    let found = within_limit(describe.send()).await.map_err(failed)?;
    let metric = found.metric_alarms().iter().map(of_metrics);
    let composite = found.composite_alarms().iter().map(|alarm| AlarmState {
        name: alarm.alarm_name().unwrap_or_default().to_owned(),
        state: value(alarm.state_value()),
        since: time(alarm.state_updated_timestamp()),
        reason: alarm.state_reason().unwrap_or_default().to_owned(),
        counts_from: None,
    });
    let states: Vec<AlarmState> = metric.chain(composite).collect();
    match names
        .iter()
        .find(|name| states.iter().all(|state| state.name != **name))
    {
        None => Ok(states),
        Some(missing) => Err(AlarmError::Read {
            alarm: missing.clone(),
            cause: "there is no alarm of this name".to_owned(),
        }),
    }
}

/// Those of some alarms that have gone off.
///
/// # Errors
/// [`AlarmError::Read`], as of [`states`].
pub async fn off(client: &Client, names: &[String]) -> Result<Vec<AlarmState>, AlarmError> {
    let mut states = states(client, names, None).await?;
    states.retain(AlarmState::is_off);
    Ok(states)
}

fn of_metrics(alarm: &MetricAlarm) -> AlarmState {
    let description = alarm.alarm_description().unwrap_or_default();
    let counts_from = description.split_once(COUNTS_FROM).map(|(_, from)| from);
    AlarmState {
        name: alarm.alarm_name().unwrap_or_default().to_owned(),
        state: value(alarm.state_value()),
        since: time(alarm.state_updated_timestamp()),
        reason: alarm.state_reason().unwrap_or_default().to_owned(),
        counts_from: counts_from.and_then(|from| from.parse().ok()),
    }
}

fn value(state: Option<&StateValue>) -> String {
    state.map_or("unknown", StateValue::as_str).to_owned()
}

fn time(time: Option<&SdkDateTime>) -> Option<DateTime<Utc>> {
    time.and_then(|time| DateTime::from_timestamp(time.secs(), 0))
}

/// The alarm of one function.
#[derive(Debug, Clone)]
pub struct CandidateAlarm {
    client: Client,
    function: String,
    alarm: String,
}

impl CandidateAlarm {
    /// Nothing is sent yet.
    #[must_use]
    pub fn new(client: Client, function: &str) -> Self {
        Self {
            client,
            function: function.to_owned(),
            alarm: alarm_name(function),
        }
    }

    /// Arms the alarm on this candidate. One that is there is deleted first: it may be in ALARM from a rollout
    /// before, and only a change of the state invokes anybody. What it is armed with, for this function.
    ///
    /// # Errors
    /// [`AlarmError::Arm`].
    pub async fn arm(&self, with: &Arming<'_>) -> Result<GuardPolicy, AlarmError> {
        let failed = |cause| AlarmError::Arm {
            alarm: self.alarm.clone(),
            cause,
        };
        let (candidate, policy) = (with.candidate, stretched(with.policy, with.slowest));
        let range_s = i64::try_from(policy.periods * policy.period_s).unwrap_or(i64::MAX);
        let range = TimeDelta::seconds(range_s);
        let was_called = self.was_called_before(with, &policy, range).await;
        let from = counts_from(with.since, with.slowest, range, was_called.map_err(failed)?);
        self.delete().await.map_err(failed)?;
        let number = |value: u64| i32::try_from(value).unwrap_or(i32::MAX);
        let put = self.client.put_metric_alarm();
        let put = put
            .alarm_name(&self.alarm)
            .alarm_description(format!(
                "Armed by a rollout of version {candidate}: {}. In ALARM, whoever makes the rollout sets the weight to \
                 0.{COUNTS_FROM}{}",
                describe(&policy),
                from.to_rfc3339_opts(SecondsFormat::Secs, true)
            ))
            .set_metrics(Some(self.alarm_queries(with, &policy)))
            .comparison_operator(ComparisonOperator::GreaterThanThreshold)
            .threshold(policy.errors_percent)
            .evaluation_periods(number(policy.periods))
            .datapoints_to_alarm(number(policy.periods))
            // No traffic is no failure; whether there is data at all is what the rollout watches.
            .treat_missing_data("notBreaching");
        within_limit(put.send()).await.map_err(failed)?;
        Ok(policy)
    }

    /// Whether the candidate was called in the alarm's range before the rollout: by an earlier one of it, or by its number.
    async fn was_called_before(
        &self,
        with: &Arming<'_>,
        policy: &GuardPolicy,
        range: TimeDelta,
    ) -> Result<bool, String> {
        let start = Utc::now() - range - MINUTE;
        if start >= with.since {
            return Ok(false);
        }
        let minutes = GuardPolicy {
            period_s: 60,
            ..policy.clone()
        };
        let queries = self.metrics(with, &minutes).into_iter();
        let queries = queries.map(|mut query| {
            query.return_data = Some(true);
            query
        });
        let get = self
            .client
            .get_metric_data()
            .start_time(SdkDateTime::from_secs(start.timestamp()))
            .end_time(SdkDateTime::from_secs(with.since.timestamp()))
            .set_metric_data_queries(Some(queries.collect()));
        let found = within_limit(get.send()).await?;
        let mut results = found.metric_data_results().iter();
        Ok(results.any(|it| it.values().iter().any(|value| *value > 0.0)))
    }

    /// Deletes the alarm; one that is not there is no error.
    ///
    /// # Errors
    /// [`AlarmError::Disarm`].
    pub async fn disarm(&self) -> Result<(), AlarmError> {
        self.delete().await.map_err(|cause| AlarmError::Disarm {
            alarm: self.alarm.clone(),
            cause,
        })
    }

    /// The same where nothing else depends on it: what fails is a warning.
    pub async fn disarm_or_warn(&self) {
        if let Err(error) = self.disarm().await {
            tracing::warn!("{error}");
        }
    }

    /// The alarm's state; none when it is not armed.
    ///
    /// # Errors
    /// [`AlarmError::Read`].
    pub async fn state(&self) -> Result<Option<AlarmState>, AlarmError> {
        let states = states(&self.client, &[], Some(self.alarm.clone())).await?;
        Ok(states.into_iter().next())
    }

    async fn delete(&self) -> Result<(), String> {
        let delete = self.client.delete_alarms().alarm_names(&self.alarm);
        let sent = async {
            match delete.send().await {
                Err(SdkError::ServiceError(error)) if error.err().is_resource_not_found() => Ok(()),
                Err(error) => Err(error),
                Ok(_) => Ok(()),
            }
        };
        within_limit(sent).await
    }

    /// The error rate in percent, 0 with too few invocations. A metric that the function counts adds 100 when its own rate
    /// is above the threshold, so that the sum is above it then and only then. No value is missing where nobody calls: of
    /// values that are missing CloudWatch may take older ones in their place.
    fn alarm_queries(&self, with: &Arming<'_>, policy: &GuardPolicy) -> Vec<MetricDataQuery> {
        let (least, most) = (policy.min_samples, policy.errors_percent);
        let mut expression = format!(
            "IF(FILL(invocations, 0) >= {least}, 100 * FILL(errors, 0) / FILL(invocations, 1), 0)"
        );
        for index in 0..with.counted.len() {
            expression += &format!(
                " + IF(FILL(of{index}, 0) >= {least} AND 100 * FILL(failed{index}, 0) > {most} * FILL(of{index}, 0), 100, \
                 0)"
            );
        }
        let returned = MetricDataQuery::builder()
            .id("percent")
            .label("failed, in percent")
            .expression(expression)
            .return_data(true);
        let mut queries = vec![returned.build()];
        queries.extend(self.metrics(with, policy));
        queries
    }

    fn metrics(&self, with: &Arming<'_>, policy: &GuardPolicy) -> Vec<MetricDataQuery> {
        let candidate = with.candidate;
        let mut queries = vec![
            self.metric("errors", self.lambda("Errors", candidate), policy),
            self.metric("invocations", self.lambda("Invocations", candidate), policy),
        ];
        for (index, metric) in with.counted.iter().enumerate() {
            for (role, name) in [("failed", &metric.failed), ("of", &metric.of)] {
                let metric = counted_metric(name, with.namespace, &self.function, candidate);
                queries.push(self.metric(&format!("{role}{index}"), metric, policy));
            }
        }
        queries
    }

    fn lambda(&self, name: &str, candidate: Version) -> Metric {
        let dimension =
            |name: &str, value: String| Dimension::builder().name(name).value(value).build();
        let metric = Metric::builder()
            .namespace("AWS/Lambda")
            .metric_name(name)
            .dimensions(dimension("FunctionName", self.function.clone()))
            .dimensions(dimension("Resource", format!("{}:{LIVE}", self.function)))
            .dimensions(dimension("ExecutedVersion", candidate.to_string()));
        metric.build()
    }

    fn metric(&self, id: &str, metric: Metric, policy: &GuardPolicy) -> MetricDataQuery {
        let stat = MetricStat::builder()
            .metric(metric)
            .period(i32::try_from(policy.period_s).unwrap_or(i32::MAX))
            .stat("Sum");
        let query = MetricDataQuery::builder().id(id);
        query.metric_stat(stat.build()).return_data(false).build()
    }
}

/// An endpoint that takes a call and never answers must not keep a run from its first weight, nor from its end.
async fn within_limit<T, E>(call: impl Future<Output = Result<T, SdkError<E>>>) -> Result<T, String>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match tokio::time::timeout(CALL_LIMIT, call).await {
        Ok(answer) => answer.map_err(|error| explain(&error)),
        Err(_) => Err(format!("no answer within {} s", CALL_LIMIT.as_secs())),
    }
}

/// What the alarm goes off at, for people.
#[must_use]
pub fn describe(policy: &GuardPolicy) -> String {
    let GuardPolicy {
        errors_percent,
        min_samples,
        period_s,
        periods,
        ..
    } = policy;
    let times = if *periods == 1 {
        String::new()
    } else {
        format!(", {periods} times in a row")
    };
    format!(
        "more than {errors_percent}% of at least {min_samples} invocations fail within {period_s} s{times}, or are \
         counted as failed"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_of_slow_invocations_has_a_range_in_which_a_tenth_of_the_successes_is_missing_at_most()
     {
        let period_s =
            |slowest_s| stretched(&GuardPolicy::default(), TimeDelta::seconds(slowest_s)).period_s;
        for (slowest_s, expected) in [
            (0, 300),
            (10, 300),
            (30, 300),
            (31, 360),
            (300, 3_000),
            (900, 9_000),
        ] {
            assert_eq!(period_s(slowest_s), expected, "{slowest_s} s");
        }
    }

    #[test]
    fn what_was_before_the_rollout_does_not_count_against_it() {
        let since: DateTime<Utc> = "2026-11-23T14:30:00Z".parse().expect("a time");
        let from = |slowest_s, was_called| {
            let (slowest, range) = (TimeDelta::seconds(slowest_s), TimeDelta::minutes(5));
            let from = counts_from(since, slowest, range, was_called);
            let state = |state: &str| AlarmState {
                name: "hasher-live-candidate".to_owned(),
                state: state.to_owned(),
                since: None,
                reason: String::new(),
                counts_from: Some(from),
            };
            assert!(state("ALARM").is_off_at(from) && !state("OK").is_off_at(from));
            assert!(!state("ALARM").is_off_at(from - TimeDelta::seconds(1)));
            (from - since).num_seconds()
        };
        assert_eq!(from(0, false), 0);
        assert_eq!(from(29, false), 87);
        assert_eq!(from(29, true), 360);
        assert_eq!(from(900, true), 2_700);
    }
}
