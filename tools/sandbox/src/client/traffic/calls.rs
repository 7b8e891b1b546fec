//! The calls of a scenario: to the function, to its HTTP API, to AWS services.

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_lambda::{
    Client, operation::invoke::InvokeOutput, primitives::Blob, types::InvocationType,
};
use bytes::Bytes;
use hyper::{Request, Response, header};
use serde_json::Value;
use tokio::time::Instant;

use super::{
    scenario::{AwsCall, Call, HttpCall, Scenario, Step},
    template::Values,
    totals::{Answer, SharedTotals, lock},
};
use crate::client::http::{HttpClient, JsonClient};

/// How much of an answer that was not expected is quoted, in characters.
const QUOTED: usize = 200;

/// What scenarios call.
#[derive(Debug, Clone)]
pub struct Targets {
    /// For invocations.
    pub lambda: Client,
    /// Name of the function.
    pub function: String,
    /// Alias or version to invoke.
    pub qualifier: String,
    /// For everything else.
    pub http: HttpClient,
    /// URL of the function's HTTP API, if there is one.
    pub http_api: Option<String>,
    /// For the calls of DynamoDB and SQS.
    pub json: JsonClient,
    /// URLs of queues by name.
    pub queue_urls: BTreeMap<String, String>,
}

/// The end of a scenario before its last step: the failure has been counted.
struct Failed;

impl Targets {
    /// Runs one scenario to its end, or to the first step that fails.
    pub(super) async fn run(&self, scenario: Scenario, totals: &SharedTotals) {
        match scenario {
            Scenario::Event(payload) => {
                let (answer, _) = self.invoke(payload).await;
                lock(totals).answered(answer);
            }
            Scenario::Steps(steps) => {
                let mut values = Values::new(&self.queue_urls);
                for (number, step) in (1..).zip(steps.iter()) {
                    let fail = |why: String| {
                        lock(totals).answered(Answer::Failed(format!("step {number}: {why}")));
                        Failed
                    };
                    let done = self.step(step, &mut values, totals, fail).await;
                    if let Err(Failed) = done {
                        break;
                    }
                }
            }
        }
    }

    async fn step(
        &self,
        template: &Value,
        values: &mut Values<'_>,
        totals: &SharedTotals,
        fail: impl Fn(String) -> Failed,
    ) -> Result<(), Failed> {
        let filled = values.fill(template);
        let filled = filled.map_err(|error| fail(error.to_string()))?;
        let Step { call, expect, save } = Step::new(filled).map_err(&fail)?;
        let body = match call {
            Call::Invoke(payload) => {
                let (answer, body) = self.invoke(Blob::new(payload.to_string())).await;
                lock(totals).answered(answer);
                body.ok_or(Failed)?
            }
            Call::Http(call) => {
                let what = format!("{} {}", call.method, call.path);
                let (status, body, latency) = self.http(call).await.map_err(&fail)?;
                lock(totals).answered(Answer::Status { status, latency });
                let expected = match &expect {
                    Some(statuses) => statuses.contains(&status),
                    None => status < 400,
                };
                if !expected {
                    return Err(fail(format!("{what} answered {status}: {}", quote(&body))));
                }
                body
            }
            Call::Aws(call) => {
                let what = call.operation.clone();
                let (status, body, _) = self.aws(&call).await.map_err(&fail)?;
                if !(200..300).contains(&status) {
                    return Err(fail(format!("{what} answered {status}: {}", quote(&body))));
                }
                lock(totals).answered(Answer::Called);
                body
            }
        };
        for (name, pointer) in save {
            let found = part(&body, &pointer);
            let found = found.ok_or_else(|| {
                fail(format!(
                    "there is no {pointer} in the answer: {}",
                    quote(&body)
                ))
            })?;
            values.saved.insert(name, found);
        }
        Ok(())
    }

    /// The answer, and its payload when the function did not fail.
    async fn invoke(&self, payload: Blob) -> (Answer, Option<Bytes>) {
        let started = Instant::now();
        let answer = self
            .lambda
            .invoke()
            .function_name(&self.function)
            .qualifier(&self.qualifier)
            .invocation_type(InvocationType::RequestResponse)
            .payload(payload)
            .send()
            .await;
        match answer {
            Ok(output) => executed(output, started.elapsed()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_too_many_requests_exception()) =>
            {
                (Answer::Throttled, None)
            }
            Err(error) => {
                let text = format!("{:#}", anyhow::Error::new(error));
                (Answer::Failed(text), None)
            }
        }
    }

    /// Status, body and latency of a request to the HTTP API.
    async fn http(&self, call: HttpCall) -> Result<(u16, Bytes, Duration), String> {
        let url = self.http_api.as_deref().unwrap_or_default();
        let mut request = Request::builder()
            .method(call.method.as_str())
            .uri(format!("{url}{}", call.path));
        let has_type = call
            .headers
            .keys()
            .any(|name| name.eq_ignore_ascii_case(header::CONTENT_TYPE.as_str()));
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        let body = match call.body {
            None => Bytes::new(),
            Some(Value::String(text)) => text.into(),
            Some(json) => {
                if !has_type {
                    request = request.header(header::CONTENT_TYPE, "application/json");
                }
                json.to_string().into()
            }
        };
        self.send(request.body(body)).await
    }

    /// Status, body and latency of an AWS call in the service's own JSON protocol.
    async fn aws(&self, call: &AwsCall) -> Result<(u16, Bytes, Duration), String> {
        let request = self
            .json
            .request(call.service, &call.operation, &call.input);
        self.send(request).await
    }

    async fn send(
        &self,
        request: Result<Request<Bytes>, hyper::http::Error>,
    ) -> Result<(u16, Bytes, Duration), String> {
        let request = request.map_err(|error| error.to_string())?;
        let started = Instant::now();
        let response: Response<Bytes> = self
            .http
            .send(request)
            .await
            .map_err(|error| format!("{:#}", anyhow::Error::new(error)))?;
        Ok((
            response.status().as_u16(),
            response.into_body(),
            started.elapsed(),
        ))
    }
}

fn executed(output: InvokeOutput, latency: Duration) -> (Answer, Option<Bytes>) {
    let is_error = output.function_error.is_some();
    let payload = output.payload.map(Blob::into_inner).unwrap_or_default();
    let answer = Answer::Executed {
        version: output.executed_version.unwrap_or_else(|| "?".to_owned()),
        is_error,
        latency,
    };
    (answer, (!is_error).then(|| payload.into()))
}

/// The part of a JSON answer at a pointer, as text.
fn part(body: &[u8], pointer: &str) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    Some(match body.pointer(pointer)? {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

fn quote(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    text.chars().take(QUOTED).collect()
}
