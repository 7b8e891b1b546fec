use package::Architecture;
use sandbox::testing::Sandbox;
use tests::events;

use crate::common::GUARD;

#[tokio::test(flavor = "multi_thread")]
async fn both_builds_answer_the_sample_events_as_expected_and_alike_to_the_corpus() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.apply(GUARD).await.unwrap();
    sandbox.replay(GUARD).await.unwrap();
    for (name, event) in events(GUARD, "tests/corpus/refused") {
        let mut answers = Vec::new();
        for build in Architecture::ALL {
            let invocation = sandbox.invoke(GUARD, build.as_str(), &event).await.unwrap();
            assert!(!invocation.is_success(), "{name}: {invocation:?}");
            answers.push((invocation.function_error, invocation.payload));
        }
        assert_eq!(answers[0], answers[1], "{name}");
    }
}
