//! Placeholders in the strings of a step.
//!
//! | placeholder | becomes |
//! | --- | --- |
//! | `${uuid:NAME}` | a new UUIDv7, the same one for a name within one run of the scenario |
//! | `${now}` | the time, RFC 3339 with milliseconds, UTC |
//! | `${saved:NAME}` | what an earlier step has saved |
//! | `${table:NAME}` | the name of a table |
//! | `${queue_url:NAME}` | the URL of a queue |

use std::collections::BTreeMap;

use chrono::{SecondsFormat, Utc};
use serde_json::Value;
use uuid::Uuid;

/// One placeholder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placeholder<'a> {
    Uuid(&'a str),
    Now,
    Saved(&'a str),
    Table(&'a str),
    QueueUrl(&'a str),
}

/// Why a placeholder has no value.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum TemplateError {
    #[error(
        "{0} is no placeholder: use ${{uuid:NAME}}, ${{now}}, ${{saved:NAME}}, ${{table:NAME}} or ${{queue_url:NAME}}"
    )]
    Unknown(String),
    #[error("no earlier step has saved {0}")]
    NotSaved(String),
    #[error("there is no queue {0}")]
    NoQueue(String),
}

/// The values of one run of a scenario.
#[derive(Debug)]
pub(super) struct Values<'a> {
    queue_urls: &'a BTreeMap<String, String>,
    uuids: BTreeMap<String, String>,
    pub(super) saved: BTreeMap<String, String>,
}

impl<'a> Values<'a> {
    pub(super) fn new(queue_urls: &'a BTreeMap<String, String>) -> Self {
        Self {
            queue_urls,
            uuids: BTreeMap::new(),
            saved: BTreeMap::new(),
        }
    }

    /// The value with every placeholder in its strings replaced. Keys are left alone.
    pub(super) fn fill(&mut self, value: &Value) -> Result<Value, TemplateError> {
        Ok(match value {
            Value::String(text) => Value::String(self.fill_text(text)?),
            Value::Array(items) => {
                let items = items.iter().map(|item| self.fill(item));
                Value::Array(items.collect::<Result<_, _>>()?)
            }
            Value::Object(members) => {
                let members = members.iter();
                let members = members.map(|(key, value)| Ok((key.clone(), self.fill(value)?)));
                Value::Object(members.collect::<Result<_, TemplateError>>()?)
            }
            other => other.clone(),
        })
    }

    fn fill_text(&mut self, text: &str) -> Result<String, TemplateError> {
        let mut filled = String::new();
        for part in parts(text) {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Placeholder(placeholder) => filled.push_str(&self.value(placeholder?)?),
            }
        }
        Ok(filled)
    }

    fn value(&mut self, placeholder: Placeholder<'_>) -> Result<String, TemplateError> {
        Ok(match placeholder {
            Placeholder::Uuid(name) => {
                let uuids = &mut self.uuids;
                let uuid = uuids.entry(name.to_owned());
                uuid.or_insert_with(|| Uuid::now_v7().to_string()).clone()
            }
            Placeholder::Now => Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
            Placeholder::Saved(name) => {
                let saved = self.saved.get(name).cloned();
                saved.ok_or_else(|| TemplateError::NotSaved(name.to_owned()))?
            }
            // The sandbox is an account of its own: tables have the names of their definitions.
            Placeholder::Table(name) => name.to_owned(),
            Placeholder::QueueUrl(name) => {
                let url = self.queue_urls.get(name).cloned();
                url.ok_or_else(|| TemplateError::NoQueue(name.to_owned()))?
            }
        })
    }
}

/// All placeholders in the strings of a value.
pub(super) fn placeholders(value: &Value) -> Vec<Result<Placeholder<'_>, TemplateError>> {
    match value {
        Value::String(text) => {
            let found = parts(text).into_iter().filter_map(|part| match part {
                Part::Text(_) => None,
                Part::Placeholder(placeholder) => Some(placeholder),
            });
            found.collect()
        }
        Value::Array(items) => items.iter().flat_map(placeholders).collect(),
        Value::Object(members) => members.values().flat_map(placeholders).collect(),
        _ => Vec::new(),
    }
}

enum Part<'a> {
    Text(&'a str),
    Placeholder(Result<Placeholder<'a>, TemplateError>),
}

/// Splits a text at its placeholders. A `${` without a `}` is text.
fn parts(mut text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    while let Some((before, rest)) = text.split_once("${") {
        let Some((inner, after)) = rest.split_once('}') else {
            break;
        };
        parts.push(Part::Text(before));
        parts.push(Part::Placeholder(parse(inner)));
        text = after;
    }
    parts.push(Part::Text(text));
    parts
}

fn parse(inner: &str) -> Result<Placeholder<'_>, TemplateError> {
    Ok(match inner.split_once(':') {
        None if inner == "now" => Placeholder::Now,
        Some(("uuid", name)) => Placeholder::Uuid(name),
        Some(("saved", name)) => Placeholder::Saved(name),
        Some(("table", name)) => Placeholder::Table(name),
        Some(("queue_url", name)) => Placeholder::QueueUrl(name),
        _ => return Err(TemplateError::Unknown(format!("${{{inner}}}"))),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_placeholder_has_its_value_and_the_rest_stays() {
        let urls = BTreeMap::from([("q".to_owned(), "http://q".to_owned())]);
        let mut values = Values::new(&urls);
        values.saved.insert("id".to_owned(), "7".to_owned());
        let value =
            json!({"a": ["${table:t}/${saved:id}", 1, null], "${now}": "${queue_url:q} ${ {x}"});
        let filled = values.fill(&value);
        assert_eq!(filled, Err(TemplateError::Unknown("${ {x}".to_owned())));
        let value =
            json!({"a": ["${table:t}/${saved:id}", 1, null], "${now}": "${queue_url:q} ${"});
        let expected = json!({"a": ["t/7", 1, null], "${now}": "http://q ${"});
        assert_eq!(values.fill(&value), Ok(expected));
    }

    #[test]
    fn a_uuid_is_one_per_name_and_run() {
        let urls = BTreeMap::new();
        let mut values = Values::new(&urls);
        let mut fill = |text: &str| values.fill(&json!(text)).unwrap();
        let first = fill("${uuid:a}");
        assert_eq!(fill("${uuid:a}"), first);
        assert_ne!(fill("${uuid:b}"), first);
        let uuid: Uuid = first.as_str().unwrap().parse().unwrap();
        assert_eq!(uuid.get_version_num(), 7);
        let mut other = Values::new(&urls);
        assert_ne!(other.fill(&json!("${uuid:a}")).unwrap(), first);
    }
}
