//! Who else counts the calls of `live`: the HTTP API and the queues that invoke it.
//!
//! They are found from what they need in order to call: the alias's resource policy names the API, an event
//! source mapping names the queue.

use aws_sdk_cloudwatch::types::{Dimension, Metric};
use aws_sdk_lambda::{Client, error::SdkError};

use crate::aws::client::explain;

/// A metric that counts calls before they reach Lambda.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Requests of an HTTP API, by its id.
    Api(String),
    /// Messages that were received from a queue, by its name.
    Queue(String),
}

impl Source {
    pub(super) fn metric(&self) -> Metric {
        let (namespace, name, dimension, value) = match self {
            Self::Api(id) => ("AWS/ApiGateway", "Count", "ApiId", id),
            Self::Queue(name) => ("AWS/SQS", "NumberOfMessagesReceived", "QueueName", name),
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
        let arn = mapping.event_source_arn().unwrap_or_default();
        if let Some((_, name)) = arn.rsplit_once(':').filter(|_| arn.contains(":sqs:")) {
            sources.push(Source::Queue(name.to_owned()));
        }
    }
    Ok(sources)
}

#[cfg(test)]
mod tests {
    use super::*;

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
