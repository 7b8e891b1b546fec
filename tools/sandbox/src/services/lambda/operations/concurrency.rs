//! PutFunctionConcurrency, GetFunctionConcurrency, DeleteFunctionConcurrency, GetAccountSettings.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    execution::code::{MAX_UNZIPPED_BYTES, MAX_ZIP_BYTES},
    services::lambda::{
        Lambda,
        error::LambdaError,
        model::{concurrency::CONCURRENT_EXECUTIONS, names::FunctionRef, settings::within},
        wire::{Answer, Query, json, parse},
    },
};

/// `AccountLimit.TotalCodeSize`: AWS's default of 75 GB. Nothing is refused for it here.
const TOTAL_CODE_BYTES: u64 = 75 * 1024 * 1024 * 1024;

/// `PutFunctionConcurrency`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutConcurrency {
    reserved_concurrent_executions: Option<i64>,
}

/// `PUT /functions/{name}/concurrency`
pub(super) async fn put(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
    body: Bytes,
) -> Answer {
    let field = "reservedConcurrentExecutions";
    let asked = parse::<PutConcurrency>(&body)?.reserved_concurrent_executions;
    let asked = asked.ok_or_else(|| LambdaError::missing(field))?;
    let asked = within(field, asked, 0..=u32::MAX)?;
    let name = unqualified(&name, &query)?;
    let mut functions = lambda.write();
    functions.reserve(&name, &query.region, Some(asked))?;
    let body = json!({"ReservedConcurrentExecutions": asked});
    Ok(json(StatusCode::OK, &body))
}

/// `GET /functions/{name}/concurrency`
pub(super) async fn get(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
) -> Answer {
    let name = unqualified(&name, &query)?;
    let functions = lambda.read();
    let function = functions.function(&name, &query.region)?;
    let body = match function.reserved {
        Some(reserved) => json!({"ReservedConcurrentExecutions": reserved}),
        None => json!({}),
    };
    Ok(json(StatusCode::OK, &body))
}

/// `DELETE /functions/{name}/concurrency`
pub(super) async fn remove(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
) -> Answer {
    let name = unqualified(&name, &query)?;
    lambda.write().reserve(&name, &query.region, None)?;
    Ok(json(StatusCode::NO_CONTENT, &Value::Null))
}

fn unqualified(name: &str, query: &Query) -> Result<String, LambdaError> {
    let FunctionRef { name, qualifier } = query.function(name)?;
    match qualifier {
        None => Ok(name),
        Some(_) => Err(LambdaError::invalid(
            "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. \
             Please specify either a function name or an unqualified function ARN.",
        )),
    }
}

/// `GET /account-settings/`
pub(super) async fn account_settings(State(lambda): State<Lambda>) -> Answer {
    let functions = lambda.read();
    let versions = functions.all().flat_map(|function| function.versions());
    let code: u64 = versions.map(|version| version.code.zip_bytes).sum();
    let body = json!({
        "AccountLimit": {
            "TotalCodeSize": TOTAL_CODE_BYTES,
            "CodeSizeUnzipped": MAX_UNZIPPED_BYTES,
            "CodeSizeZipped": MAX_ZIP_BYTES,
            "ConcurrentExecutions": CONCURRENT_EXECUTIONS,
            "UnreservedConcurrentExecutions": functions.unreserved(),
        },
        "AccountUsage": {"TotalCodeSize": code, "FunctionCount": functions.all().count()},
    });
    Ok(json(StatusCode::OK, &body))
}
