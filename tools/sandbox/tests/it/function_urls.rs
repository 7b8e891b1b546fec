//! Function URLs: their API, and requests that go through them.

#![allow(clippy::unwrap_used)] // a helper that panics fails its test

use aws_sdk_lambda::types::{FunctionUrlAuthType as AuthType, InvokeMode};
use axum::body::Bytes;
use hyper::{Request, Response, StatusCode, header};
use sandbox::client::http::HttpClient;
use serde_json::{Value, json};

use crate::{
    common::{FUNCTION, Sandbox, refusal},
    lambda::create_live,
};

/// Makes the URL of the function or of one of its aliases, for everyone.
async fn public_url(sandbox: &Sandbox, alias: Option<&str>) -> String {
    let create = sandbox.lambda.create_function_url_config();
    let create = create.function_name(FUNCTION).auth_type(AuthType::None);
    let created = create.set_qualifier(alias.map(str::to_owned)).send();
    let permission = |action: &str| {
        let permission = sandbox.lambda.add_permission().function_name(FUNCTION);
        let permission = permission.statement_id(action).principal("*");
        let permission = permission.set_qualifier(alias.map(str::to_owned));
        permission.action(format!("lambda:{action}"))
    };
    let url = created.await.unwrap().function_url;
    let call = permission("InvokeFunctionUrl").function_url_auth_type(AuthType::None);
    call.send().await.unwrap();
    let invoke = permission("InvokeFunction").invoked_via_function_url(true);
    invoke.send().await.unwrap();
    url
}

