//! The examples and the templates say what they must answer.
#![allow(clippy::unwrap_used)] // a test fails by panicking

use std::{
    fs,
    path::{Path, PathBuf},
};

use package::replay::read_events;

/// Those that a fork has left. Its own functions may do without: a replay says so.
const EXAMPLES: [&str; 3] = ["event-processor", "hasher", "http-api"];

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn every_event_of_an_example_or_a_template_has_an_expected_answer() {
    let examples = EXAMPLES.map(|name| workspace().join("functions").join(name));
    let examples = examples.into_iter().filter(|folder| folder.is_dir());
    let templates = fs::read_dir(workspace().join("templates")).unwrap();
    let templates = templates.map(|entry| entry.unwrap().path());
    for folder in examples.chain(templates) {
        for event in read_events(&folder.join("events")).unwrap() {
            assert!(
                event.expected.is_some(),
                "{}: {}",
                folder.display(),
                event.name
            );
        }
    }
}
