//! The operations of Lambda that the sandbox does not have, so that a refusal can name them.

use axum::{
    http::{Method, StatusCode, Uri},
    response::{IntoResponse as _, Response},
};

use crate::services::lambda::error::{ErrorKind, LambdaError};

/// Method, path and name of each, with `*` for what differs from request to request. Source: the service's model, as
/// botocore has it.
const MISSING: &str = "
    POST /2014-11-13/functions/*/invoke-async InvokeAsync
    GET /2018-10-31/layers ListLayers or GetLayerVersionByArn
    GET /2018-10-31/layers/*/versions ListLayerVersions
    POST /2018-10-31/layers/*/versions PublishLayerVersion
    DELETE /2018-10-31/layers/*/versions/* DeleteLayerVersion
    GET /2018-10-31/layers/*/versions/* GetLayerVersion
    POST /2018-10-31/layers/*/versions/*/policy AddLayerVersionPermission
    GET /2018-10-31/layers/*/versions/*/policy GetLayerVersionPolicy
    DELETE /2018-10-31/layers/*/versions/*/policy/* RemoveLayerVersionPermission
    POST /2020-04-22/code-signing-configs CreateCodeSigningConfig
    GET /2020-04-22/code-signing-configs ListCodeSigningConfigs
    DELETE /2020-04-22/code-signing-configs/* DeleteCodeSigningConfig
    GET /2020-04-22/code-signing-configs/* GetCodeSigningConfig
    PUT /2020-04-22/code-signing-configs/* UpdateCodeSigningConfig
    GET /2020-04-22/code-signing-configs/*/functions ListFunctionsByCodeSigningConfig
    DELETE /2020-06-30/functions/*/code-signing-config DeleteFunctionCodeSigningConfig
    PUT /2020-06-30/functions/*/code-signing-config PutFunctionCodeSigningConfig
    GET /2021-07-20/functions/*/runtime-management-config GetRuntimeManagementConfig
    PUT /2021-07-20/functions/*/runtime-management-config PutRuntimeManagementConfig
    POST /2021-11-15/functions/*/response-streaming-invocations InvokeWithResponseStream
    GET /2024-08-31/functions/*/recursion-config GetFunctionRecursionConfig
    PUT /2024-08-31/functions/*/recursion-config PutFunctionRecursionConfig
    POST /2025-11-30/capacity-providers CreateCapacityProvider
    GET /2025-11-30/capacity-providers ListCapacityProviders
    DELETE /2025-11-30/capacity-providers/* DeleteCapacityProvider
    GET /2025-11-30/capacity-providers/* GetCapacityProvider
    PUT /2025-11-30/capacity-providers/* UpdateCapacityProvider
    GET /2025-11-30/capacity-providers/*/function-versions ListFunctionVersionsByCapacityProvider
    GET /2025-11-30/functions/*/function-scaling-config GetFunctionScalingConfig
    PUT /2025-11-30/functions/*/function-scaling-config PutFunctionScalingConfig
    POST /2025-12-01/durable-execution-callbacks/*/fail SendDurableExecutionCallbackFailure
    POST /2025-12-01/durable-execution-callbacks/*/heartbeat SendDurableExecutionCallbackHeartbeat
    POST /2025-12-01/durable-execution-callbacks/*/succeed SendDurableExecutionCallbackSuccess
    GET /2025-12-01/durable-executions/* GetDurableExecution
    POST /2025-12-01/durable-executions/*/checkpoint CheckpointDurableExecution
    GET /2025-12-01/durable-executions/*/history GetDurableExecutionHistory
    GET /2025-12-01/durable-executions/*/state GetDurableExecutionState
    POST /2025-12-01/durable-executions/*/stop StopDurableExecution
    GET /2025-12-01/functions/*/durable-executions ListDurableExecutionsByFunction
";

/// The answer to a request that no other operation answers, if it is one to Lambda: those paths begin with a date.
#[must_use]
pub fn missing(method: &Method, uri: &Uri) -> Option<LambdaError> {
    let date = uri.path().split('/').nth(1)?;
    if !date.starts_with("20") || date.len() != "2015-03-31".len() {
        return None;
    }
    let operation = operation(method, uri.path());
    let operation = operation.map_or_else(|| format!("{method} {}", uri.path()), str::to_owned);
    let message = format!("not in the sandbox: {operation}");
    Some(LambdaError::new(ErrorKind::UnknownOperation, message))
}

/// The answer to a method that no operation has on the path of one that the sandbox has.
pub(super) async fn refuse(method: Method, uri: Uri) -> Response {
    let error = missing(&method, &uri);
    error.map_or_else(
        || StatusCode::METHOD_NOT_ALLOWED.into_response(),
        LambdaError::into_response,
    )
}

fn operation(method: &Method, path: &str) -> Option<&'static str> {
    let path: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    MISSING.lines().find_map(|line| {
        let (known, rest) = line.trim_start().split_once(' ')?;
        let (pattern, name) = rest.split_once(' ')?;
        let mut parts = pattern.split('/');
        let alike = path.iter().all(|part| {
            parts
                .next()
                .is_some_and(|known| ["*", *part].contains(&known))
        });
        (known == method.as_str() && alike && parts.next().is_none()).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(method: Method, path: &str) -> Option<String> {
        missing(&method, &path.parse().unwrap()).map(|error| error.message)
    }

    #[test]
    fn an_operation_is_known_by_method_and_path() {
        let arn = "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af";
        let recursion = format!("/2024-08-31/functions/{arn}/recursion-config");
        for (method, path, operation) in [
            (
                Method::PUT,
                recursion.as_str(),
                "PutFunctionRecursionConfig",
            ),
            (
                Method::GET,
                "/2018-10-31/layers/",
                "ListLayers or GetLayerVersionByArn",
            ),
            (
                Method::GET,
                "/2021-07-20/functions/f/runtime-management-config?Qualifier=live",
                "GetRuntimeManagementConfig",
            ),
            (
                Method::GET,
                "/2018-10-31/layers/l/versions/1",
                "GetLayerVersion",
            ),
            (
                Method::PUT,
                "/2099-01-01/functions/f/new",
                "PUT /2099-01-01/functions/f/new",
            ),
        ] {
            let expected = format!("not in the sandbox: {operation}");
            assert_eq!(said(method, path), Some(expected), "{path}");
        }
    }

    #[test]
    fn a_path_of_another_service_is_none_of_lambdas() {
        for path in [
            "/",
            "/000000000000/queue",
            "/20/queue",
            "/service/GraniteServiceVersion20100801",
        ] {
            assert_eq!(said(Method::POST, path), None, "{path}");
        }
    }

    #[test]
    fn every_line_says_method_path_and_name() {
        let lines: Vec<_> = MISSING.lines().filter(|line| !line.is_empty()).collect();
        assert!(lines.len() > 30);
        for line in lines {
            let words: Vec<_> = line.split_whitespace().collect();
            let method: Method = words[0].parse().unwrap();
            let expected = words[2..].join(" ");
            assert_eq!(
                operation(&method, words[1]),
                Some(expected.as_str()),
                "{line}"
            );
        }
    }
}
