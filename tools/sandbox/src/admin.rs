//! `/_sandbox/`: what AWS has no API for. Health, faults, HTTP fronts, and the download that `GetFunction` points at.

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

use crate::{
    faults::{FaultPlan, FunctionFaults},
    http_front::HttpFronts,
    lambda::Lambda,
};

/// The routes.
pub fn router(lambda: Lambda, fronts: HttpFronts) -> Router {
    let fronts = Router::new()
        .route("/_sandbox/http", get(list_fronts))
        .route("/_sandbox/http/{function}", put(open_front))
        .with_state(fronts);
    Router::new()
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
        .with_state(lambda)
        .merge(fronts)
}

/// Says that it is there, who it is, and how many environments it has.
async fn health(State(lambda): State<Lambda>) -> Json<Value> {
    Json(json!({
        "endpoint": lambda.endpoint,
        "pid": std::process::id(),
        "environments": lambda.environments.census(),
    }))
}

async fn list_faults(State(lambda): State<Lambda>) -> Json<BTreeMap<String, FunctionFaults>> {
    Json(lambda.faults.all())
}

async fn function_faults(
    State(lambda): State<Lambda>,
    Path(function): Path<String>,
) -> Json<FunctionFaults> {
    Json(lambda.faults.all().remove(&function).unwrap_or_default())
}

/// Replaces the plan of one half. The function need not exist yet.
async fn set_faults(
    State(lambda): State<Lambda>,
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
    lambda.faults.set(&function, architecture, plan);
    Json(plan).into_response()
}

async fn clear_faults(State(lambda): State<Lambda>, Path(function): Path<String>) -> StatusCode {
    lambda.faults.clear(&function);
    StatusCode::NO_CONTENT
}

/// URL of every front, by function.
async fn list_fronts(State(fronts): State<HttpFronts>) -> Json<BTreeMap<String, String>> {
    Json(fronts.all())
}

/// Opens the front of a function, once; gives its URL. The function need not exist yet.
async fn open_front(State(fronts): State<HttpFronts>, Path(function): Path<String>) -> Response {
    match fronts.open(&function).await {
        Ok(url) => Json(url).into_response(),
        Err(error) => {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            (status, Json(json!({"message": error.to_string()}))).into_response()
        }
    }
}

/// A code package: `<SHA-256 in hex>.zip`.
async fn download(State(lambda): State<Lambda>, Path(file): Path<String>) -> Response {
    let id = file
        .strip_suffix(".zip")
        .filter(|id| id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let Some(id) = id else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match tokio::fs::read(lambda.code.zip_path(id)).await {
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
