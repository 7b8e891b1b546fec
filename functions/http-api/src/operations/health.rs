//! `GET /health`: says that the function runs, and which build of it. It calls no AWS service: a load balancer must not
//! remove the function because its store is down.

use axum::{Json, extract::Request, http::header::CACHE_CONTROL, response::IntoResponse};
use lambda_http::RequestExt as _;
use serde::Serialize;
use shared::architecture;
use utoipa::ToSchema;

use crate::problem::Problem;

/// Which build of the function answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`.
    status: &'static str,
    /// Name of the function.
    function: String,
    /// Published version of the function.
    version: String,
    /// `arm64` or `x86_64`.
    architecture: &'static str,
}

/// Says that the function runs, and which build of it.
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "getHealth",
    tag = "function",
    responses(
        (status = 200, description = "It runs", body = Health, content_type = "application/json"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn health(request: Request) -> Result<impl IntoResponse, Problem> {
    let context = request.lambda_context_ref();
    let function = &context.ok_or_else(Problem::internal)?.env_config;
    let health = Health {
        status: "ok",
        function: function.function_name.clone(),
        version: function.version.clone(),
        architecture: architecture::name(),
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(health)))
}
