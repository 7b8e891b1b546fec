//! Documents through the function, on the DynamoDB and SQS of a sandbox.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use notary::document::content_root;
use sandbox::execution::emulation::HOST;
use serde_json::{Value, json};

use crate::{
    answer::Call,
    common::{Api, DOCUMENTS, FUNCTION, queue_url},
};

fn deed() -> Value {
    json!({"name": "Deed of sale", "content": "Sold: one horse."})
}

#[tokio::test]
async fn a_document_is_acknowledged_when_it_is_stored_and_queued() {
    let api = Api::start().await;
    let created = api.submit("k", &deed()).await;
    assert_eq!(created.status, 201, "{created:?}");
    let id = created.text("/id");
    assert_eq!(created.header("location"), format!("/documents/{id}"));
    assert_eq!(created.header("etag"), format!("\"{id}.1\""));
    assert_eq!(created.header("idempotent-replayed"), "");
    assert_eq!(created.body["name"], "Deed of sale");
    assert_eq!(created.body["size_bytes"], 16);
    assert_eq!(created.body["status"], "received");
    let root = content_root(b"Sold: one horse.");
    assert_eq!(created.body["root"], root);

    let read = api.send(Call::get(created.header("location"))).await;
    assert_eq!((read.status, &read.body), (200, &created.body));
    assert_eq!(read.header("etag"), created.header("etag"));
    assert_eq!(api.queued().await, [id]);
}

#[tokio::test]
async fn the_same_request_again_gives_the_same_document_and_is_marked() {
    let api = Api::start().await;
    let first = api.submit("k", &deed()).await;
    let base64 = json!({"content_base64": "U29sZDogb25lIGhvcnNlLg==", "name": "Deed of sale"});
    for again in [deed(), base64] {
        let answer = api.submit("k", &again).await;
        assert_eq!((answer.status, &answer.body), (201, &first.body));
        assert_eq!(answer.header("location"), first.header("location"));
        assert_eq!(answer.header("idempotent-replayed"), "true");
    }
    let list = api.send(Call::get("/documents")).await;
    assert_eq!(
        list.body,
        json!({"documents": [first.body], "next_cursor": null})
    );
}

#[tokio::test]
async fn a_key_belongs_to_one_document_and_outlives_it() {
    let api = Api::start().await;
    let first = api.submit("k", &deed()).await;
    for other in [
        json!({"name": "Deed of sale", "content": "Sold: one cow."}),
        json!({"name": "Deed", "content": "Sold: one horse."}),
        json!({"name": "Deed of sale", "content": "Sold: one horse.", "root": first.body["root"]}),
    ] {
        let answer = api.submit("k", &other).await;
        answer.expect_problem(422, "key-reused");
    }
    let delete = Call::new("DELETE", first.header("location"));
    assert_eq!(api.send(delete.clone()).await.status, 204);
    api.send(delete)
        .await
        .expect_problem(404, "document-not-found");
    let gone = api.send(Call::get(first.header("location"))).await;
    gone.expect_problem(404, "document-not-found");
    api.submit("k", &deed())
        .await
        .expect_problem(409, "document-deleted");
}

#[tokio::test]
async fn a_retry_completes_what_the_queue_s_failure_left_unfinished() {
    let api = Api::start().await;
    let fault = |percent| {
        let fault = format!("sqs:SendMessage:errors={percent}%");
        api.sandbox.service_fault(&fault).unwrap();
    };
    fault(100);
    let answer = api.submit("k", &deed()).await;
    answer.expect_problem(503, "unavailable");
    assert_eq!(answer.header("retry-after"), "1");
    fault(0);
    assert_eq!(api.queued().await, Vec::<String>::new());

    // The deploy's fault, not the moment's: trying again will not help until somebody has looked.
    let sqs = aws_sdk_sqs::Client::new(&api.sandbox.sdk_config());
    let delete = sqs.delete_queue().queue_url(queue_url(&api.sandbox));
    delete.send().await.unwrap();
    let answer = api.submit("k", &deed()).await;
    answer.expect_problem(500, "internal");
    let create = sqs.create_queue().queue_name(DOCUMENTS);
    create.send().await.unwrap();

    let stored = api.send(Call::get("/documents")).await;
    let answer = api.submit("k", &deed()).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(stored.body["documents"], json!([answer.body]));
    assert_eq!(api.queued().await, [answer.text("/id")]);
}

#[tokio::test]
async fn a_settled_document_is_not_announced_again() {
    let api = Api::start().await;
    let id = api.submit("k", &deed()).await.text("/id");
    assert_eq!(api.queued().await.len(), 1);
    let store = api.store();
    store.settle(id.parse().unwrap(), true).await.unwrap();

    let again = api.submit("k", &deed()).await;
    assert_eq!(
        (again.status, again.text("/status")),
        (201, "verified".to_owned())
    );
    assert_eq!(api.queued().await, Vec::<String>::new());
}

