//! Least privilege: what a function does to tables, queues, parameters and functions must be in its metadata, as
//! it must be in its role on AWS.
//!
//! Every version of a function has an access key id of its own. A request that is signed with one is checked against the
//! function's [`Grant`]; requests of anybody else, and of functions that were not applied, are not. `needs.rs` and
//! `lambda.rs` know which IAM actions a request needs.
//!
//! # What differs from IAM
//! - Signatures are not verified: the check finds forgotten permissions, and is no protection.
//! - DynamoDB, SQS (both in their JSON protocols), parameters, Lambda, EventBridge and tags are checked, CloudWatch is not.
//! - An action in `permissions` is allowed on every resource: the sandbox knows no ARNs of other accounts and services.

mod lambda;
mod needs;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError, RwLock},
};

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use package::{FunctionManifest, manifest::Parameter};
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::needs::{Kind, Need};
use crate::aws::{ACCOUNT_ID, DEFAULT_REGION, arn, errors, json_protocol, signature};

/// The largest request that is looked at, in bytes: more than DynamoDB and SQS take.
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// What a function may do: actions by the name of a table or queue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    tables: BTreeMap<String, BTreeSet<String>>,
    queues: BTreeMap<String, BTreeSet<String>>,
    parameters: BTreeSet<String>,
    /// With their service.
    further: BTreeSet<String>,
}

impl Grant {
    /// What the function's metadata says.
    #[must_use]
    pub fn from_manifest(manifest: &FunctionManifest) -> Self {
        let set = |actions: &[String]| actions.iter().cloned().collect();
        let tables = manifest.tables.iter();
        let queues = manifest.queues.iter();
        let parameters = manifest.parameters.values();
        let further = manifest.permissions.iter();
        Self {
            parameters: parameters.map(Parameter::path).collect(),
            further: further.flat_map(|it| it.actions.clone()).collect(),
            tables: tables
                .map(|table| (table.name.clone(), set(&table.actions)))
                .collect(),
            queues: queues
                .map(|queue| (queue.queue_name.clone(), set(&queue.actions)))
                .collect(),
        }
    }

    fn allows(&self, need: &Need) -> bool {
        let (service, _) = need.kind.arn();
        if self.further.contains(&format!("{service}:{}", need.action)) {
            return true;
        }
        let resources = match need.kind {
            Kind::Table => &self.tables,
            Kind::Queue => &self.queues,
            Kind::Parameter => return self.parameters.contains(&need.resource),
            Kind::Function | Kind::Bus | Kind::Tagged => return false,
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
    let caller = signature::caller(request.headers());
    let known = caller.and_then(|caller| {
        let grant = grants.get(caller.function)?;
        Some((caller.function.to_owned(), grant))
    });
    let Some((function, grant)) = known else {
        return next.run(request).await;
    };
    let (parts, body) = request.into_parts();
    if let Some(need) = lambda::need(&parts.method, &parts.uri) {
        return match grant.allows(&need) {
            false => refuse(&function, &need),
            true => next.run(Request::from_parts(parts, body)).await,
        };
    }
    let Ok(body) = to_bytes(body, MAX_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let target = json_protocol::target(&parts.headers).unwrap_or_default();
    let missing = needs::needs(target, &body)
        .into_iter()
        .find(|need| !grant.allows(need));
    match missing {
        Some(need) => refuse(&function, &need),
        None => next.run(Request::from_parts(parts, Body::from(body))).await,
    }
}

fn refuse(function: &str, need: &Need) -> Response {
    let Need {
        kind,
        action,
        resource,
    } = need;
    let (service, prefix) = kind.arn();
    let arn = match kind {
        Kind::Tagged => resource.clone(),
        _ => arn::arn(service, DEFAULT_REGION, format_args!("{prefix}{resource}")),
    };
    let message = format!(
        "User: arn:aws:sts::{ACCOUNT_ID}:assumed-role/{function}/{function} is not authorized to perform: \
         {service}:{action} on resource: {arn} because no identity-based policy allows the {service}:{action} action. \
         {}",
        remedy(function, need)
    );
    tracing::warn!(function, message);
    match service {
        "lambda" => {
            let body = json!({"Message": message});
            errors::rest_json(StatusCode::FORBIDDEN, "AccessDeniedException", &body)
        }
        _ => {
            let code = "com.amazon.coral.service#AccessDeniedException";
            let body = errors::typed(code, &message);
            json_protocol::answer(StatusCode::BAD_REQUEST, body.to_string())
        }
    }
}

/// What to write where, so that it is allowed.
fn remedy(function: &str, need: &Need) -> String {
    let Need {
        kind,
        action,
        resource,
    } = need;
    let (key, name) = match kind {
        Kind::Table => ("tables", resource.as_str()),
        Kind::Queue => ("queues", resource.trim_end_matches(".fifo")),
        Kind::Parameter => {
            return format!(
                "Name {resource} in `parameters` of [package.metadata.function] of functions/{function}/Cargo.toml"
            );
        }
        Kind::Function | Kind::Bus | Kind::Tagged => {
            let (service, _) = kind.arn();
            return format!(
                "Add {service}:{action} to `permissions` of [package.metadata.function] of functions/{function}/Cargo.toml"
            );
        }
    };
    format!(
        "Add \"{action}\" to {name} in [package.metadata.function.{key}] of functions/{function}/Cargo.toml"
    )
}
