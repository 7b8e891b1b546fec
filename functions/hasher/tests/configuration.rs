//! A wrong setting fails in the init phase, before the first event, with its name.

#![allow(clippy::unwrap_used)] // a test fails by panicking

use std::process::Command;

const MEMORY: &str = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE";

/// Whether the function starts with this memory, and what it says.
fn start(memory: Option<&str>) -> (bool, String) {
    let mut function = Command::new(env!("CARGO_BIN_EXE_hasher"));
    function
        .env_clear()
        .envs(memory.map(|memory| (MEMORY, memory)));
    let output = function.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.success(), said)
}

#[test]
fn a_missing_setting_stops_the_init_and_is_named() {
    let (started, said) = start(None);
    assert!(!started);
    assert!(
        said.contains("environment variable AWS_LAMBDA_FUNCTION_MEMORY_SIZE is not set"),
        "{said}"
    );
}

#[test]
fn a_malformed_setting_stops_the_init_and_is_quoted() {
    let (started, said) = start(Some("much"));
    assert!(!started);
    assert!(
        said.contains(
            "environment variable AWS_LAMBDA_FUNCTION_MEMORY_SIZE is \"much\": \
             invalid digit found in string"
        ),
        "{said}"
    );
}
