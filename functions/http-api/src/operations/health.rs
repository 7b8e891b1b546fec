//! `GET /health`: says that the function runs, and which build of it. It calls no AWS service: a load balancer must not
//! remove the function because its store is down.

use axum::{Json, extract::State, http::header::CACHE_CONTROL, response::IntoResponse};
use serde::Serialize;
use shared::{
    architecture,
    configuration::{self, ConfigurationError},
};
use utoipa::ToSchema;

use super::SharedApi;
use crate::problem::Problem;

/// Which build of the function answers.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Health)]
pub struct Facts {
    /// `ok`.
    status: &'static str,
    /// Name of the function.
    function: String,
    /// Published version of the function.
    version: String,
    /// `arm64` or `x86_64`.
    architecture: &'static str,
}

impl Facts {
    /// From the variables that Lambda sets.
    ///
    /// # Errors
    /// [`ConfigurationError`] outside Lambda and the sandbox.
    pub fn from_environment() -> Result<Self, ConfigurationError> {
        Ok(Self::new(
            configuration::required("AWS_LAMBDA_FUNCTION_NAME")?,
            configuration::required("AWS_LAMBDA_FUNCTION_VERSION")?,
        ))
    }

    /// From these values.
    #[must_use]
    pub fn new(function: String, version: String) -> Self {
        Self {
            status: "ok",
            function,
            version,
            architecture: architecture::name(),
        }
    }
}

/// Says that the function runs, and which build of it.
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "getHealth",
    tag = "function",
    responses(
        (status = 200, description = "It runs", body = Facts, content_type = "application/json"),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn health(State(api): SharedApi) -> impl IntoResponse {
    ([(CACHE_CONTROL, "no-store")], Json(api.facts.clone()))
}
