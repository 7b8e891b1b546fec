//! ListTags, TagResource, UntagResource, of functions and event source mappings.

use axum::{
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::services::lambda::{
    Lambda,
    error::LambdaError,
    model::function::{Tags, check_count},
    wire::{Answer, Query, json, parse},
};

/// `TagResource`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TagResource {
    tags: Tags,
}

/// `GET /tags/{arn}`
pub(super) async fn list(
    State(lambda): State<Lambda>,
    Path(arn): Path<String>,
    query: Query,
) -> Answer {
    let functions = lambda.read();
    let tags = functions.tags(&arn, &query.region)?;
    Ok(json(StatusCode::OK, &json!({"Tags": tags})))
}

/// `POST /tags/{arn}`
pub(super) async fn add(
    State(lambda): State<Lambda>,
    Path(arn): Path<String>,
    query: Query,
    body: Bytes,
) -> Answer {
    let request: TagResource = parse(&body)?;
    let mut functions = lambda.write();
    let mut tags = functions.tags(&arn, &query.region)?.clone();
    if request.tags.is_empty() {
        return Err(LambdaError::invalid(
            "An error occurred and the request cannot be processed.",
        ));
    }
    tags.extend(request.tags);
    check_count(&tags)?;
    functions.set_tags(&arn, &query.region, tags)?;
    Ok(json(StatusCode::NO_CONTENT, &Value::Null))
}

/// `DELETE /tags/{arn}?tagKeys=a&tagKeys=b`
pub(super) async fn remove(
    State(lambda): State<Lambda>,
    Path(arn): Path<String>,
    RawQuery(raw): RawQuery,
    query: Query,
) -> Answer {
    let keys = tag_keys(raw.as_deref().unwrap_or_default());
    if keys.is_empty() {
        return Err(LambdaError::missing("tagKeys"));
    }
    let mut functions = lambda.write();
    let mut tags = functions.tags(&arn, &query.region)?.clone();
    tags.retain(|key, _| !keys.contains(key));
    functions.set_tags(&arn, &query.region, tags)?;
    Ok(json(StatusCode::NO_CONTENT, &Value::Null))
}

/// The values of `tagKeys`, which may occur more than once.
fn tag_keys(query: &str) -> Vec<String> {
    form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name == "tagKeys")
        .map(|(_, value)| value.into_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_keys_are_decoded() {
        assert_eq!(
            tag_keys("tagKeys=a%3Ab&x=1&tagKeys=c+d&tagKeys=100%"),
            ["a:b", "c d", "100%"]
        );
    }
}
