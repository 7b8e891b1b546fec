//! Both builds, through the sandbox's Lambda and its HTTP API.

use bytes::Bytes;
use http::Request;
use package::Architecture;
use sandbox::testing::Sandbox;
use serde_json::{Map, Value, json};
use tests::events;

use crate::{
    answer::{Answer, Call},
    common::{FUNCTION, ask, queued, sandbox},
};

const ARCHITECTURES: [Architecture; 2] = Architecture::ALL;

/// What differs from one document to the next.
const VOLATILE_MEMBERS: [&str; 3] = ["id", "created_at", "updated_at"];
const VOLATILE_HEADERS: [&str; 2] = ["etag", "location"];

#[tokio::test]
async fn both_builds_answer_the_sample_events_as_expected_and_leave_nothing_behind() {
    let sandbox = sandbox().await;
    sandbox.replay("http-api").await.unwrap();
    let list = ask(&sandbox, ARCHITECTURES[0], &Call::get("/documents").event()).await;
    assert_eq!(list.body, json!({"documents": [], "next_cursor": null}));
    assert_eq!(queued(&sandbox).await, Vec::<String>::new());
}

/// Takes out what differs from document to document.
fn without_volatile(mut answer: Answer) -> (u64, Map<String, Value>, Value) {
    for header in VOLATILE_HEADERS {
        answer.headers.remove(header);
    }
    if let Some(body) = answer.body.as_object_mut() {
        for member in VOLATILE_MEMBERS {
            body.remove(member);
        }
    }
    (answer.status, answer.headers, answer.body)
}

#[tokio::test]
async fn both_halves_take_a_document_through_its_life_alike() {
    let sandbox = sandbox().await;
    let mut lives = Vec::new();
    for architecture in ARCHITECTURES {
        let document = json!({"name": "Ärger & Söhne", "content": "Sold: one horse."});
        let submit = Call::submit(architecture.as_str(), &document).event();
        let mut life = vec![ask(&sandbox, architecture, &submit).await];
        let path = life[0].header("location").to_owned();
        let etag = life[0].header("etag").to_owned();
        for call in [
            Call::get(&path),
            Call::get(&path).header("if-none-match", &etag),
            Call::new("HEAD", &path),
            Call::new("DELETE", &path).header("if-match", "\"other\""),
            Call::new("DELETE", &path).header("if-match", &etag),
            Call::get(&path),
        ] {
            life.push(ask(&sandbox, architecture, &call.event()).await);
        }
        life.push(ask(&sandbox, architecture, &submit).await);
        let statuses: Vec<u64> = life.iter().map(|answer| answer.status).collect();
        assert_eq!(
            statuses,
            [201, 200, 304, 200, 412, 204, 404, 409],
            "{architecture}"
        );
        lives.push(life.into_iter().map(without_volatile).collect::<Vec<_>>());
    }
    assert_eq!(lives[0], lives[1]);
    assert_eq!(queued(&sandbox).await.len(), 2);
}

#[tokio::test]
async fn a_key_that_one_build_has_seen_is_known_to_the_other() {
    let sandbox = sandbox().await;
    let submit = Call::submit("k", &json!({"name": "n", "content_base64": "AP8="})).event();
    let first = ask(&sandbox, ARCHITECTURES[0], &submit).await;
    let second = ask(&sandbox, ARCHITECTURES[1], &submit).await;
    assert_eq!(first.body, second.body);
    assert_eq!(second.header("idempotent-replayed"), "true");
}

#[tokio::test]
async fn a_store_that_refuses_everything_fails_the_replay() {
    let sandbox = sandbox().await;
    sandbox.service_fault("dynamodb:*:errors=100%").unwrap();
    let report = sandbox.replay("http-api").await.unwrap_err().to_string();
    assert!(
        report.contains("at /statusCode\n    expected  404\n    x86_64    503\n"),
        "{report}"
    );
}

#[tokio::test]
async fn each_half_says_what_it_is() {
    let sandbox = sandbox().await;
    for architecture in ARCHITECTURES {
        let health = ask(&sandbox, architecture, &Call::get("/health").event()).await;
        assert_eq!(health.body["architecture"], architecture.as_str());
        assert_eq!(health.body["function"], "http-api");
        assert_eq!(health.body["status"], "ok");
    }
}

#[tokio::test]
async fn what_is_no_request_is_an_error_with_one_line_and_the_environment_lives_on() {
    let sandbox = sandbox().await;
    let mut refusals = 0;
    for architecture in ARCHITECTURES {
        for (name, event) in events(FUNCTION, "tests/corpus") {
            let refused = sandbox
                .invoke("http-api", architecture.as_str(), &event)
                .await
                .unwrap();
            if refused.is_success() {
                // Near enough to a request for lambda_http: it is answered like one.
                let status = refused.payload["statusCode"].as_u64().unwrap();
                assert!((200..500).contains(&status), "{name}: {refused:?}");
                continue;
            }
            let error = &refused.payload;
            let text = |key: &str| error[key].as_str().unwrap_or_default().len();
            assert!(text("errorType") > 5, "{name}: {error}");
            assert!((10..600).contains(&text("errorMessage")), "{name}: {error}");
            refusals += 1;
        }
        ask(&sandbox, architecture, &Call::get("/health").event()).await;
    }
    let logs = sandbox.logs("http-api").unwrap();
    let errors = logs
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let errors = errors.filter(|line| line["level"] == "ERROR" && line["requestId"].is_string());
    assert_eq!(errors.count(), refusals, "one line each: {logs}");
    assert!(refusals > 40, "{refusals}");
    // One environment per build: a refusal costs nobody a cold start.
    assert_eq!(
        logs.matches("\"initDurationMs\"").count(),
        ARCHITECTURES.len(),
        "{logs}"
    );
}

