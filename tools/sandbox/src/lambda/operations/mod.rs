//! The operations of the Lambda API, one file per group, and their routes.

mod aliases;
mod functions;
mod invoke;
mod permissions;
mod provisioned;
mod tags;
mod versions;

use std::collections::BTreeMap;

use axum::{
    Router,
    body::Bytes,
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::{delete, get, post, put},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    Lambda,
    error::{ErrorKind, LambdaError},
    names,
};

/// The routes of the Lambda API.
pub fn router(lambda: Lambda) -> Router {
    let function = |rest: &str| format!("/2015-03-31/functions/{{name}}{rest}");
    let functions = get(functions::list).post(functions::create);
    let alias = get(aliases::get)
        .put(aliases::update)
        .delete(aliases::remove);
    Router::new()
        .route("/2015-03-31/functions", functions.clone())
        .route("/2015-03-31/functions/", functions)
        .route(&function(""), get(functions::get).delete(functions::remove))
        .route(
            &function("/configuration"),
            get(functions::get_configuration).put(functions::update_configuration),
        )
        .route(&function("/code"), put(functions::update_code))
        .route(
            &function("/versions"),
            get(versions::list).post(versions::publish),
        )
        .route(
            &function("/aliases"),
            get(aliases::list).post(aliases::create),
        )
        .route(&function("/aliases/{alias}"), alias)
        .route(
            &function("/policy"),
            get(permissions::get).post(permissions::add),
        )
        .route(
            &function("/policy/{statement}"),
            delete(permissions::remove),
        )
        .route(&function("/invocations"), post(invoke::invoke))
        .route(
            "/2020-06-30/functions/{name}/code-signing-config",
            get(functions::get_code_signing),
        )
        .route(
            "/2019-09-30/functions/{name}/provisioned-concurrency",
            get(provisioned::get)
                .put(provisioned::put)
                .delete(provisioned::remove),
        )
        .route(
            "/2017-03-31/tags/{arn}",
            get(tags::list).post(tags::add).delete(tags::remove),
        )
        .with_state(lambda)
}

/// What an operation gives: JSON with a status, or one of Lambda's errors.
pub(crate) type Answer = Result<Response, LambdaError>;

/// A JSON body as AWS sends it.
pub(crate) fn json(status: StatusCode, body: &Value) -> Response {
    let headers = [(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    )];
    (status, headers, body.to_string()).into_response()
}

/// Query parameters and region of a request.
#[derive(Debug)]
pub(crate) struct Query {
    parameters: BTreeMap<String, String>,
    /// Region that the request is signed for.
    pub(crate) region: String,
}

impl Query {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = LambdaError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let axum::extract::Query(parameters) =
            axum::extract::Query::<BTreeMap<String, String>>::from_request_parts(parts, state)
                .await
                .map_err(|error| LambdaError::invalid(error.to_string()))?;
        Ok(Self {
            parameters,
            region: region_of(&parts.headers).to_owned(),
        })
    }
}

fn region_of(headers: &HeaderMap) -> &str {
    names::region_of(
        headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()),
    )
}

/// Reads a JSON request; an empty one is `{}`.
pub(crate) fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, LambdaError> {
    let body: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| {
        LambdaError::new(
            ErrorKind::InvalidRequestContent,
            format!("Could not parse request body into json: {error}"),
        )
    })
}

/// One page of a list: items, and the marker of the next page. The marker is the index of its first item.
pub(crate) fn page(
    items: Vec<Value>,
    query: &Query,
    largest: usize,
) -> Result<(Vec<Value>, Option<String>), LambdaError> {
    let number = |name: &str| match query.get(name).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => text.parse::<usize>().map(Some).map_err(|_| {
            LambdaError::invalid(format!("Invalid value for parameter {name}: {text}"))
        }),
    };
    let from = number("Marker")?.unwrap_or(0);
    let size = match number("MaxItems")? {
        None => 50,
        Some(0) => {
            return Err(LambdaError::validation(
                "maxItems",
                0,
                "Member must have value greater than or equal to 1",
            ));
        }
        Some(size) => size.min(largest),
    };
    let more = items.len() > from.saturating_add(size);
    let page = items.into_iter().skip(from).take(size).collect();
    Ok((page, more.then(|| (from + size).to_string())))
}
