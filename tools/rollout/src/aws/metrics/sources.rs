//! Who else counts the calls of `live`: the HTTP API and the queues that invoke it.
//!
//! They are found from what they need in order to call: the alias's resource policy names the API, an event
//! source mapping names the queue.
//!
//! An API counts requests too that it refuses itself (unsigned, too many, no such route), which says nothing about
//! Lambda's metrics: whoever looks for open ports on the internet sends them all the time. They are among the `4xx`,
//! so none of these is a call, the function's own ones included. What an API answers itself with success (CORS) is taken
//! for a call. A queue counts only while all of its messages come to the function.

use aws_sdk_cloudwatch::types::{Dimension, Metric};
use aws_sdk_lambda::{Client, error::SdkError, types::EventSourceMappingConfiguration};

use serde::{Deserialize, Serialize};

use crate::aws::client::explain;

/// A metric that counts calls before they reach Lambda.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Requests of an HTTP API, by its id.
    Api(String),
    /// Messages that were received from a queue, by its name.
    Queue(String),
}

/// What a source has counted in a period.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SourceCount {
    /// All calls.
    pub all: f64,
    /// Those that may have been refused before they came to Lambda.
    pub refused: f64,
}

impl SourceCount {
    /// Calls that must have come to Lambda.
    pub(super) fn calls(self) -> f64 {
        (self.all - self.refused).max(0.0)
    }
}

impl Source {
    /// What counts all calls.
    pub(super) fn all(&self) -> Metric {
        match self {
            Self::Api(_) => self.metric("Count"),
            Self::Queue(_) => self.metric("NumberOfMessagesReceived"),
        }
    }

    /// What counts those that may have been refused before they came to Lambda.
    pub(super) fn refused(&self) -> Option<Metric> {
        match self {
            Self::Api(_) => Some(self.metric("4xx")),
            Self::Queue(_) => None,
        }
    }

    fn metric(&self, name: &str) -> Metric {
        let (namespace, dimension, value) = match self {
            Self::Api(id) => ("AWS/ApiGateway", "ApiId", id),
            Self::Queue(name) => ("AWS/SQS", "QueueName", name),
        };
        let dimension = Dimension::builder().name(dimension).value(value).build();
        let metric = Metric::builder().namespace(namespace).metric_name(name);
        metric.dimensions(dimension).build()
    }
}

/// The sources of an alias's calls.
///
/// # Errors
/// What could not be read, and what to allow for it.
pub async fn sources(client: &Client, function: &str, alias: &str) -> Result<Vec<Source>, String> {
    let mut sources = apis(client, function, alias).await?;
    sources.extend(queues(client, function, alias).await?);
    Ok(sources)
}

async fn apis(client: &Client, function: &str, alias: &str) -> Result<Vec<Source>, String> {
    let policy = client.get_policy().function_name(function).qualifier(alias);
    match policy.send().await {
        Ok(found) => Ok(apis_in(found.policy().unwrap_or_default())),
        Err(SdkError::ServiceError(error)) if error.err().is_resource_not_found_exception() => {
            Ok(Vec::new())
        }
        Err(error) => Err(format!(
            "lambda:GetPolicy of {function}:{alias}: {}",
            explain(&error)
        )),
    }
}

/// The ids in a policy's sources such as `arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/*/*`.
fn apis_in(policy: &str) -> Vec<Source> {
    let mut ids: Vec<&str> = policy
        .split('"')
        .filter(|text| text.starts_with("arn:") && text.contains(":execute-api:"))
        .filter_map(|arn| arn.split(':').nth(5)?.split('/').next())
        .filter(|id| !id.is_empty() && *id != "*")
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter()
        .map(|id| Source::Api(id.to_owned()))
        .collect()
}

async fn queues(client: &Client, function: &str, alias: &str) -> Result<Vec<Source>, String> {
    let mappings = client
        .list_event_source_mappings()
        .function_name(format!("{function}:{alias}"));
    let mut pages = mappings.into_paginator().items().send();
    let mut sources = Vec::new();
    while let Some(mapping) = pages.next().await {
        let mapping = mapping.map_err(|error| {
            format!(
                "lambda:ListEventSourceMappings of {function}:{alias}: {}",
                explain(&error)
            )
        })?;
        sources.extend(queue_of(&mapping));
    }
    Ok(sources)
}

/// The queue whose messages all come to the function: not one whose mapping is disabled, so that somebody else receives
/// what is received, or filters messages.
fn queue_of(mapping: &EventSourceMappingConfiguration) -> Option<Source> {
    let arn = mapping.event_source_arn()?;
    let (_, name) = arn.rsplit_once(':').filter(|_| arn.contains(":sqs:"))?;
    let is_disabled = matches!(mapping.state(), Some("Disabled" | "Disabling"));
    let criteria = mapping.filter_criteria();
    let is_filtered = criteria.is_some_and(|it| !it.filters().is_empty());
    (!is_disabled && !is_filtered).then(|| Source::Queue(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_whose_messages_do_not_all_come_to_the_function_counts_no_calls_of_it() {
        use aws_sdk_lambda::types::{Filter, FilterCriteria};
        let mapping = |state: &str| {
            let mapping = EventSourceMappingConfiguration::builder().state(state);
            mapping.event_source_arn("arn:aws:sqs:eu-west-1:123456789012:orders")
        };
        let queue = Some(Source::Queue("orders".to_owned()));
        for (state, found) in [
            ("Enabled", queue.clone()),
            ("Creating", queue.clone()),
            ("Disabled", None),
            ("Disabling", None),
        ] {
            assert_eq!(queue_of(&mapping(state).build()), found, "{state}");
        }
        let filters = FilterCriteria::builder();
        let none = mapping("Enabled").filter_criteria(filters.clone().build());
        assert_eq!(queue_of(&none.build()), queue);
        let filters = filters.filters(Filter::builder().pattern("{}").build());
        let some = mapping("Enabled").filter_criteria(filters.build());
        assert_eq!(queue_of(&some.build()), None);
        let stream = EventSourceMappingConfiguration::builder().state("Enabled");
        let stream =
            stream.event_source_arn("arn:aws:kinesis:eu-west-1:123456789012:stream/orders");
        assert_eq!(queue_of(&stream.build()), None);
    }

    #[test]
    fn an_api_is_found_in_the_policy_that_lets_it_call_once_however_many_routes_it_has() {
        let policy = r#"{"Statement":[
            {"Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/*/*"}}},
            {"Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/$default/$default"}}},
            {"Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:events:eu-west-1:123456789012:rule/x"}}}]}"#;
        assert_eq!(apis_in(policy), [Source::Api("a1b2c3".to_owned())]);
        assert_eq!(apis_in(""), []);
    }
}
