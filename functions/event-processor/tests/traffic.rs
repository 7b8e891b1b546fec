//! The traffic that a deploy to the sandbox sends: documents as `http-api` would store them.

#![allow(clippy::unwrap_used)] // a test fails by panicking

mod common;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use common::files;
use notary::document::{Document, DocumentQueued, Status, content_root};
use serde_json::Value;

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
        let root = document["root"]["S"].as_str().unwrap();
        let genuine = name == "new-document.json";
        assert_eq!(root == content_root(&content), genuine, "{name}");
    }
}

#[test]
fn the_items_are_what_the_store_reads_and_the_message_what_the_function_reads() {
    for (name, scenario) in files("traffic") {
        let scenario: Value = serde_json::from_slice(&scenario).unwrap();
        let (document, content) = items(&scenario);
        assert_eq!(document["kind"]["S"], "document", "{name}");
        // As the sandbox fills them in; numbers are text on the wire.
        let fields = document.as_object().unwrap().iter();
        let fields = fields.map(|(name, value)| {
            let text = value["S"].as_str().map(Value::from);
            let number = || serde_json::from_str(value["N"].as_str().unwrap()).unwrap();
            (name.clone(), text.unwrap_or_else(number))
        });
        let mut fields: Value = fields.collect();
        fields["id"] = "01890a5d-ac96-774b-bcce-b302099a8057".into();
        fields["created_at"] = "2026-01-31T08:00:00Z".into();
        fields["updated_at"] = "2026-01-31T08:00:00Z".into();
        let document: Document = serde_json::from_value(fields).unwrap();
        assert_eq!(
            (document.status, document.revision),
            (Status::Received, 1),
            "{name}"
        );
        assert_eq!(document.size_bytes, content.len() as u64, "{name}");
        let body = scenario[1]["aws"]["input"]["MessageBody"].as_str().unwrap();
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        let body = body.replace("${uuid:document}", id);
        let queued: DocumentQueued = serde_json::from_str(&body).unwrap();
        assert_eq!(queued.document_id.to_string(), id, "{name}");
    }
}
