//! What the tests share: both release halves in a sandbox, as `guard` and as the function that it guards.
#![allow(dead_code, unreachable_pub)] // every test file uses its own part of it
#![allow(clippy::unwrap_used, clippy::expect_used)] // a helper that panics fails its test

use std::{fs, path::Path, time::Duration};

use aws_sdk_lambda::{operation::get_alias::GetAliasOutput, types::AliasRoutingConfiguration};
use package::Architecture;
use sandbox::{environments::emulation::HOST, testing::Sandbox};
use serde_json::{Value, json};

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
    let dist = tempfile::tempdir().unwrap();
    let dist = dist.path();
    let aliases = json!([{"name": "live", "actions": actions, "functions": [GUARDED]}]);
    let trigger = json!({"kind": "alarm", "name_suffix": "-live-candidate"});
    for (name, trigger, aliases) in [
        (GUARD, trigger, aliases),
        (GUARDED, json!({"kind": "none"}), json!([])),
    ] {
        build(dist, name, &trigger, &aliases);
        sandbox.apply_from(dist, name).await.unwrap();
    }
    sandbox.set_weight(GUARD, HOST, 100.0).await.unwrap();
    set_live(&sandbox, &[("2", 0.25)]).await;
    sandbox
}

/// The build of guard under a name, with another trigger and other rights.
fn build(dist: &Path, name: &str, trigger: &Value, aliases: &Value) {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dist/guard");
    let manifest = fs::read(built.join("function.json")).expect("run scripts/build.sh guard");
    let mut manifest: Value = serde_json::from_slice(&manifest).unwrap();
    manifest["name"] = json!(name);
    manifest["trigger"] = trigger.clone();
    manifest["aliases"] = aliases.clone();
    let folder = dist.join(name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("function.json"), manifest.to_string()).unwrap();
    for half in Architecture::ALL {
        let zip = format!("{half}.zip");
        fs::copy(built.join(&zip), folder.join(&zip)).unwrap();
    }
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
pub async fn taken_back(sandbox: &Sandbox) -> GetAliasOutput {
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
    let text = include_str!("../../events/alarm.json");
    let text = text.replace("hasher", GUARDED).replace("999999999", "2");
    let mut event: Value = serde_json::from_str(&text).unwrap();
    event["detail"]["state"]["value"] = json!(state);
    event
}

/// The files of a folder below this crate, by name, with what is in them.
pub fn files(folder: &str) -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let json = serde_json::from_slice(&fs::read(entry.path()).unwrap());
            (name, json.unwrap())
        })
        .collect();
    files.sort_by(|(a, _), (b, _)| a.cmp(b));
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files
}
