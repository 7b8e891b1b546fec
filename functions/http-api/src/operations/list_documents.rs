//! `GET /documents`: documents page by page, newest first.

use axum::{
    extract::{FromRequestParts, State},
    http::request::Parts,
    response::Response,
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{Queue, SharedApi, Store, store_failed};
use crate::{
    accept::AcceptsJson,
    problem::{Problem, ProblemDetails},
    representation::{self, DocumentBody},
};

const DEFAULT_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 100;

/// A page of documents.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentPage {
    /// Newest first.
    #[schema(max_items = 100)]
    documents: Vec<DocumentBody>,
    /// The `cursor` of the next page; null on the last one.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// The checked query of a list.
#[derive(Debug, Clone, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// How many documents the page has at most.
    #[param(required = false, minimum = 1, maximum = 100, default = 20)]
    limit: u32,
    /// `next_cursor` of the previous page; opaque.
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// Lists documents, newest first.
#[utoipa::path(
    get,
    path = "/documents",
    operation_id = "listDocuments",
    tag = "documents",
    params(PageQuery),
    responses(
        (status = 200, description = "A page", body = DocumentPage, content_type = "application/json",
            links(("next" = (operation_id = "listDocuments", parameters(("cursor" = "$response.body#/next_cursor")))))),
        (status = 400, description = "A query parameter is not valid", body = ProblemDetails, content_type = "application/problem+json"),
        (status = 406, description = "The caller does not accept JSON", body = ProblemDetails, content_type = "application/problem+json"),
    ),
)]
pub async fn list_documents<S: Store, Q: Queue>(
    State(api): SharedApi<S, Q>,
    _: AcceptsJson,
    query: PageQuery,
) -> Result<Response, Problem> {
    let page = api.store.list(query.limit, query.cursor.as_deref()).await;
    let page = page.map_err(store_failed)?;
    representation::json(&DocumentPage {
        documents: page.documents.into_iter().map(DocumentBody::from).collect(),
        next_cursor: page.next,
    })
}

impl PageQuery {
    fn parse(query: &str) -> Result<Self, Problem> {
        let (mut limit, mut cursor) = (None, None);
        for (parameter, value) in form_urlencoded::parse(query.as_bytes()) {
            let known = match parameter.as_ref() {
                "limit" => &mut limit,
                "cursor" => &mut cursor,
                _ => {
                    return Err(invalid(
                        &parameter,
                        "unknown query parameter; there are limit and cursor",
                    ));
                }
            };
            if known.replace(value.into_owned()).is_some() {
                return Err(invalid(
                    &parameter,
                    "the query parameter is there more than once",
                ));
            }
        }
        let limit = limit.map_or(Ok(DEFAULT_LIMIT), |limit| {
            parse_limit(&limit)
                .ok_or_else(|| invalid("limit", "the limit is a number from 1 to 100"))
        })?;
        Ok(Self { limit, cursor })
    }
}

/// Digits only: Rust's own parser would also take a plus sign.
fn parse_limit(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let limit = digits.then(|| text.parse().ok())??;
    (1..=MAX_LIMIT).contains(&limit).then_some(limit)
}

fn invalid(parameter: &str, reason: &str) -> Problem {
    Problem::InvalidParameter {
        parameter: parameter.to_owned(),
        reason: reason.to_owned(),
    }
}

impl<S: Sync> FromRequestParts<S> for PageQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn limit_and_cursor_are_read_and_the_limit_has_a_default() {
        let query = |limit, cursor: Option<&str>| PageQuery {
            limit,
            cursor: cursor.map(str::to_owned),
        };
        for (text, expected) in [
            ("", query(20, None)),
            ("limit=1", query(1, None)),
            ("limit=100&cursor=a%2Bb%3D", query(100, Some("a+b="))),
            ("cursor=", query(20, Some(""))),
        ] {
            assert_eq!(PageQuery::parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_wrong_unknown_or_repeated_parameter_is_named() {
        for (text, name, detail) in [
            ("limit=0", "limit", "from 1 to 100"),
            ("limit=101", "limit", "from 1 to 100"),
            ("limit=", "limit", "from 1 to 100"),
            ("limit=-1", "limit", "from 1 to 100"),
            ("limit=%2B5", "limit", "from 1 to 100"),
            ("limit=5.0", "limit", "from 1 to 100"),
            ("limit=99999999999999999999", "limit", "from 1 to 100"),
            ("limit=5&limit=5", "limit", "more than once"),
            ("cursor=a&cursor=b", "cursor", "more than once"),
            ("Limit=5", "Limit", "unknown"),
            ("page=2", "page", "unknown"),
            ("=", "", "unknown"),
        ] {
            match PageQuery::parse(text) {
                Err(Problem::InvalidParameter { parameter, reason }) => {
                    assert_eq!(parameter, name, "{text}");
                    assert!(reason.contains(detail), "{text}: {reason}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    proptest! {
        #[test]
        fn any_query_is_a_page_or_a_refusal(query in ".{0,60}") {
            if let Ok(page) = PageQuery::parse(&query) {
                prop_assert!((1..=MAX_LIMIT).contains(&page.limit));
            }
        }

        #[test]
        fn any_cursor_comes_through_as_it_was(cursor in ".{0,60}") {
            let query: String = form_urlencoded::Serializer::new(String::new())
                .append_pair("cursor", &cursor)
                .finish();
            prop_assert_eq!(PageQuery::parse(&query).unwrap().cursor, Some(cursor));
        }
    }
}
