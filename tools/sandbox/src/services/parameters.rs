//! Parameter Store: `GetParameters` from the file `parameters.json` in the sandbox's folder, which a person writes:
//! `{"/api-key": "...", "/aws/reference/secretsmanager/database": "..."}`. Read with every request.
//!
//! # What differs from AWS
//! - There is no other operation, and no version but 1. Nothing is encrypted, and every value is a `SecureString`.

use std::{collections::BTreeMap, fs, io, path::PathBuf};

use axum::{
    body::to_bytes,
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::Response,
};
use serde::Deserialize;
use serde_json::json;

use crate::aws::{DEFAULT_REGION, arn, errors, json_protocol};

/// Before the operation in `X-Amz-Target`.
const SERVICE: &str = "AmazonSSM";
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html>
const MOST_NAMES: usize = 10;
/// More than ten names of 2,048 characters.
const MAX_BYTES: usize = 64 * 1024;

/// The parameters of a sandbox.
#[derive(Debug, Clone)]
pub struct Parameters(PathBuf);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetParameters {
    names: Vec<String>,
}

impl Parameters {
    /// Those of the file, which need not exist.
    #[must_use]
    pub const fn new(file: PathBuf) -> Self {
        Self(file)
    }

    fn read(&self) -> Result<BTreeMap<String, String>, String> {
        let file = self.0.display();
        match fs::read(&self.0) {
            Ok(text) => serde_json::from_slice(&text)
                .map_err(|error| format!("{file} is no JSON object of texts: {error}")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => Err(format!("cannot read {file}: {error}")),
        }
    }

    fn get(&self, body: &[u8]) -> Result<serde_json::Value, String> {
        let request: GetParameters =
            serde_json::from_slice(body).map_err(|error| error.to_string())?;
        if request.names.len() > MOST_NAMES {
            return Err(format!("at most {MOST_NAMES} names at once"));
        }
        let known = self.read()?;
        let (found, missing): (Vec<_>, Vec<_>) = request
            .names
            .iter()
            .partition(|name| known.contains_key(*name));
        let parameter = |name: &String| {
            json!({
                "Name": name,
                "Type": "SecureString",
                "Value": known[name],
                "Version": 1,
                "ARN": arn::arn("ssm", DEFAULT_REGION, format_args!("parameter{name}")),
            })
        };
        let found: Vec<_> = found.into_iter().map(parameter).collect();
        Ok(json!({"Parameters": found, "InvalidParameters": missing}))
    }
}

/// Answers what is for Parameter Store.
pub async fn answer(
    State(parameters): State<Parameters>,
    request: Request,
    next: Next,
) -> Response {
    let Some(operation) = json_protocol::operation(request.headers(), SERVICE) else {
        return next.run(request).await;
    };
    let refused = |message: &str| {
        let body = errors::typed("ValidationException", message);
        json_protocol::answer_1_1(StatusCode::BAD_REQUEST, body.to_string())
    };
    if operation != "GetParameters" {
        return refused(&format!(
            "the sandbox has GetParameters and not {operation}"
        ));
    }
    let Ok(body) = to_bytes(request.into_body(), MAX_BYTES).await else {
        return refused("too many names");
    };
    match parameters.get(&body) {
        Ok(answer) => json_protocol::answer_1_1(StatusCode::OK, answer.to_string()),
        Err(message) => refused(&message),
    }
}
