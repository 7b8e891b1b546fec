//! The real `hasher`, both halves, through the Runtime API: `dist/hasher` as it would be uploaded.

#![allow(clippy::unwrap_used)] // a test fails by panicking

mod common;

use std::path::Path;

use aws_sdk_lambda::{
    operation::invoke::InvokeOutput,
    primitives::Blob,
    types::{Architecture, FunctionCode, LogType, Runtime},
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use common::{ROLE, Sandbox, payload};
use package::FunctionManifest;
use serde_json::{Value, json};

const HALVES: [Architecture; 2] = [Architecture::Arm64, Architecture::X8664];

/// A sandbox with one function per half, named after its architecture.
async fn both_halves() -> Sandbox {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dist");
    let manifest =
        FunctionManifest::read(&dist, "hasher").unwrap_or_else(|error| panic!("{error}"));
    let sandbox =
        Sandbox::start_with(|options| options.init_limit = std::time::Duration::from_secs(10))
            .await;
    for half in HALVES {
        let zip = std::fs::read(dist.join("hasher").join(format!("{half}.zip"))).unwrap();
        sandbox
            .lambda
            .create_function()
            .function_name(half.as_str())
            .role(ROLE)
            .runtime(Runtime::Providedal2023)
            .handler(&manifest.handler)
            .memory_size(1769)
            .timeout(60)
            .architectures(half.clone())
            .code(FunctionCode::builder().zip_file(Blob::new(zip)).build())
            .send()
            .await
            .unwrap();
    }
    sandbox
}

async fn invoke(sandbox: &Sandbox, half: &Architecture, event: &Value) -> InvokeOutput {
    let invoke = sandbox.lambda.invoke().function_name(half.as_str());
    invoke
        .payload(Blob::new(event.to_string()))
        .log_type(LogType::Tail)
        .send()
        .await
        .unwrap()
}

/// What REPORT says of the peak memory of the environment, in MiB.
fn max_memory_used_mib(output: &InvokeOutput) -> u64 {
    let log = BASE64
        .decode(output.log_result.as_deref().unwrap())
        .unwrap();
    let log = String::from_utf8(log).unwrap();
    let (_, rest) = log.split_once("Max Memory Used: ").unwrap();
    rest.split(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn both_halves_give_the_known_root_and_say_what_they_are() {
    let sandbox = both_halves().await;
    for (half, baseline) in HALVES.iter().zip(["neoverse-n1", "haswell"]) {
        // SHA-256(0x00 || "abc"): one leaf.
        let answer = payload(&invoke(&sandbox, half, &json!({"data_base64": "YWJj"})).await);
        let root = "609f6e36d2405585188d5cfd761f407c7cc46a7d3f314c88270469dde315fcd1";
        assert_eq!(answer["root"], root, "{answer}");
        assert_eq!(answer["leaves"], 1);
        assert_eq!(answer["architecture"], half.as_str());
        assert_eq!(answer["cpu_baseline"], baseline);
    }
}

#[tokio::test]
async fn both_halves_agree_on_every_root() {
    let sandbox = both_halves().await;
    for event in [
        json!({"size_mib": 1, "seed": 7, "leaf_kib": 1}),
        json!({"size_mib": 3, "seed": 8, "leaf_kib": 1024}),
        json!({"size_mib": 2, "seed": 9, "leaf_kib": 3}),
        json!({"data_base64": ""}),
    ] {
        let mut answers = Vec::new();
        for half in &HALVES {
            let answer = payload(&invoke(&sandbox, half, &event).await);
            answers.push((
                answer["root"].clone(),
                answer["leaves"].clone(),
                answer["bytes"].clone(),
            ));
        }
        assert!(answers[0].0.is_string(), "{event}: {answers:?}");
        assert_eq!(answers[0], answers[1], "{event}");
    }
}

#[tokio::test]
async fn bad_events_are_typed_function_errors_that_name_the_field() {
    let sandbox = both_halves().await;
    for half in &HALVES {
        for (event, message) in [
            (
                json!({"size_mib": -1}),
                "size_mib is -1, which is not between 1 and 14152 MiB",
            ),
            (
                json!({"size_mib": 1_000_000}),
                "size_mib is 1000000, which is not between",
            ),
            (
                json!({"size_mib": 1, "leaf_kib": 0}),
                "leaf_kib is 0, which is not between 1 and 65536 KiB",
            ),
            (
                json!({"data_base64": "?"}),
                "data_base64 is not standard base64",
            ),
            (json!({"megabytes": 1}), "unknown field `megabytes`"),
            (json!("text"), "the event is a string"),
        ] {
            let output = invoke(&sandbox, half, &event).await;
            assert_eq!(
                output.function_error.as_deref(),
                Some("Unhandled"),
                "{event}"
            );
            let error = payload(&output);
            assert_eq!(error["errorType"], "InvalidEvent", "{error}");
            let text = error["errorMessage"].as_str().unwrap();
            assert!(text.starts_with(message), "{text}");
        }
    }
}

#[tokio::test]
async fn memory_stays_flat_while_the_input_grows() {
    let sandbox = both_halves().await;
    let native = Architecture::from(sandbox::environments::emulation::HOST.as_str());
    let small = invoke(&sandbox, &native, &json!({"size_mib": 1})).await;
    let large = invoke(&sandbox, &native, &json!({"size_mib": 512, "leaf_kib": 64})).await;
    assert_eq!(large.function_error, None, "{}", payload(&large));
    let (small, large) = (max_memory_used_mib(&small), max_memory_used_mib(&large));
    assert!(
        large < small + 16,
        "{small} MiB for 1 MiB of input, {large} MiB for 512 MiB"
    );
}
