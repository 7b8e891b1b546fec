//! Both builds in a sandbox, as `guard` and as the function that it guards.

use std::time::Duration;

use aws_sdk_lambda::{operation::get_alias::GetAliasOutput, types::AliasRoutingConfiguration};
use sandbox::{execution::emulation::HOST, testing::Sandbox};
use serde_json::{Value, json};
use tests::{changed_build, events};

/// The function under test.
pub const GUARD: &str = "guard";
/// The function that it guards. Its code is guard's too: an event of an alarm that is OK is a
/// success, anything else an error.
pub const GUARDED: &str = "guarded";

/// How long anything here may take; only a failing test waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A sandbox with both functions; version 2 of the guarded one has a quarter of its `live`.
pub async fn sandbox(actions: &[&str]) -> Sandbox {
    let sandbox = Sandbox::start().await.unwrap();
    let aliases = json!([{"name": "live", "actions": actions, "functions": [GUARDED]}]);
    let trigger = json!({"kind": "alarm", "name_suffix": "-live-candidate"});
    for (name, trigger, aliases) in [
        (GUARD, trigger, aliases),
        (GUARDED, json!({"kind": "none"}), json!([])),
    ] {
        let dist = changed_build(GUARD, name, |manifest| {
            manifest["trigger"] = trigger;
            manifest["aliases"] = aliases;
        });
        sandbox.apply_from(dist.path(), name).await.unwrap();
    }
    sandbox.set_weight(GUARD, HOST, 100.0).await.unwrap();
    set_live(&sandbox, &[("2", 0.25)]).await;
    sandbox
}

/// Lets `live` of the guarded function serve version 1, with these weights beside it.
pub async fn set_live(sandbox: &Sandbox, weights: &[(&str, f64)]) {
    let weights = weights
        .iter()
        .map(|&(version, weight)| (version.to_owned(), weight));
    let routing = AliasRoutingConfiguration::builder()
        .set_additional_version_weights(Some(weights.collect()));
    let update = sandbox
        .lambda
        .update_alias()
        .function_name(GUARDED)
        .name("live");
    let update = update.function_version("1").routing_config(routing.build());
    update
        .description("rollout 1->2 since 2026-11-23T14:30:00Z 25%@0s")
        .send()
        .await
        .unwrap();
}

/// `live` of the guarded function.
pub async fn live(sandbox: &Sandbox) -> GetAliasOutput {
    let get = sandbox
        .lambda
        .get_alias()
        .function_name(GUARDED)
        .name("live");
    get.send().await.unwrap()
}

/// The weight of version 2.
pub fn weight(live: &GetAliasOutput) -> Option<f64> {
    let weights = live.routing_config()?.additional_version_weights()?;
    weights.get("2").copied()
}

/// Waits until version 2 has no weight.
pub async fn rolled_back(sandbox: &Sandbox) -> GetAliasOutput {
    let waiting = async {
        loop {
            let live = live(sandbox).await;
            if weight(&live).is_none() {
                return live;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .expect("nobody takes the weight back")
}

/// The sample event of an alarm on version 2 of the guarded function, in this state.
pub fn event(state: &str) -> Value {
    let events = events(GUARD, "events");
    let (_, sample) = events
        .iter()
        .find(|(name, _)| name == "alarm.json")
        .unwrap();
    let text = sample.to_string();
    let text = text.replace("hasher", GUARDED).replace("999999999", "2");
    let mut event: Value = serde_json::from_str(&text).unwrap();
    event["detail"]["state"]["value"] = json!(state);
    event
}
