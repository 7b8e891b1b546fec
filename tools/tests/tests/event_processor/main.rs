//! `event-processor` on the sandbox's Lambda, DynamoDB and SQS, from `dist/event-processor`: both builds, verification,
//! and 5,000 messages while much goes wrong.

#![cfg(event_processor)]
#![allow(clippy::unwrap_used)] // a test fails by panicking
#![allow(unreachable_pub)] // its modules share helpers

mod deployment;
mod end_to_end;
mod nothing_is_lost;
mod verification;

mod events {
    include!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../functions/event-processor/tests/common/events.rs"
    ));
}

/// The message for a document.
fn message(id: uuid::Uuid) -> String {
    serde_json::json!({ "document_id": id }).to_string()
}
