//! Both release halves, from `dist/guard`: the same events, the same answers.

#![allow(clippy::unwrap_used)] // a test fails by panicking

mod common;

use common::{GUARD, files};
use package::Architecture;
use sandbox::testing::Sandbox;

#[tokio::test(flavor = "multi_thread")]
async fn both_halves_answer_alike_to_the_sample_events_and_to_the_corpus() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.apply(GUARD).await.unwrap();
    for folder in ["events", "tests/corpus/refused"] {
        for (name, event) in files(folder) {
            let mut answers = Vec::new();
            for half in Architecture::ALL {
                let invocation = sandbox.invoke(GUARD, half.as_str(), &event).await.unwrap();
                assert_eq!(
                    invocation.is_success(),
                    folder == "events",
                    "{name}: {invocation:?}"
                );
                answers.push((invocation.function_error, invocation.payload));
            }
            assert_eq!(answers[0], answers[1], "{name}");
        }
    }
}
