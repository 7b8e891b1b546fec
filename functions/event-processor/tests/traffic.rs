//! The traffic that a deploy to the sandbox sends: documents as `http-api` would store them.

#![allow(clippy::unwrap_used)] // a test fails by panicking

mod common;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use common::files;
use serde_json::Value;
use shared::document::{DocumentName, DocumentQueued, Root, Status, content_root};

/// The document's item and the content's bytes of a scenario.
fn items(scenario: &Value) -> (Value, Vec<u8>) {
    let writes = &scenario[0]["aws"]["input"]["TransactItems"];
    let document = writes[0]["Put"]["Item"].clone();
    let content = writes[1]["Put"]["Item"]["content"]["B"].as_str().unwrap();
    (document, BASE64_STANDARD.decode(content).unwrap())
}

#[test]
fn a_new_document_has_its_contents_root_and_a_false_one_has_not() {
    for (name, scenario) in files("traffic") {
        let scenario: Value = serde_json::from_slice(&scenario).unwrap();
        let (document, content) = items(&scenario);
        let root: Root = document["root"]["S"].as_str().unwrap().parse().unwrap();
        let genuine = name == "new-document.json";
        assert_eq!(root == content_root(&content), genuine, "{name}");
    }
}

#[test]
fn the_items_are_what_the_store_reads_and_the_message_what_the_function_reads() {
    for (name, scenario) in files("traffic") {
        let scenario: Value = serde_json::from_slice(&scenario).unwrap();
        let (document, content) = items(&scenario);
        let text = |field: &str| document[field]["S"].as_str().unwrap();
        assert_eq!(text("kind"), "document", "{name}");
        assert_eq!(text("status").parse(), Ok(Status::Received), "{name}");
        assert!(text("name").parse::<DocumentName>().is_ok(), "{name}");
        assert_eq!(
            document["size_bytes"]["N"],
            content.len().to_string(),
            "{name}"
        );
        assert_eq!(document["revision"]["N"], "1", "{name}");
        let body = scenario[1]["aws"]["input"]["MessageBody"].as_str().unwrap();
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        let body = body.replace("${uuid:document}", id);
        let queued: DocumentQueued = serde_json::from_str(&body).unwrap();
        assert_eq!(queued.document_id.to_string(), id, "{name}");
    }
}
