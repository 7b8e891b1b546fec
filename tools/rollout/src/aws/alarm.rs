//! The CloudWatch alarm on the candidate's failures, those that Lambda sees and those that the function counts itself,
//! which needs no analysis; and the states of other alarms.
//!
//! It is armed before the first weight and disarmed once the candidate is promoted or rolled back. When it goes off,
//! EventBridge wakes the controller, which sets the weight to 0%; a run that makes the moves itself does so at its next
//! tick. Where there is neither, the alarm does nothing but show.
//!
//! Its thresholds, and why they are crude: tools/package/src/manifest/guard.rs.

use std::{future::Future, time::Duration};

use aws_sdk_cloudwatch::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    primitives::DateTime as SdkDateTime,
    types::{
        AlarmType, ComparisonOperator, Dimension, Metric, MetricDataQuery, MetricStat, StateValue,
    },
};
use chrono::{DateTime, Utc};
use package::manifest::{CountedMetric, GuardPolicy, alarm_name};
use serde::Serialize;

use super::{LIVE, client::explain, metrics::counted_metric, routing::Version};

/// How long one call with all its attempts may take.
const CALL_LIMIT: Duration = Duration::from_secs(30);

/// Why the alarm could not be used.
#[derive(Debug, thiserror::Error)]
pub enum AlarmError {
    /// It could not be made.
    #[error(
        "the alarm {alarm} cannot be armed: {cause}. Allow cloudwatch:PutMetricAlarm and cloudwatch:DeleteAlarms \
         on it, or go without (--no-guard)"
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
}

impl AlarmState {
    /// Whether it has gone off.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.state == StateValue::Alarm.as_str()
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
    let metric = found.metric_alarms().iter().map(|alarm| {
        let (name, reason) = (alarm.alarm_name(), alarm.state_reason());
        state(
            name,
            alarm.state_value(),
            alarm.state_updated_timestamp(),
            reason,
        )
    });
    let composite = found.composite_alarms().iter().map(|alarm| {
        let (name, reason) = (alarm.alarm_name(), alarm.state_reason());
        state(
            name,
            alarm.state_value(),
            alarm.state_updated_timestamp(),
            reason,
        )
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

fn state(
    name: Option<&str>,
    value: Option<&StateValue>,
    since: Option<&SdkDateTime>,
    reason: Option<&str>,
) -> AlarmState {
    AlarmState {
        name: name.unwrap_or_default().to_owned(),
        state: value.map_or("unknown", StateValue::as_str).to_owned(),
        since: since.and_then(|time| DateTime::from_timestamp(time.secs(), 0)),
        reason: reason.unwrap_or_default().to_owned(),
    }
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
    /// before, and only a change of the state invokes anybody.
    ///
    /// # Errors
    /// [`AlarmError::Arm`].
    pub async fn arm(
        &self,
        candidate: Version,
        policy: &GuardPolicy,
        namespace: &str,
        counted: &[CountedMetric],
    ) -> Result<(), AlarmError> {
        let failed = |cause| AlarmError::Arm {
            alarm: self.alarm.clone(),
            cause,
        };
        self.delete().await.map_err(failed)?;
        let number = |value: u64| i32::try_from(value).unwrap_or(i32::MAX);
        let put = self.client.put_metric_alarm();
        let put = put
            .alarm_name(&self.alarm)
            .alarm_description(format!(
                "Armed by a rollout: {}. In ALARM, the weight of version {candidate} goes back to 0.",
                describe(policy)
            ))
            .set_metrics(Some(self.metrics(candidate, policy, namespace, counted)))
            .comparison_operator(ComparisonOperator::GreaterThanThreshold)
            .threshold(policy.errors_percent)
            .evaluation_periods(number(policy.periods))
            .datapoints_to_alarm(number(policy.periods))
            // No traffic is no failure; whether there is data at all is what the rollout watches.
            .treat_missing_data("notBreaching");
        within_limit(put.send()).await.map_err(failed)?;
        Ok(())
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
        let describe = self.client.describe_alarms().alarm_names(&self.alarm);
        let found = within_limit(describe.send()).await;
        let found = found.map_err(|cause| AlarmError::Read {
            alarm: self.alarm.clone(),
            cause,
        })?;
        Ok(found.metric_alarms().first().map(|alarm| {
            let (value, since) = (alarm.state_value(), alarm.state_updated_timestamp());
            state(alarm.alarm_name(), value, since, alarm.state_reason())
        }))
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

    /// The error rate in percent, 0 with too few invocations; no value without any. A metric that the function counts
    /// adds 100 when its own rate is above the threshold, so that the sum is above it then and only then.
    fn metrics(
        &self,
        candidate: Version,
        policy: &GuardPolicy,
        namespace: &str,
        counted: &[CountedMetric],
    ) -> Vec<MetricDataQuery> {
        let (least, most) = (policy.min_samples, policy.errors_percent);
        let mut expression =
            format!("IF(invocations >= {least}, 100 * FILL(errors, 0) / invocations, 0)");
        let mut queries = vec![
            self.metric("errors", self.lambda("Errors", candidate), policy),
            self.metric("invocations", self.lambda("Invocations", candidate), policy),
        ];
        for (index, metric) in counted.iter().enumerate() {
            let [failed, of] = ["failed", "of"].map(|role| format!("{role}{index}"));
            expression += &format!(
                " + IF(FILL({of}, 0) >= {least} AND 100 * FILL({failed}, 0) > {most} * FILL({of}, 0), 100, 0)"
            );
            for (id, name) in [(&failed, &metric.failed), (&of, &metric.of)] {
                let of_candidate = counted_metric(name, namespace, &self.function, candidate);
                queries.push(self.metric(id, of_candidate, policy));
            }
        }
        let returned = MetricDataQuery::builder()
            .id("percent")
            .label("failed, in percent")
            .expression(expression)
            .return_data(true);
        queries.insert(0, returned.build());
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