#[tokio::test]
async fn logs_name_documents_by_id_alone() {
    let sandbox = sandbox().await;
    let document = json!({"name": "name-of-a-client", "content": "words-of-a-client"});
    let submit = Call::submit("key-of-a-client", &document);
    let created = ask(&sandbox, ARCHITECTURES[0], &submit.event()).await;
    let bad = Call::submit(
        "key-of-a-client",
        &json!({"name-of-a-client": "words-of-a-client"}),
    );
    assert_eq!(
        ask(&sandbox, ARCHITECTURES[0], &bad.event()).await.status,
        400
    );
    let logs = sandbox.logs("http-api").unwrap();
    assert!(logs.contains(&created.text("/id")), "{logs}");
    assert!(!logs.contains("of-a-client"), "{logs}");
}

/// The answer of `live` over HTTP: status, headers, body.
async fn over_http(
    sandbox: &Sandbox,
    request: http::request::Builder,
    body: &str,
) -> http::Response<Bytes> {
    let request: Request<Bytes> = request.body(Bytes::from(body.to_owned())).unwrap();
    sandbox.http("http-api", request).await.unwrap()
}

#[tokio::test]
async fn documents_are_served_over_http_by_either_build() {
    let sandbox = sandbox().await;
    for (architecture, weight) in [(Architecture::X86_64, 0.0), (Architecture::Arm64, 100.0)] {
        sandbox
            .set_weight("http-api", Architecture::Arm64, weight)
            .await
            .unwrap();
        let health = over_http(&sandbox, Request::get("/health"), "").await;
        let health: Value = serde_json::from_slice(health.body()).unwrap();
        assert_eq!(health["architecture"], architecture.as_str());

        let submit = Request::post("/documents")
            .header("content-type", "application/json")
            .header("idempotency-key", format!("http-{architecture}"));
        let created = over_http(&sandbox, submit, r#"{"name":"n","content":"abc"}"#).await;
        assert_eq!(created.status(), 201, "{created:?}");
        assert!(created.headers().contains_key("x-request-id"));
        let path = created.headers()["location"].to_str().unwrap();
        let known = Request::get(path).header("if-none-match", &created.headers()["etag"]);
        let known = over_http(&sandbox, known, "").await;
        assert_eq!((known.status().as_u16(), known.body().len()), (304, 0));
        let head = over_http(&sandbox, Request::head(path), "").await;
        assert_eq!((head.status().as_u16(), head.body().len()), (200, 0));
        let deleted = over_http(&sandbox, Request::delete(path), "").await;
        assert_eq!(deleted.status(), 204);
        // A gateway decodes the path: what comes out must not reach another route.
        for odd in [
            "/documents/%2E%2E/health",
            "/documents/%00",
            "/documents/a%3Fb",
            "/%25",
        ] {
            let answer = over_http(&sandbox, Request::get(odd), "").await;
            assert_eq!(answer.status(), 404, "{odd}");
            assert_eq!(answer.headers()["content-type"], "application/problem+json");
        }
    }
}

#[tokio::test]
async fn under_faults_of_store_and_queue_what_is_acknowledged_is_there_and_retries_do_the_rest() {
    const DOCUMENTS: usize = 40;
    let sandbox = sandbox().await;
    for fault in [
        "dynamodb:TransactWriteItems:throttle=60%",
        "sqs:SendMessage:throttle=60%",
    ] {
        sandbox.service_fault(fault).unwrap();
    }
    let (mut ids, mut refused) = (Vec::new(), 0);
    for number in 0..DOCUMENTS {
        let document = json!({"name": format!("n-{number}"), "content": "abc"});
        let submit = Call::submit(&format!("k-{number}"), &document).event();
        loop {
            let answer = ask(&sandbox, Architecture::X86_64, &submit).await;
            if answer.status == 201 {
                ids.push(answer.text("/id"));
                break;
            }
            answer.expect_problem(503, "unavailable");
            refused += 1;
        }
    }
    assert!(refused > 0, "the faults were never felt");
    for fault in [
        "dynamodb:TransactWriteItems:throttle=0%",
        "sqs:SendMessage:throttle=0%",
    ] {
        sandbox.service_fault(fault).unwrap();
    }
    let list = ask(
        &sandbox,
        Architecture::X86_64,
        &Call::get("/documents?limit=100").event(),
    )
    .await;
    let mut stored: Vec<String> = list.body["documents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|document| document["id"].as_str().unwrap().to_owned())
        .collect();
    stored.sort();
    ids.sort();
    assert_eq!(stored, ids);
    let mut announced = queued(&sandbox).await;
    announced.sort();
    announced.dedup();
    assert_eq!(announced, ids);
}
