//! `/_sandbox/`: what AWS has no API for. Health, faults, HTTP APIs, what functions may do, what
//! alarms and schedules invoke, the events that were put, and the download that `GetFunction` points at.

use std::collections::BTreeMap;

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, put},
};
use package::Architecture;
use serde_json::{Value, json};

use super::{
    access::{Grant, Grants},
    service_faults::{ServiceFault, ServiceFaults},
};
use crate::{
    execution::faults::{FaultPlan, FunctionFaults},
    services::{
        eventbridge::{EventBus, Rule, Rules},
        http_api::HttpApis,
        lambda::Lambda,
    },
};

/// What the routes show and change.
#[derive(Clone)]
pub struct Parts {
    /// Functions, their faults and their environments.
    pub lambda: Lambda,
    /// The HTTP APIs before functions.
    pub http_apis: HttpApis,
    /// What functions may do.
    pub grants: Grants,
    /// Which functions alarms and schedules invoke.
    pub rules: Rules,
    /// The events that were put.
    pub events: EventBus,
    /// Faults of services.
    pub service_faults: ServiceFaults,
}

/// The routes.
pub fn router(parts: Parts) -> Router {
    Router::new()
        .route("/_sandbox/access/{function}", put(set_grant))
        .route("/_sandbox/rules/{function}", put(set_rules))
        .route("/_sandbox/events", get(list_events))
        .route("/_sandbox/http", get(list_http_apis))
        .route("/_sandbox/http/{function}", put(open_http_api))
        .route(
            "/_sandbox/service-faults",
            get(list_service_faults)
                .put(set_service_faults)
                .delete(clear_service_faults),
        )
        .route("/_sandbox/health", get(health))
        .route("/_sandbox/faults", get(list_faults))
        .route(
            "/_sandbox/faults/{function}",
            get(function_faults).delete(clear_faults),
        )
        .route(
            "/_sandbox/faults/{function}/{architecture}",
            put(set_faults),
        )
        .route("/_sandbox/code/{file}", get(download))
        .with_state(parts)
}

/// Says which process it is, and how many environments it has.
async fn health(State(parts): State<Parts>) -> Json<Value> {
    Json(json!({
        "endpoint": parts.lambda.endpoint,
        "pid": std::process::id(),
        "environments": parts.lambda.environments.counts(),
    }))
}

async fn list_faults(State(parts): State<Parts>) -> Json<BTreeMap<String, FunctionFaults>> {
    Json(parts.lambda.faults.all())
}

async fn function_faults(
    State(parts): State<Parts>,
    Path(function): Path<String>,
) -> Json<FunctionFaults> {
    Json(
        parts
            .lambda
            .faults
            .all()
            .remove(&function)
            .unwrap_or_default(),
    )
}

/// Replaces the faults of one build. The function need not exist yet.
async fn set_faults(
    State(parts): State<Parts>,
    Path((function, architecture)): Path<(String, String)>,
    Json(plan): Json<FaultPlan>,
) -> Response {
    let architecture: Architecture = match architecture.parse() {
        Ok(architecture) => architecture,
        Err(error) => return bad_request(&error),
    };
    if let Err(error) = plan.validate() {
        return bad_request(&error);
    }
    parts.lambda.faults.set(&function, architecture, plan);
    Json(plan).into_response()
}

async fn clear_faults(State(parts): State<Parts>, Path(function): Path<String>) -> StatusCode {
    parts.lambda.faults.clear(&function);
    StatusCode::NO_CONTENT
}

/// URL of every HTTP API, by function.
async fn list_http_apis(State(parts): State<Parts>) -> Json<BTreeMap<String, String>> {
    Json(parts.http_apis.all())
}

/// Opens the HTTP API of a function, once; gives its URL. The function need not exist yet.
async fn open_http_api(State(parts): State<Parts>, Path(function): Path<String>) -> Response {
    match parts.http_apis.open(&function).await {
        Ok(url) => Json(url).into_response(),
        Err(error) => {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            (status, Json(json!({"message": error.to_string()}))).into_response()
        }
    }
}

/// Replaces what a function may do. The function need not exist yet.
async fn set_grant(
    State(parts): State<Parts>,
    Path(function): Path<String>,
    Json(grant): Json<Grant>,
) -> StatusCode {
    parts.grants.set(&function, grant);
    StatusCode::NO_CONTENT
}

/// Replaces what of alarms and the time invokes a function. The function need not exist yet.
async fn set_rules(
    State(parts): State<Parts>,
    Path(function): Path<String>,
    Json(rules): Json<Vec<Rule>>,
) -> StatusCode {
    parts.rules.set(&function, rules);
    StatusCode::NO_CONTENT
}

/// The last events that were put, the oldest first.
async fn list_events(State(parts): State<Parts>) -> Json<Vec<Value>> {
    Json(parts.events.events())
}

/// All faults of services, as they were written.
async fn list_service_faults(State(parts): State<Parts>) -> Json<Vec<String>> {
    Json(parts.service_faults.all())
}

/// Injects faults of services: all of them, or none when one is malformed.
async fn set_service_faults(
    State(parts): State<Parts>,
    Json(faults): Json<Vec<String>>,
) -> Response {
    let faults: Result<Vec<ServiceFault>, _> = faults.iter().map(|fault| fault.parse()).collect();
    match faults {
        Ok(faults) => faults
            .into_iter()
            .for_each(|fault| parts.service_faults.set(fault)),
        Err(error) => return bad_request(&error),
    }
    Json(parts.service_faults.all()).into_response()
}

async fn clear_service_faults(State(parts): State<Parts>) -> StatusCode {
    parts.service_faults.clear();
    StatusCode::NO_CONTENT
}

/// A code package: `<SHA-256 in hex>.zip`.
async fn download(State(parts): State<Parts>, Path(file): Path<String>) -> Response {
    let id = file
        .strip_suffix(".zip")
        .filter(|id| id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let Some(id) = id else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match tokio::fs::read(parts.lambda.code.zip_path(id)).await {
        Ok(zip) => ([(header::CONTENT_TYPE, "application/zip")], zip).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

fn bad_request(error: &dyn std::fmt::Display) -> Response {
    (
        StatusCode::BAD_REQUEST,
        Json(json!({"message": error.to_string()})),
    )
        .into_response()
}
