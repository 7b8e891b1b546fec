//! `GetResources` of the Resource Groups Tagging API, for functions
//! (<https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html>).
//!
//! # What differs from AWS
//! - Functions are found and nothing else: asking for another type is refused, and without `ResourceTypeFilters` there
//!   are functions alone. One that has lost its last tag is not found any more.
//! - A tag is found at once, in every region.
//! - There are no `TagsPerPage`, `ResourceARNList` and tag policies: a request that asks for one is refused.

use axum::{
    body::to_bytes,
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::Response,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::lambda::{Lambda, model::function::Tags, model::names};
use crate::aws::{
    errors, json_protocol,
    paging::{self, Page},
    signature,
};

/// First part of a target.
pub const SERVICE: &str = "ResourceGroupsTaggingAPI_20170126";
/// Resources on a page, where the request does not say how many.
const DEFAULT_PAGE: usize = 50;
const PAGE: std::ops::RangeInclusive<usize> = 1..=100;
const MAX_FILTERS: usize = 50;
const MAX_VALUES: usize = 20;
/// More than 50 filters with 20 values of 256 characters, each of which takes four bytes.
const MAX_BODY_BYTES: usize = 2 << 20;

/// `GetResources`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default, deny_unknown_fields)]
struct GetResources {
    pagination_token: Option<String>,
    tag_filters: Vec<TagFilter>,
    resource_type_filters: Vec<String>,
    resources_per_page: Option<usize>,
}

/// `TagFilter`: the key, with one of the values if there are any.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TagFilter {
    key: String,
    #[serde(default)]
    values: Vec<String>,
}

impl TagFilter {
    fn matches(&self, tags: &Tags) -> bool {
        let tag = tags.get(&self.key);
        tag.is_some_and(|value| self.values.is_empty() || self.values.contains(value))
    }
}

impl GetResources {
    /// Those of the tagged functions, with their ARNs in the order of these, that the request is for.
    fn page<'a>(&self, tagged: impl Iterator<Item = (String, &'a Tags)>) -> Result<Value, Refusal> {
        let from = self.check()?;
        let matching: Vec<_> = tagged
            .filter(|(_, tags)| {
                !tags.is_empty() && self.tag_filters.iter().all(|it| it.matches(tags))
            })
            // Where it begins, and not how many came before it: these may have gone.
            .filter(|(arn, _)| *arn >= from)
            .collect();
        let size = self.resources_per_page.unwrap_or(DEFAULT_PAGE);
        let Page { items, next } = paging::page(&matching, 0, size);
        let items: Vec<_> = items
            .into_iter()
            .map(|(arn, tags)| mapping(arn, tags))
            .collect();
        let next = next.and_then(|next| matching.get(next));
        let token = next.map(|(arn, _)| paging::token(arn)).unwrap_or_default();
        Ok(json!({"PaginationToken": token, "ResourceTagMappingList": items}))
    }

    /// The ARN that the page begins with.
    fn check(&self) -> Result<String, Refusal> {
        let mut types = self.resource_type_filters.iter();
        if let Some(other) = types.find(|it| !matches!(it.as_str(), "lambda" | "lambda:function")) {
            return Err(Refusal::Type(other.clone()));
        }
        if let Some(size) = self.resources_per_page.filter(|size| !PAGE.contains(size)) {
            return Err(Refusal::Page(size));
        }
        let filters = &self.tag_filters;
        if filters.len() > MAX_FILTERS || filters.iter().any(|it| it.values.len() > MAX_VALUES) {
            return Err(Refusal::Filters);
        }
        match self.pagination_token.as_deref() {
            None | Some("") => Ok(String::new()),
            Some(token) => paging::read_token(token).ok_or(Refusal::Token),
        }
    }
}

/// `ResourceTagMapping`
fn mapping(arn: &str, tags: &Tags) -> Value {
    let tags = tags
        .iter()
        .map(|(key, value)| json!({"Key": key, "Value": value}));
    json!({"ResourceARN": arn, "Tags": tags.collect::<Vec<_>>()})
}

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("not in the sandbox: {0} of the Resource Groups Tagging API, which has GetResources")]
    Operation(String),
    #[error("not in the sandbox: resources of the type {0:?}; it has lambda:function")]
    Type(String),
    #[error("cannot read the request: {0}")]
    Malformed(String),
    #[error("ResourcesPerPage is {0}: at least {first}, at most {last}", first = PAGE.start(), last = PAGE.end())]
    Page(usize),
    #[error("TagFilters: at most {MAX_FILTERS} keys, each with at most {MAX_VALUES} values")]
    Filters,
    #[error("PaginationToken is none of an earlier answer")]
    Token,
}

impl Refusal {
    const fn code(&self) -> &'static str {
        match self {
            Self::Operation(_) => "UnknownOperationException",
            _ => "InvalidParameterException",
        }
    }
}

/// Answers what is for the Resource Groups Tagging API.
pub async fn answer(State(lambda): State<Lambda>, request: Request, next: Next) -> Response {
    let operation = json_protocol::operation(request.headers(), SERVICE);
    if operation.is_none() && !signature::is_for(request.headers(), "tagging") {
        return next.run(request).await;
    }
    let operation = operation
        .unwrap_or("an operation without a name")
        .to_owned();
    let answered = match operation.as_str() {
        "GetResources" => get_resources(&lambda, request).await,
        _ => Err(Refusal::Operation(operation)),
    };
    match answered {
        Ok(output) => json_protocol::answer_1_1(StatusCode::OK, output.to_string()),
        Err(refusal) => {
            let body = errors::typed(refusal.code(), &refusal.to_string());
            json_protocol::answer_1_1(StatusCode::BAD_REQUEST, body.to_string())
        }
    }
}

async fn get_resources(lambda: &Lambda, request: Request) -> Result<Value, Refusal> {
    let malformed = |error: &dyn std::fmt::Display| Refusal::Malformed(error.to_string());
    let body = to_bytes(request.into_body(), MAX_BODY_BYTES).await;
    let body = body.map_err(|error| malformed(&error))?;
    let request: GetResources = serde_json::from_slice(&body).map_err(|error| malformed(&error))?;
    let functions = lambda.read();
    let mut tagged: Vec<_> = functions
        .all()
        .map(|function| {
            let latest = &function.latest;
            let arn = names::function_arn(&latest.region, &latest.function, None);
            (arn, &function.tags)
        })
        .collect();
    tagged.sort_by(|(one, _), (other, _)| one.cmp(other));
    request.page(tagged.into_iter())
}