#[tokio::test]
async fn submissions_at_once_with_one_key_make_one_document() {
    let api = Api::start().await;
    let calls = (0..8).map(|_| {
        let api = api.clone();
        tokio::spawn(async move { api.submit("k", &deed()).await })
    });
    let mut acknowledged = 0;
    let mut ids = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        let answer = call.await.unwrap();
        // Eight transactions on one key conflict: whoever loses too often is told to try again.
        if answer.status == 201 {
            acknowledged += 1;
            ids.push(answer.text("/id"));
        } else {
            answer.expect_problem(503, "unavailable");
        }
    }
    assert!(acknowledged >= 1);
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    let list = api.send(Call::get("/documents")).await;
    assert_eq!(list.body["documents"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_etag_changes_with_the_document_and_guards_reading_and_deleting() {
    let api = Api::start().await;
    let created = api.submit("k", &deed()).await;
    let (path, old) = (created.header("location"), created.header("etag"));

    let unchanged = api.send(Call::get(path).header("if-none-match", old)).await;
    assert_eq!((unchanged.status, &unchanged.body), (304, &Value::Null));
    assert_eq!(unchanged.header("etag"), old);
    assert_eq!(unchanged.header("cache-control"), "private, no-cache");

    let store = api.store();
    let id = created.text("/id").parse().unwrap();
    store.settle(id, false).await.unwrap();
    let changed = api.send(Call::get(path).header("if-none-match", old)).await;
    assert_eq!(
        (changed.status, changed.text("/status")),
        (200, "rejected".to_owned())
    );
    let new = changed.header("etag");
    assert_ne!(new, old);

    let delete = |etag: &str| api.send(Call::new("DELETE", path).header("if-match", etag));
    let weak = format!("W/{new}");
    for other in [old, &weak] {
        delete(other)
            .await
            .expect_problem(412, "precondition-failed");
    }
    assert_eq!(delete(&format!("\"other\", {new}")).await.status, 204);
    // A document that is gone has no state to compare with.
    delete("*").await.expect_problem(404, "document-not-found");
}

#[tokio::test]
async fn pages_show_every_document_once_newest_first() {
    let api = Api::start().await;
    let mut newest_first = Vec::new();
    for number in 0..5 {
        newest_first.insert(0, api.stored(&format!("document-{number}")).await);
    }
    let (mut seen, mut sizes, mut target) =
        (Vec::new(), Vec::new(), "/documents?limit=2".to_owned());
    loop {
        let page = api.send(Call::get(&target)).await;
        assert_eq!(page.status, 200, "{page:?}");
        let documents = page.body["documents"].as_array().unwrap();
        sizes.push(documents.len());
        seen.extend(
            documents
                .iter()
                .map(|document| document["id"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page.body["next_cursor"].as_str() else {
            break;
        };
        target = format!("/documents?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, newest_first);
    assert_eq!(sizes, [2, 2, 1]);
}

#[tokio::test]
async fn content_comes_back_byte_by_byte_and_is_gone_with_its_document() {
    let api = Api::start().await;
    for (key, bytes) in [
        ("text", b"Sold: one horse.".to_vec()),
        ("binary", (0..=255).collect()),
    ] {
        let document = json!({"name": key, "content_base64": BASE64_STANDARD.encode(&bytes)});
        let path = api
            .submit(key, &document)
            .await
            .header("location")
            .to_owned();
        let content = format!("{path}/content");
        let event = Call::get(&content).event();
        let answer = api
            .sandbox
            .invoke(FUNCTION, HOST.as_str(), &event)
            .await
            .unwrap()
            .payload;
        assert_eq!(
            (&answer["statusCode"], &answer["isBase64Encoded"]),
            (&json!(200), &json!(true))
        );
        assert_eq!(
            answer["headers"]["content-type"],
            "application/octet-stream"
        );
        let body = answer["body"].as_str().unwrap();
        assert_eq!(BASE64_STANDARD.decode(body).unwrap(), bytes);
        // The sandbox's HTTP API decodes it as API Gateway does.
        let request = http::Request::get(&content)
            .body(bytes::Bytes::new())
            .unwrap();
        let answer = api.sandbox.http(FUNCTION, request).await.unwrap();
        assert_eq!(answer.body(), &bytes);
        assert_eq!(api.send(Call::new("DELETE", &path)).await.status, 204);
        api.send(Call::get(&content))
            .await
            .expect_problem(404, "document-not-found");
    }
}

#[tokio::test]
async fn the_largest_content_is_stored_and_a_claimed_root_is_kept() {
    let api = Api::start().await;
    let claimed = "ab".repeat(32);
    let content = "a".repeat(262_144);
    let document = json!({"name": "n".repeat(255), "content": content, "root": claimed});
    let answer = api.submit(&"k".repeat(255), &document).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.body["root"], claimed);
    assert_eq!(answer.body["size_bytes"], 262_144);
}

#[tokio::test]
async fn a_store_that_fails_is_503_everywhere_and_never_an_acknowledgement() {
    let api = Api::start().await;
    api.sandbox.service_fault("dynamodb:*:errors=100%").unwrap();
    let path = "/documents/01890a5d-ac96-774b-bcce-b302099a8057";
    for call in [
        Call::submit("k", &deed()),
        Call::get("/documents"),
        Call::get(path),
        Call::new("DELETE", path),
        Call::new("DELETE", path).header("if-match", "*"),
    ] {
        let answer = api.send(call).await;
        answer.expect_problem(503, "unavailable");
        assert_eq!(answer.header("retry-after"), "1");
    }
    assert_eq!(api.queued().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_fault_of_the_deploy_is_500_and_tells_the_caller_nothing_about_it() {
    let api = Api::start().await;
    let dynamodb = aws_sdk_dynamodb::Client::new(&api.sandbox.sdk_config());
    dynamodb
        .delete_table()
        .table_name(DOCUMENTS)
        .send()
        .await
        .unwrap();
    let answer = api.submit("k", &deed()).await;
    answer.expect_problem(500, "internal");
    let text = answer.body.to_string().to_lowercase();
    assert!(
        !text.contains("table") && !text.contains("dynamo"),
        "{text}"
    );
}
