//! A corpus of malformed events: each gets a typed error that says what is wrong, in few words.

#![allow(clippy::unwrap_used)] // a test fails by panicking

use std::{collections::BTreeMap, fs, path::Path};

use hasher::Request;
use lambda_runtime::Diagnostic;
use proptest::prelude::*;
use serde_json::Value;

/// Longest message in bytes: an event of 6 MiB must not become an error of 6 MiB.
const LONGEST_MESSAGE: usize = 700;

/// What the message about each file says.
const MESSAGES: [(&str, &str); 29] = [
    ("apigateway-v1", "unknown field `"),
    ("apigateway-v2", "unknown field `"),
    ("array", "expected struct Event"),
    ("boolean", "invalid type: boolean"),
    ("both-inputs", "an event has either size_mib"),
    ("data-array", "data_base64: invalid type: sequence"),
    ("data-not-base64", "data_base64: Invalid"),
    ("data-truncated", "data_base64: Invalid"),
    ("data-with-nul", "data_base64: Invalid"),
    ("empty-object", "an event has either size_mib"),
    ("field-huge-name", "xxxxx"),
    ("field-of-other-case", "unknown field `Size_MiB`"),
    (
        "leaf-huge",
        "leaf_kib is 65537, which is not between 1 and 65536",
    ),
    (
        "leaf-zero",
        "leaf_kib is 0, which is not between 1 and 65536",
    ),
    ("no-input", "an event has either size_mib"),
    ("null", "invalid type: null"),
    ("null-fields", "an event has either size_mib"),
    ("number", "invalid type: integer"),
    ("seed-negative", "seed: invalid value: integer `-1`"),
    ("seed-with-data", "an event has either size_mib"),
    ("size-beyond-integers", "size_mib: invalid "),
    (
        "size-fraction",
        "size_mib: invalid type: floating point `1.5`",
    ),
    (
        "size-huge",
        "size_mib is 1000000, which is not between 1 and 14152",
    ),
    ("size-huge-string", "size_mib: invalid type: string \"99999"),
    ("size-negative", "size_mib: invalid value: integer `-1`"),
    ("size-object", "size_mib: invalid type: map"),
    ("size-string", "size_mib: invalid type: string \"64\""),
    ("string", "invalid type: string"),
    ("sqs", "unknown field `Records`"),
];

fn corpus() -> BTreeMap<String, Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    fs::read_dir(folder)
        .unwrap()
        .map(|file| {
            let path = file.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (
                name,
                serde_json::from_slice(&fs::read(path).unwrap()).unwrap(),
            )
        })
        .collect()
}

fn refusal(event: Value) -> Option<Diagnostic> {
    let request = Request::parse(event, 1769);
    request.err().map(Diagnostic::from)
}

#[test]
fn every_malformed_event_is_refused_with_what_is_wrong() {
    let mut corpus = corpus();
    for (name, message) in MESSAGES {
        let event = corpus.remove(name).unwrap_or_else(|| panic!("no {name}"));
        let error = refusal(event).unwrap_or_else(|| panic!("{name} is taken"));
        assert_eq!(error.error_type, "InvalidEvent");
        assert!(error.error_message.contains(message), "{name}: {error:?}");
        assert!(error.error_message.len() <= LONGEST_MESSAGE, "{name}");
    }
    assert!(corpus.is_empty(), "not expected: {:?}", corpus.keys());
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,200}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let key = prop_oneof!["size_mib|seed|leaf_kib|data_base64", ".{0,100}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..6)
                .prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_a_request_or_a_short_typed_error(event in any_json()) {
        if let Some(error) = refusal(event) {
            prop_assert_eq!(error.error_type, "InvalidEvent");
            prop_assert!(!error.error_message.is_empty());
            prop_assert!(error.error_message.len() <= LONGEST_MESSAGE);
        }
    }

    #[test]
    fn a_spoiled_event_is_a_request_or_a_typed_error(
        cut in 0usize..80, at in 0usize..80, byte: u8
    ) {
        let mut bytes = br#"{"size_mib": 64, "seed": 7, "leaf_kib": 1024}"#.to_vec();
        if let Some(spoiled) = bytes.get_mut(at) {
            *spoiled = byte;
        }
        bytes.truncate(cut);
        // Lambda refuses what is not JSON before the function sees it.
        if let Ok(event) = serde_json::from_slice(&bytes)
            && let Some(error) = refusal(event)
        {
            prop_assert_eq!(error.error_type, "InvalidEvent");
        }
    }
}