async fn send(url: &str, path: &str, body: &str) -> Response<Bytes> {
    let request = Request::post(format!("{url}{path}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Bytes::from(body.to_owned()));
    HttpClient::new().send(request.unwrap()).await.unwrap()
}

fn json_of(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

#[tokio::test]
async fn a_request_reaches_the_function_and_its_answer_the_client() {
    let sandbox = Sandbox::with_probe().await;
    let url = public_url(&sandbox, None).await;
    let response = send(&url, "a/b?c=d", "{}").await;
    assert_eq!(response.status(), StatusCode::OK);
    let type_of = |response: &Response<Bytes>| response.headers()[header::CONTENT_TYPE].clone();
    assert_eq!(type_of(&response), "application/json");
    let event = json_of(&response);
    assert_eq!(event["version"], "2.0");
    assert_eq!(event["rawPath"], "/a/b");
    assert_eq!(event["queryStringParameters"], json!({"c": "d"}));
    assert_eq!(event["requestContext"]["accountId"], "anonymous");
    let id = response.headers()["x-amzn-requestid"].to_str().unwrap();
    assert!(sandbox.logs().contains(&format!("END RequestId: {id}")));
    // Without a status everything is the body, strings without their quotes.
    for (answer, body) in [
        (r#""hello""#, "hello"),
        ("3.1", "3.1"),
        (r#"{"hello":"world"}"#, r#"{"hello":"world"}"#),
    ] {
        let response = send(&url, "answer", answer).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(type_of(&response), "application/json");
        assert_eq!(response.body(), body);
    }
    let failed = send(&url, "do", r#"{"do":"error"}"#).await;
    assert_eq!(failed.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(failed.body(), "Internal Server Error");
}

#[tokio::test]
async fn a_url_is_for_those_whom_its_policy_or_their_signature_lets_in() {
    let sandbox = Sandbox::with_probe().await;
    let lambda = &sandbox.lambda;
    let url = public_url(&sandbox, None).await;
    assert_eq!(send(&url, "a", "").await.status(), StatusCode::OK);
    let policy = lambda.get_policy().function_name(FUNCTION);
    let policy = policy.send().await.unwrap().policy.unwrap();
    let policy: Value = serde_json::from_str(&policy).unwrap();
    assert_eq!(
        policy["Statement"][1]["Condition"],
        json!({"Bool": {"lambda:InvokedViaFunctionUrl": "true"}})
    );
    // Both are needed.
    let remove = lambda.remove_permission().function_name(FUNCTION);
    let remove = remove.statement_id("InvokeFunction").send();
    remove.await.unwrap();
    let forbidden = send(&url, "a", "").await;
    assert_eq!(forbidden.status(), StatusCode::FORBIDDEN);
    assert_eq!(
        forbidden.headers()["x-amzn-errortype"],
        "AccessDeniedException"
    );
    let message = json_of(&forbidden)["Message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("Forbidden. For trouble"), "{message}");

    let update = lambda.update_function_url_config().function_name(FUNCTION);
    let update = update.auth_type(AuthType::AwsIam).send().await.unwrap();
    assert_eq!(update.auth_type, AuthType::AwsIam);
    assert_eq!(send(&url, "a", "").await.status(), StatusCode::FORBIDDEN);
    let signed = Request::post(&url).header(
        header::AUTHORIZATION,
        "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/lambda/aws4_request",
    );
    let signed = signed.body(Bytes::new()).unwrap();
    let answer = HttpClient::new().send(signed).await.unwrap();
    let event = json_of(&answer);
    assert_eq!(event["requestContext"]["accountId"], "000000000000");
}

#[tokio::test]
async fn function_and_alias_have_a_url_each_until_it_or_the_function_is_deleted() {
    let sandbox = Sandbox::with_probe().await;
    let lambda = &sandbox.lambda;
    sandbox.publish().await;
    create_live(&sandbox, "1").send().await.unwrap();
    let latest = public_url(&sandbox, None).await;
    let live = public_url(&sandbox, Some("live")).await;
    let version = async |url: &str| {
        let context = send(url, "do", r#"{"do":"context"}"#).await;
        json_of(&context)["version"].clone()
    };
    assert_eq!(version(&latest).await, "$LATEST");
    assert_eq!(version(&live).await, "1");
    let list = lambda.list_function_url_configs().function_name(FUNCTION);
    let list = list.send().await.unwrap().function_url_configs;
    let urls: Vec<_> = list.iter().map(|one| one.function_url.as_str()).collect();
    assert_eq!(urls, [latest.as_str(), live.as_str()]);

    let unreachable = async |url: &str| {
        let request = Request::post(url).body(Bytes::new()).unwrap();
        let error = HttpClient::new().send(request).await;
        error.is_err_and(|error| error.is_unreachable())
    };
    let delete = lambda.delete_function_url_config().function_name(FUNCTION);
    delete.send().await.unwrap();
    crate::common::eventually("nobody listens", async || unreachable(&latest).await).await;
    let alias = lambda.delete_alias().function_name(FUNCTION).name("live");
    alias.send().await.unwrap();
    assert_eq!(send(&live, "a", "").await.status(), StatusCode::FORBIDDEN);
    let delete = lambda.delete_function().function_name(FUNCTION);
    delete.send().await.unwrap();
    crate::common::eventually("nobody listens", async || unreachable(&live).await).await;
}

#[tokio::test]
async fn the_mode_is_answered_when_it_was_set_and_always_when_it_is_read() {
    let sandbox = Sandbox::with_probe().await;
    let lambda = &sandbox.lambda;
    let create = lambda.create_function_url_config().function_name(FUNCTION);
    let created = create.auth_type(AuthType::None).send().await.unwrap();
    assert_eq!(created.invoke_mode, None);
    let get = async || {
        let get = lambda.get_function_url_config().function_name(FUNCTION);
        get.send().await.unwrap()
    };
    let got = get().await;
    assert_eq!(got.invoke_mode, Some(InvokeMode::Buffered));
    assert_eq!(got.function_url, created.function_url);
    assert_eq!(got.creation_time, created.creation_time);
    let update = || lambda.update_function_url_config().function_name(FUNCTION);
    let streaming = update().invoke_mode(InvokeMode::ResponseStream).send();
    let updated = streaming.await.unwrap();
    assert_eq!(updated.invoke_mode, Some(InvokeMode::ResponseStream));
    let unchanged = update().send().await.unwrap();
    assert_eq!(unchanged.invoke_mode, Some(InvokeMode::ResponseStream));
}

#[tokio::test]
async fn what_lambda_refuses_is_refused_in_its_words() {
    let sandbox = Sandbox::with_probe().await;
    let lambda = &sandbox.lambda;
    let create = |name: &str| {
        let create = lambda.create_function_url_config().function_name(name);
        create.auth_type(AuthType::None)
    };
    create(FUNCTION).send().await.unwrap();
    let get = |name: &str| lambda.get_function_url_config().function_name(name);
    let pattern = |value: &str| {
        format!(
            "1 validation error detected: Value '{value}' at 'qualifier' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: ((?!^\\d+$)^[0-9a-zA-Z-_]+$)"
        )
    };
    for (refused, expected, words) in [
        (
            refusal(create(FUNCTION).send().await),
            ("ResourceConflictException", 409),
            "Failed to create function url config for [functionArn = \
             arn:aws:lambda:us-east-1:000000000000:function:probe]. \
             Error message:  FunctionUrlConfig exists for this Lambda function"
                .to_owned(),
        ),
        (
            refusal(create("nobody").send().await),
            ("ResourceNotFoundException", 404),
            "Function does not exist".to_owned(),
        ),
        (
            refusal(create(FUNCTION).qualifier("nobody").send().await),
            ("ResourceNotFoundException", 404),
            "Function does not exist".to_owned(),
        ),
        (
            refusal(create("nobody").qualifier("1").send().await),
            ("ValidationException", 400),
            pattern("1"),
        ),
        (
            refusal(get(FUNCTION).qualifier("$LATEST").send().await),
            ("ValidationException", 400),
            pattern("$LATEST"),
        ),
        (
            refusal(get("nobody").send().await),
            ("ResourceNotFoundException", 404),
            "The resource you requested does not exist.".to_owned(),
        ),
        (
            refusal(create("nobody").invoke_mode("UNKNOWN".into()).send().await),
            ("ValidationException", 400),
            "1 validation error detected: Value 'UNKNOWN' at 'invokeMode' failed to satisfy constraint: \
             Member must satisfy enum value set: [RESPONSE_STREAM, BUFFERED]"
                .to_owned(),
        ),
    ] {
        let (kind, status, message) = refused;
        assert_eq!(((kind.as_str(), status), message), (expected, words));
    }
}
