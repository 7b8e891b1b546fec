//! Least privilege, rehearsed: what a function does to tables and queues must be in its metadata, as it must be in its
//! role on AWS.
//!
//! Every function has an access key id of its own. A request that is signed with one is checked against the function's
//! [`Grant`]; requests of anybody else, and of functions that were not applied, are not. `needs.rs` knows which IAM
//! actions a request needs.
//!
//! # What differs from IAM
//! - Signatures are not verified: this finds what was forgotten, and keeps nobody out.
//! - Only DynamoDB and SQS are checked, in their JSON protocols.

mod needs;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError, RwLock},
};

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use package::FunctionManifest;
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::needs::{Kind, Need};
use crate::lambda::names::{ACCOUNT_ID, DEFAULT_REGION};

/// Before the function's name in its access key id.
const KEY_PREFIX: &str = "sandbox.";

/// The largest request that is looked at, in bytes: more than DynamoDB and SQS take.
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// The access key id of a function.
#[must_use]
pub fn access_key_id(function: &str) -> String {
    format!("{KEY_PREFIX}{function}")
}

/// What a function may do: actions by the name of a table or queue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    tables: BTreeMap<String, BTreeSet<String>>,
    queues: BTreeMap<String, BTreeSet<String>>,
}

impl Grant {
    /// What the function's metadata says.
    #[must_use]
    pub fn of(manifest: &FunctionManifest) -> Self {
        let set = |actions: &[String]| actions.iter().cloned().collect();
        let tables = manifest.tables.iter();
        let queues = manifest.queues.iter();
        Self {
            tables: tables
                .map(|table| (table.name.clone(), set(&table.actions)))
                .collect(),
            queues: queues
                .map(|queue| (queue.queue_name(), set(&queue.actions)))
                .collect(),
        }
    }

    fn allows(&self, need: &Need) -> bool {
        let resources = match need.kind {
            Kind::Table => &self.tables,
            Kind::Queue => &self.queues,
        };
        resources
            .get(&need.resource)
            .is_some_and(|actions| actions.contains(&need.action))
    }
}

/// The grants of all functions. Cheap to clone; all clones share one table.
#[derive(Debug, Clone, Default)]
pub struct Grants(Arc<RwLock<BTreeMap<String, Grant>>>);

impl Grants {
    /// Replaces what a function may do.
    pub fn set(&self, function: &str, grant: Grant) {
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        table.insert(function.to_owned(), grant);
    }

    fn get(&self, function: &str) -> Option<Grant> {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        table.get(function).cloned()
    }
}

/// Lets a request through, or refuses it as IAM does.
pub async fn check(State(grants): State<Grants>, request: Request, next: Next) -> Response {
    let function = function_of(request.headers());
    let known = function.and_then(|function| Some((function.to_owned(), grants.get(function)?)));
    let Some((function, grant)) = known else {
        return next.run(request).await;
    };
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let target = parts.headers.get("x-amz-target");
    let target = target
        .and_then(|target| target.to_str().ok())
        .unwrap_or_default();
    let missing = needs::needs(target, &body)
        .into_iter()
        .find(|need| !grant.allows(need));
    match missing {
        Some(need) => refuse(&function, &need),
        None => next.run(Request::from_parts(parts, Body::from(body))).await,
    }
}

/// The function whose access key id a request is signed with.
fn function_of(headers: &HeaderMap) -> Option<&str> {
    let authorization = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (_, credential) = authorization.split_once("Credential=")?;
    credential.split('/').next()?.strip_prefix(KEY_PREFIX)
}

fn refuse(function: &str, need: &Need) -> Response {
    let Need {
        kind,
        action,
        resource,
    } = need;
    let (service, key, separator) = match kind {
        Kind::Table => ("dynamodb", "tables", ":table/"),
        Kind::Queue => ("sqs", "queues", ":"),
    };
    let arn = format!("arn:aws:{service}:{DEFAULT_REGION}:{ACCOUNT_ID}{separator}{resource}");
    let name = resource.trim_end_matches(".fifo");
    let message = format!(
        "User: arn:aws:sts::{ACCOUNT_ID}:assumed-role/{function}/{function} is not authorized to perform: \
         {service}:{action} on resource: {arn} because no identity-based policy allows the {service}:{action} action. \
         Add \"{action}\" to {name} in [package.metadata.function.{key}] of functions/{function}/Cargo.toml"
    );
    tracing::warn!(function, message);
    let headers = [(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-amz-json-1.0"),
    )];
    let body =
        json!({"__type": "com.amazon.coral.service#AccessDeniedException", "message": message});
    (StatusCode::BAD_REQUEST, headers, body.to_string()).into_response()
}
