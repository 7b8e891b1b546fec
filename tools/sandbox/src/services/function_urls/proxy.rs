//! One request to a function URL.

use std::sync::Arc;

use axum::{
    body::{self, Body},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use chrono::Utc;
use serde_json::{Value, json};

use crate::{
    aws::{ACCOUNT_ID, errors},
    services::{
        http_api::{
            event::{self, RequestMetadata},
            response::{self, Front},
        },
        lambda::{
            Lambda,
            error::{ErrorKind, LambdaError},
            invocation::{Invoked, MAX_SYNC_BYTES, new_request_id},
            model::{
                function::Policy,
                names::FunctionRef,
                url::{AuthType, InvokeMode},
            },
        },
    },
};

/// The function behind a URL.
pub(super) struct Target {
    pub(super) lambda: Lambda,
    pub(super) reference: FunctionRef,
    pub(super) region: String,
    pub(super) id: String,
}

/// Answers one request. Every failure is an answer, too.
pub(super) async fn handle(State(target): State<Arc<Target>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some((auth_type, mode)) = settings(&target, &parts.headers, parts.uri.query()) else {
        return forbidden();
    };
    // Longer than any event; or the connection broke, and nobody reads the answer.
    let Ok(body) = body::to_bytes(body, MAX_SYNC_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let metadata = RequestMetadata {
        api_id: &target.id,
        request_id: &new_request_id(),
        received: Utc::now(),
        account_id: match auth_type {
            AuthType::None => "anonymous",
            AuthType::AwsIam => ACCOUNT_ID,
        },
    };
    let event = event::event(&parts, &body, &metadata).to_string();
    if event.len() > MAX_SYNC_BYTES {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    }
    let reference = target.reference.clone();
    let invoked = target
        .lambda
        .invoke(reference, &target.region, event.into());
    match invoked.await {
        Ok(invoked) => answered(&target, &invoked, mode),
        Err(error) => not_invoked(error),
    }
}

/// Who may call, and how the answer comes; none when this request may not.
fn settings(
    target: &Target,
    headers: &HeaderMap,
    query: Option<&str>,
) -> Option<(AuthType, Option<InvokeMode>)> {
    let FunctionRef { name, qualifier } = &target.reference;
    let functions = target.lambda.read();
    let function = functions.function(name, &target.region).ok()?;
    let url = function.urls.get(qualifier)?;
    let allowed = match url.auth_type {
        AuthType::None => function.policies.get(qualifier).is_some_and(is_public),
        AuthType::AwsIam => is_signed(headers, query),
    };
    allowed.then_some((url.auth_type, url.invoke_mode))
}

/// Whether a resource policy lets everyone call the URL, and through it the function: since October 2025 both are asked for.
/// Source: "Control access to Lambda function URLs" of the Developer Guide.
fn is_public(policy: &Policy) -> bool {
    let allows = |action: &str, condition: &Value| {
        policy.statements.iter().any(|statement| {
            let own = statement["Action"].as_str();
            statement["Principal"] == "*"
                && own.is_some_and(|own| [action, "lambda:*", "*"].contains(&own))
                && (statement["Condition"].is_null() || statement["Condition"] == *condition)
        })
    };
    allows(
        "lambda:InvokeFunctionUrl",
        &json!({"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}),
    ) && allows(
        "lambda:InvokeFunction",
        &json!({"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}),
    )
}

fn is_signed(headers: &HeaderMap, query: Option<&str>) -> bool {
    let header = headers.get(header::AUTHORIZATION);
    header.is_some_and(|value| value.as_bytes().starts_with(b"AWS4-HMAC-SHA256 "))
        || query.is_some_and(|query| query.contains("X-Amz-Signature="))
}

fn answered(target: &Target, invoked: &Invoked, mode: Option<InvokeMode>) -> Response {
    let streamed = mode == Some(InvokeMode::ResponseStream);
    let answer = match invoked.answer.failed {
        true => None,
        false => response::response(&invoked.answer.body, Front::FunctionUrl { streamed })
            .inspect_err(|error| {
                let (function, id) = (&target.reference.name, &invoked.request_id);
                tracing::warn!(function, id, %error, "the answer of a function is no HTTP response");
            })
            .ok(),
    };
    let mut answer = answer.unwrap_or_else(|| {
        let mut response = Response::new(Body::from("Internal Server Error"));
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response
    });
    if let Ok(id) = HeaderValue::try_from(&invoked.request_id) {
        let name = HeaderName::from_static("x-amzn-requestid");
        answer.headers_mut().insert(name, id);
    }
    answer
}

fn not_invoked(error: LambdaError) -> Response {
    match error.kind {
        // The alias is gone, and with it its policy.
        ErrorKind::ResourceNotFound => forbidden(),
        _ => error.into_response(),
    }
}

fn forbidden() -> Response {
    let body = json!({
        "Message": "Forbidden. For troubleshooting Function URL authorization issues, see: \
            https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html",
    });
    errors::rest_json(StatusCode::FORBIDDEN, "AccessDeniedException", &body)
}
