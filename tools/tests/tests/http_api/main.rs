//! `http-api` on the sandbox's Lambda, HTTP API, DynamoDB and SQS, from `dist/http-api`: both builds, and documents
//! through their life.

#![cfg(http_api)]
#![allow(clippy::unwrap_used, clippy::expect_used)] // a test fails by panicking
#![allow(unreachable_pub)] // its modules share helpers

mod common;
mod documents;
mod end_to_end;

#[allow(dead_code)] // the function's own tests use the rest
mod answer {
    include!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../functions/http-api/tests/common/answer.rs"
    ));
}
