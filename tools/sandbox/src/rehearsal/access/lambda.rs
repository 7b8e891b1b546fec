//! Which IAM action a request to the Lambda API needs, and on what. Source: the Service Authorization Reference.

use axum::http::{Method, Uri};
use percent_encoding::percent_decode_str;

use super::needs::{Kind, Need};
use crate::services::lambda::model::names;

/// What a request needs; nothing when it is for another service.
pub(super) fn need(method: &Method, uri: &Uri) -> Option<Need> {
    // Lambda's paths begin with the date of the API.
    let (date, rest) = uri.path().strip_prefix('/')?.split_once('/')?;
    if !date.starts_with("20") {
        return None;
    }
    let mut parts = rest.split('/').filter(|part| !part.is_empty());
    match parts.next() {
        Some("functions") => {}
        Some("tags") => {
            let function = parts.next().map(function_name).unwrap_or_default();
            return Some(on_function(&function, method, "tags"));
        }
        _ => return Some(on_function("*", method, rest)),
    }
    let function = parts.next().map(function_name).unwrap_or_default();
    let part = match (parts.next(), parts.next()) {
        (Some("aliases"), Some(_)) => "alias",
        (part, _) => part.unwrap_or_default(),
    };
    Some(on_function(&function, method, part))
}

/// Metadata allows few of these, so that few of their names matter.
fn on_function(function: &str, method: &Method, part: &str) -> Need {
    let action = match (method, part) {
        (&Method::POST, "invocations") => "InvokeFunction".to_owned(),
        (&Method::GET, "alias") => "GetAlias".to_owned(),
        (&Method::PUT, "alias") => "UpdateAlias".to_owned(),
        (&Method::DELETE, "alias") => "DeleteAlias".to_owned(),
        (&Method::GET, "aliases") => "ListAliases".to_owned(),
        (&Method::POST, "aliases") => "CreateAlias".to_owned(),
        (&Method::PUT, "code") => "UpdateFunctionCode".to_owned(),
        (&Method::PUT, "configuration") => "UpdateFunctionConfiguration".to_owned(),
        (&Method::GET, "tags") => "ListTags".to_owned(),
        (&Method::POST, "tags") => "TagResource".to_owned(),
        (&Method::DELETE, "tags") => "UntagResource".to_owned(),
        (&Method::GET, "policy") => "GetPolicy".to_owned(),
        (&Method::GET, "provisioned-concurrency") => "ListProvisionedConcurrencyConfigs".to_owned(),
        (&Method::GET, "versions") => "ListVersionsByFunction".to_owned(),
        (&Method::GET, "") if function.is_empty() => "ListFunctions".to_owned(),
        (&Method::GET, "") => "GetFunction".to_owned(),
        (method, part) => format!("{method} {part}"),
    };
    Need {
        kind: Kind::Function,
        action,
        resource: function.to_owned(),
    }
}

/// The name in a name or an ARN.
fn function_name(text: &str) -> String {
    let text = percent_decode_str(text).decode_utf8_lossy();
    names::name_in(&text).unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needed(method: Method, path: &str) -> Option<String> {
        let need = need(&method, &path.parse().unwrap())?;
        Some(format!("{:?} {} {}", need.kind, need.action, need.resource))
    }

    #[test]
    fn an_alias_is_looked_at_and_changed_by_rights_on_its_function() {
        let path = "/2015-03-31/functions/hasher/aliases/live";
        let arn = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Ahasher/aliases/live";
        for (method, path, expected) in [
            (Method::GET, path, "Function GetAlias hasher"),
            (Method::PUT, path, "Function UpdateAlias hasher"),
            (Method::PUT, arn, "Function UpdateAlias hasher"),
            (Method::DELETE, path, "Function DeleteAlias hasher"),
        ] {
            assert_eq!(needed(method, path).as_deref(), Some(expected), "{path}");
        }
    }

    #[test]
    fn everything_else_of_lambda_is_on_the_function() {
        for (method, path, expected) in [
            (
                Method::POST,
                "/2015-03-31/functions/hasher/invocations",
                "Function InvokeFunction hasher",
            ),
            (
                Method::GET,
                "/2015-03-31/functions/hasher/aliases",
                "Function ListAliases hasher",
            ),
            (Method::POST, "/2015-03-31/functions", "Function POST  "),
            (
                Method::GET,
                "/2015-03-31/functions/?MaxItems=50",
                "Function ListFunctions ",
            ),
            (
                Method::DELETE,
                "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Ahasher?tagKeys=a",
                "Function UntagResource hasher",
            ),
            (
                Method::GET,
                "/2015-03-31/event-source-mappings",
                "Function GET event-source-mappings *",
            ),
        ] {
            assert_eq!(needed(method, path).as_deref(), Some(expected), "{path}");
        }
        assert_eq!(needed(Method::POST, "/"), None);
    }
}
