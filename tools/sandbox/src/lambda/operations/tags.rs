//! ListTags, TagResource, UntagResource, of functions and event source mappings.

use axum::{
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Query, json, parse};
use crate::lambda::{Lambda, version::Tags};

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
    let mut account = lambda.write();
    let tags = account.tags_mut(&arn, &query.region)?;
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
    let mut account = lambda.write();
    account.tags_mut(&arn, &query.region)?.extend(request.tags);
    Ok(json(StatusCode::NO_CONTENT, &Value::Null))
}

/// `DELETE /tags/{arn}?tagKeys=a&tagKeys=b`
pub(super) async fn remove(
    State(lambda): State<Lambda>,
    Path(arn): Path<String>,
    RawQuery(raw): RawQuery,
    query: Query,
) -> Answer {
    let mut account = lambda.write();
    let tags = account.tags_mut(&arn, &query.region)?;
    for key in tag_keys(raw.as_deref().unwrap_or_default()) {
        tags.remove(&key);
    }
    Ok(json(StatusCode::NO_CONTENT, &Value::Null))
}

/// The values of a parameter that may occur more than once.
fn tag_keys(query: &str) -> Vec<String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .filter(|(name, _)| *name == "tagKeys")
        .map(|(_, value)| decode(value))
        .collect()
}

/// Percent-decoding, with `+` for a space.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        rest = match (
            first,
            escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()),
        ) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                &after[2..]
            }
            (b'+', _) => {
                bytes.push(b' ');
                after
            }
            _ => {
                bytes.push(first);
                after
            }
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
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
