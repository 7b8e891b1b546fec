//! Little traffic is no failure, and a candidate that does not get its share is not compared.

use std::sync::Arc;

use sandbox::testing::Sandbox;

use crate::common::Stage;

const FUNCTION: &str = "hasher";

/// A second for a minute: none, one and five calls a minute.
#[tokio::test(flavor = "multi_thread")]
async fn functions_with_none_one_and_five_calls_a_period_are_promoted_and_the_end_says_what_was_not_seen()
 {
    let sandbox = Arc::new(Sandbox::start().await.unwrap());
    let quiet = |calls: u32| {
        let sandbox = Arc::clone(&sandbox);
        async move {
            let name = format!("quiet-{calls}");
            let stage = Stage::set_as(&sandbox, FUNCTION, &name).await;
            let traffic = match calls {
                0 => None,
                _ => Some(stage.invocations("three-bytes.json", calls.into()).await),
            };
            let times = ["--bake", "3s", "--step-timeout", "4s", "--bake-after", "0s"];
            let ended = stage.rollout("run", &times).await;
            drop(traffic);
            ended
        }
    };
    let [none, one, five] = <[_; 3]>::from(tokio::join!(quiet(0), quiet(1), quiet(5)));
    none.expect(0, &["promoted", "nobody called, so nothing was seen of"]);
    for few in [one, five] {
        few.expect(
            0,
            &["promoted", ". Not seen: 100 invocations at 5%, 25%, 50%"],
        );
    }
}
