//! The controller: rollouts that go on when whoever has started them is gone. As a function with its real bootstrap, and in
//! this process where it has to die at any moment.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use aws_config::SdkConfig;
use aws_sdk_lambda::{operation::get_alias::GetAliasOutput, types::AliasRoutingConfiguration};
use chrono::{TimeDelta, Utc};
use controller::{Controller, tell::LastTold, tick::Account, wake::Wake};
use package::RolloutPolicy;
use rollout::{
    aws::{client::Clients, function, tags},
    delivery::{
        decision::Cause,
        frozen::{Frozen, Next},
        moves,
        record::Record,
        tags::{NEXT, RUN},
    },
};
use sandbox::{execution::emulation::HOST, testing::Sandbox};
use serde_json::Value;

use crate::common::Stage;

const FUNCTION: &str = "hasher";

/// Nothing here takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// Steps of seconds.
pub const QUICK: [&str; 6] = ["--bake", "2s", "--steps", "20,50,100", "--bake-after", "0s"];

/// Two pairs, and the controller as a function.
async fn controlled() -> Stage {
    let sandbox = Arc::new(Sandbox::start().await.unwrap());
    sandbox.apply("controller").await.unwrap();
    Stage::set_as(&sandbox, FUNCTION, FUNCTION).await
}

pub async fn live(stage: &Stage) -> GetAliasOutput {
    let get = stage.sandbox.lambda.get_alias();
    let get = get.function_name(&stage.function).name("live");
    get.send().await.unwrap()
}

pub fn description(live: &GetAliasOutput) -> &str {
    live.description().unwrap_or_default()
}

/// Waits until it is so.
async fn until<T>(what: &str, mut is_so: impl AsyncFnMut() -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(found) = is_so().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    waited.unwrap_or_else(|_| panic!("{what}"))
}

/// The keys `rollout:*` of the function's tags.
async fn keys(stage: &Stage) -> BTreeSet<String> {
    let function = stage.sandbox.lambda.get_function();
    let function = function.function_name(&stage.function).send().await;
    let tags = function.unwrap().tags.unwrap_or_default();
    let own = |key: &String| key.starts_with("rollout:run-") || key.starts_with("rollout:next-");
    tags.into_keys().filter(own).collect()
}

/// What somebody makes of `live`, with whatever tool.
async fn change_by_hand(stage: &Stage, version: &str, description: &str) {
    let nothing = AliasRoutingConfiguration::builder()
        .set_additional_version_weights(Some(Default::default()));
    let update = stage.sandbox.lambda.update_alias();
    let update = update.function_name(&stage.function).name("live");
    let update = update.routing_config(nothing.build());
    let update = update.function_version(version).description(description);
    update.send().await.unwrap();
}

/// A rollout to a version that waits for the end of the one under way.
async fn let_wait(stage: &Stage, goal: &str, change: impl FnOnce(&mut Next)) {
    let mut next = Next {
        goal: goal.parse().unwrap(),
        policy: RolloutPolicy::default(),
        until: None,
        retry: false,
        force: false,
    };
    change(&mut next);
    let lambda = &stage.sandbox.lambda;
    let function = function::read(lambda, &stage.function).await.unwrap();
    moves::keep(lambda, &function, NEXT, &next).await.unwrap();
}

/// As if nobody was about to set the first weight any more.
async fn started_long_ago(stage: &Stage) {
    let lambda = &stage.sandbox.lambda;
    let function = function::read(lambda, &stage.function).await.unwrap();
    let frozen: Frozen = RUN.read(&function.tags).unwrap().unwrap();
    let frozen = Frozen {
        started: frozen.started - TimeDelta::minutes(5),
        ..frozen
    };
    moves::keep(lambda, &function, RUN, &frozen).await.unwrap();
}

async fn wake(controller: &mut Controller) {
    let woken = controller.wake(&Wake::Time(Utc::now())).await.unwrap();
    assert!(woken.failed.is_empty(), "{woken:?}");
}

/// Waits until the rollout has been removed from the function's tags, which is its end.
async fn over(stage: &Stage) -> GetAliasOutput {
    until("the rollout is not over", async || {
        (!is_under_way(stage).await).then_some(())
    })
    .await;
    live(stage).await
}

/// Whether the function's tags have a rollout.
pub async fn is_under_way(stage: &Stage) -> bool {
    let function = stage.sandbox.lambda.get_function();
    let function = function.function_name(&stage.function).send().await;
    let tags = function.unwrap().tags().cloned().unwrap_or_default();
    tags.contains_key("rollout:run-1")
}

async fn reaches(stage: &Stage, percent: f64) {
    until("the weight is not reached", async || {
        let record: Record = description(&live(stage).await).parse().ok()?;
        (record.percent().value() >= percent).then_some(())
    })
    .await;
}

/// How many events say this, each time that they were told.
fn sentences(stage: &Stage, part: &str) -> usize {
    let events = stage.sandbox.events();
    let sentences = events
        .iter()
        .map(|event| event["detail"]["sentence"].as_str());
    sentences.flatten().filter(|it| it.contains(part)).count()
}

/// What was told, each once, in the order of time.
pub fn told(stage: &Stage) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let events = stage.sandbox.events();
    let details = events.iter().map(|event| &event["detail"]);
    let new = details.filter(|detail| seen.insert(detail["id"].to_string()));
    new.map(|detail| detail["event"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_shell_has_started_that_is_gone_is_promoted_and_told() {
    let stage = controlled().await;
    let traffic = stage.invocations("three-bytes.json", 50.0).await;
    stage
        .rollout("start", &QUICK)
        .await
        .expect(0, &["started; the controller does the rest"]);
    let watched = stage.run("watch", &["--for", "100s"]).await;
    watched.expect(0, &["promoted: live of hasher serves"]);
    let live = over(&stage).await;
    drop(traffic);
    assert_eq!(live.function_version(), Some(stage.candidate()));
    assert!(description(&live).contains(" 100%@"), "{live:?}");
    assert_eq!(told(&stage), ["started", "step", "promoted"]);
    stage
        .run("watch", &[])
        .await
        .expect(0, &["no rollout of hasher is under way"]);
    let alarm = stage.run("status", &["--json"]).await;
    let alarm: Value = serde_json::from_str(&alarm.said).unwrap();
    assert_eq!(
        (&alarm["alarm"], &alarm["rollout_since"]),
        (&Value::Null, &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_release_that_nobody_watches_is_rolled_back_and_says_why() {
    let stage = controlled().await;
    let fault = format!("{}:errors=60%", HOST.other());
    stage.sandbox.fault(FUNCTION, &fault).unwrap();
    let traffic = stage.invocations("three-bytes.json", 50.0).await;
    // The other build of the pair that serves: one move.
    let to = ["--to", "2", "--period", "1s", "--metric-delay", "1s"];
    let slow = [&to[..], &["--bake", "60s", "--steps", "20,100"]].concat();
    stage.run("start", &slow).await.expect(0, &["started"]);
    let live = over(&stage).await;
    drop(traffic);
    assert!(live.routing_config().is_none_or(|it| {
        it.additional_version_weights()
            .is_none_or(|it| it.is_empty())
    }));
    let record: Record = description(&live).parse().unwrap();
    assert!(record.cause.is_some(), "{record}");
    assert_eq!(told(&stage), ["started", "rolled_back"]);
    stage
        .run("watch", &[])
        .await
        .expect(1, &["was rolled back"]);
    let text = stage.run("start", &slow).await;
    text.expect(1, &["was rolled back", "rollout retry"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn any_shell_approves_pauses_resumes_promotes_and_aborts_it() {
    let stage = controlled().await;
    let traffic = stage.invocations("three-bytes.json", 20.0).await;
    stage
        .rollout(
            "start",
            &["--approval", "--bake", "60s", "--steps", "20,50,100"],
        )
        .await
        .expect(0, &[]);
    assert!(description(&live(&stage).await).ends_with("awaits approval"));
    stage
        .run("watch", &["--for", "3s"])
        .await
        .expect(3, &["waits for approval", "is not over"]);
    assert_eq!(sentences(&stage, "awaits approval"), 1);
    stage.run("promote", &[]).await.expect(0, &[]);
    reaches(&stage, 20.0).await;
    stage.run("pause", &[]).await.expect(0, &["paused at 20%"]);
    until("nobody tells of the pause", async || {
        told(&stage).contains(&"paused".to_owned()).then_some(())
    })
    .await;
    stage.run("resume", &[]).await.expect(0, &[]);
    stage.run("promote", &[]).await.expect(0, &[]);
    reaches(&stage, 50.0).await;
    stage.run("abort", &[]).await.expect(0, &["aborted at 50%"]);
    let live = over(&stage).await;
    drop(traffic);
    assert!(description(&live).ends_with(" aborted"), "{live:?}");
    assert_eq!(told(&stage).last().map(String::as_str), Some("rolled_back"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_moves_the_first_is_watched_after_its_promotion_and_then_the_second_begins() {
    let stage = controlled().await;
    let traffic = stage.invocations("three-bytes.json", 50.0).await;
    // A pair that knows that it is one.
    stage.newer().await;
    stage.run("publish", &[]).await.expect(0, &["published"]);
    let aliases = stage.sandbox.lambda.get_alias().function_name(FUNCTION);
    let goal = aliases.name(HOST.other().as_str()).send().await.unwrap();
    let goal = goal.function_version().unwrap();
    let quick = ["--period", "1s", "--metric-delay", "1s"];
    let flags = [
        &["--to", goal][..],
        &quick,
        &["--bake", "2s", "--steps", "50,100", "--bake-after", "4s"],
    ];
    let started = stage.run("start", &flags.concat()).await;
    started.expect(0, &["started"]);
    let live = over(&stage).await;
    drop(traffic);
    assert_eq!(live.function_version(), Some(goal));
    assert_eq!(told(&stage), ["started", "started", "promoted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_ends_only_with_promote_says_so_once() {
    let stage = controlled().await;
    let traffic = stage.invocations("three-bytes.json", 50.0).await;
    let pausing = [&QUICK[..], &["--pause-at", "20"]].concat();
    stage.rollout("start", &pausing).await.expect(0, &[]);
    let candidate = stage.candidate();
    let waits = format!("20% is over, and version {candidate} waits for rollout promote");
    until("nobody says that it waits", async || {
        (sentences(&stage, &waits) > 0).then_some(())
    })
    .await;
    let all = stage.run("status", &["--all"]).await;
    all.expect(0, &["promotion"]);
    // Several ticks find it waiting.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(sentences(&stage, &waits), 1);
    stage.run("promote", &[]).await.expect(0, &[]);
    let live = over(&stage).await;
    drop(traffic);
    assert_eq!(live.function_version(), Some(stage.candidate()));
    assert_eq!(told(&stage), ["started", "paused", "step", "promoted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_that_a_hand_has_changed_is_not_touched_any_more() {
    let stage = controlled().await;
    stage
        .rollout("start", &["--bake", "60s"])
        .await
        .expect(0, &[]);
    until("nothing is told", async || {
        (!told(&stage).is_empty()).then_some(())
    })
    .await;
    change_by_hand(&stage, "2", "by hand").await;
    let live = over(&stage).await;
    assert_eq!(description(&live), "by hand");
    assert_eq!(
        told(&stage).last().map(String::as_str),
        Some("changed_by_hand")
    );
}

/// A controller in this process, as one that has just started.
fn new_controller(sandbox: &Sandbox) -> Controller {
    controller_with(sandbox, Clients::new(&sandbox.sdk_config()))
}

fn controller_with(sandbox: &Sandbox, clients: Clients) -> Controller {
    controller_by(&sandbox.sdk_config(), clients)
}

/// One that makes all its calls like this.
pub fn controller_of(config: &SdkConfig) -> Controller {
    controller_by(config, Clients::new(config))
}

fn controller_by(config: &SdkConfig, clients: Clients) -> Controller {
    let account = Account {
        clients,
        events: aws_sdk_eventbridge::Client::new(config),
        bus: "default".to_owned(),
        last_told: LastTold::default(),
    };
    Controller::new(account, String::new())
}

/// Where nobody answers.
fn nowhere(sandbox: &Sandbox) -> SdkConfig {
    let config = sandbox.sdk_config().to_builder();
    config.endpoint_url("http://127.0.0.1:1").build()
}

/// The function `controller` is there, which `rollout start` looks for, and does not tick: nothing is left for it.
pub async fn started(flags: &[&str]) -> Stage {
    let stage = controlled().await;
    let nothing = stage.sandbox.lambda.put_function_concurrency();
    let nothing = nothing.function_name("controller");
    nothing
        .reserved_concurrent_executions(0)
        .send()
        .await
        .unwrap();
    stage.rollout("start", flags).await.expect(0, &["started"]);
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn two_controllers_at_once_do_each_other_no_harm() {
    let stage = started(&QUICK).await;
    let traffic = stage.invocations("three-bytes.json", 30.0).await;
    let mut controllers = [
        new_controller(&stage.sandbox),
        new_controller(&stage.sandbox),
    ];
    let ended = async {
        loop {
            let wake = Wake::Time(Utc::now());
            let [first, second] = &mut controllers;
            let (first, second) = tokio::join!(first.wake(&wake), second.wake(&wake));
            if first.unwrap().rollouts + second.unwrap().rollouts == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    };
    tokio::time::timeout(PATIENCE, ended)
        .await
        .expect("it ends");
    drop(traffic);
    let live = live(&stage).await;
    let record: Record = description(&live).parse().unwrap();
    let weights: Vec<_> = record.changes.iter().map(|it| it.percent.value()).collect();
    assert_eq!(weights, [20.0, 50.0, 100.0], "{record}");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_that_cannot_be_read_for_too_long_end_it_although_every_wake_is_a_new_process() {
    let stage = started(&["--bake", "60s", "--steps", "20,100"]).await;
    let sandbox = &stage.sandbox;
    let nowhere = nowhere(sandbox);
    let mut wakes = 0;
    let live = until("it is not rolled back", async || {
        let clients = Clients {
            cloudwatch: aws_sdk_cloudwatch::Client::new(&nowhere),
            ..Clients::new(&sandbox.sdk_config())
        };
        let mut controller = controller_with(sandbox, clients);
        controller.wake(&Wake::Time(Utc::now())).await.unwrap();
        wakes += 1;
        let live = live(&stage).await;
        let record: Record = description(&live).parse().ok()?;
        record.cause.is_some().then_some(live)
    })
    .await;
    assert!(description(&live).ends_with(" no_answer"), "{live:?}");
    assert!(wakes > 10, "{wakes} wakes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_release_takes_the_place_of_the_one_under_way() {
    let stage = controlled().await;
    let slow = ["--bake", "60s", "--steps", "20,100"];
    stage.rollout("start", &slow).await.expect(0, &["started"]);
    until("nothing is told", async || {
        (!told(&stage).is_empty()).then_some(())
    })
    .await;
    let newer = stage.newer().await;
    let to = [
        "--to",
        &newer,
        "--bake",
        "2s",
        "--steps",
        "20,100",
        "--bake-after",
        "0s",
        "--period",
        "1s",
    ];
    let started = stage
        .run("start", &[&to[..], &["--metric-delay", "1s"]].concat())
        .await;
    started.expect(0, &["takes its place", "started"]);
    let live = over(&stage).await;
    assert_eq!(live.function_version(), Some(newer.as_str()));
    assert_eq!(
        told(&stage),
        ["started", "rolled_back", "started", "promoted"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn after_three_that_were_superseded_the_next_one_waits_and_starts_by_itself() {
    let stage = controlled().await;
    let quick = [
        "--steps",
        "20,100",
        "--bake-after",
        "0s",
        "--period",
        "1s",
        "--metric-delay",
        "1s",
    ];
    let start = async |version: &str, bake: &str| {
        let flags = [&["--to", version, "--bake", bake][..], &quick].concat();
        stage.run("start", &flags).await
    };
    start(stage.candidate(), "60s")
        .await
        .expect(0, &["started"]);
    for _ in 0..2 {
        let newer = stage.newer().await;
        start(&newer, "60s").await.expect(0, &["takes its place"]);
    }
    let third = stage.newer().await;
    start(&third, "10s").await.expect(0, &["takes its place"]);
    let last = stage.newer().await;
    let waits = start(&last, "1s").await;
    waits.expect(
        3,
        &[
            "3 releases of hasher in a row were superseded",
            "the controller starts it then",
        ],
    );
    let live = over(&stage).await;
    assert_eq!(live.function_version(), Some(last.as_str()), "{live:?}");
    let told = told(&stage);
    assert_eq!(
        told[told.len() - 4..],
        ["started", "promoted", "started", "promoted"],
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_not_started_after_what_somebody_has_done_by_hand() {
    let back = "version 1 set by rollback of version";
    for (says, is_known, ending) in [
        (back, true, "rolled_back"),
        (back, false, "rolled_back"),
        ("by hand", true, "changed_by_hand"),
        ("by hand", false, "changed_by_hand"),
    ] {
        by_hand_before_what_waits(says, is_known, ending).await;
    }
}

/// A process that has ticked the rollout finds it, or one that has not.
async fn by_hand_before_what_waits(says: &str, is_known: bool, ending: &str) {
    let stage = started(&["--bake", "60s"]).await;
    let_wait(&stage, &stage.newer().await, |_| {}).await;
    let mut controller = new_controller(&stage.sandbox);
    if is_known {
        wake(&mut controller).await;
    } else {
        started_long_ago(&stage).await;
    }
    let (serves, says) = match says.strip_suffix(" version") {
        Some(_) => ("1", format!("{says} {}", stage.candidate())),
        None => ("2", says.to_owned()),
    };
    change_by_hand(&stage, serves, &says).await;
    wake(&mut controller).await;
    wake(&mut controller).await;
    let live = live(&stage).await;
    assert_eq!(
        (live.function_version(), description(&live)),
        (Some(serves), &*says)
    );
    assert_eq!(keys(&stage).await, BTreeSet::new());
    let told = told(&stage);
    assert_eq!(told[told.len() - 2..], [ending, "failed"], "{is_known}");
    assert_eq!(sentences(&stage, "which has waited, is not started"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_aborts_or_rolls_back_is_shown_what_waits_and_ends_it_too() {
    let stage = started(&["--bake", "60s"]).await;
    let next = stage.newer().await;
    for (word, flags) in [("abort", &[][..]), ("rollback", &["--to", "1"])] {
        let_wait(&stage, &next, |_| {}).await;
        let comes = format!("version {next} comes after it");
        stage.run("status", &[]).await.expect(0, &[&comes]);
        let all = stage.run("status", &["--all"]).await;
        all.expect(0, &["next", &next]);
        let ended = stage.run(word, flags).await;
        ended.expect(0, &["the release that has waited is not started"]);
        assert!(keys(&stage).await.iter().all(|key| !key.contains("next")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_keeps_its_flags_and_waits_for_an_alarm_as_well() {
    let stage = started(&["--bake", "60s"]).await;
    let cloudwatch = aws_sdk_cloudwatch::Client::new(&stage.sandbox.sdk_config());
    let put = cloudwatch.put_metric_alarm().alarm_name("checkout-errors");
    let put = put.namespace("Shop").metric_name("Errors").period(60);
    let put = put.statistic(aws_sdk_cloudwatch::types::Statistic::Sum);
    let put = put.evaluation_periods(1).threshold(1.0);
    let put = put.treat_missing_data("ignore");
    let put = put
        .comparison_operator(aws_sdk_cloudwatch::types::ComparisonOperator::GreaterThanThreshold);
    put.send().await.unwrap();
    let off = cloudwatch.set_alarm_state().alarm_name("checkout-errors");
    let off = off.state_value(aws_sdk_cloudwatch::types::StateValue::Alarm);
    off.state_reason("a drill").send().await.unwrap();
    let wait = async |force| {
        // The candidate that was found bad, once more.
        let_wait(&stage, stage.candidate(), |next| {
            next.policy.alarms = vec!["checkout-errors".to_owned()];
            (next.retry, next.force) = (true, force);
        })
        .await;
    };
    wait(false).await;
    let found: Record = description(&live(&stage).await).parse().unwrap();
    let worse = found.rolled_back(Cause::Worse, Utc::now()).to_string();
    change_by_hand(&stage, "1", &worse).await;
    let mut controller = new_controller(&stage.sandbox);
    for _ in 0..2 {
        wake(&mut controller).await;
    }
    assert_eq!(description(&live(&stage).await), worse);
    assert!(keys(&stage).await.contains(&NEXT.key(1)));
    wait(true).await;
    for _ in 0..2 {
        wake(&mut controller).await;
    }
    let begun: Record = description(&live(&stage).await).parse().unwrap();
    assert_eq!(begun.candidate.to_string(), stage.candidate());
    assert_eq!(begun.percent().value(), 5.0, "{begun}");
    assert!(!keys(&stage).await.contains(&NEXT.key(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_promoted_before_the_next_one_began_is_told_as_promoted() {
    let stage = started(&["--bake", "60s"]).await;
    let mut controller = new_controller(&stage.sandbox);
    wake(&mut controller).await;
    stage.run("promote", &["--full"]).await.expect(0, &[]);
    let newer = stage.newer().await;
    let started = stage.run("start", &["--to", &newer]).await;
    started.expect(0, &["started"]);
    wake(&mut controller).await;
    assert_eq!(told(&stage), ["started", "promoted", "started"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_or_a_function_that_is_gone_is_the_end_also_to_a_new_process() {
    for is_function in [false, true] {
        let stage = started(&["--bake", "60s"]).await;
        let lambda = &stage.sandbox.lambda;
        if is_function {
            let delete = lambda.delete_function().function_name(FUNCTION);
            delete.send().await.unwrap();
        } else {
            let delete = lambda.delete_alias().function_name(FUNCTION).name("live");
            delete.send().await.unwrap();
        }
        wake(&mut new_controller(&stage.sandbox)).await;
        if !is_function {
            assert_eq!(keys(&stage).await, BTreeSet::new());
            assert_eq!(told(&stage), ["changed_by_hand"]);
        }
    }
}

/// As another version of these tools may write it.
async fn make_unreadable(stage: &Stage) {
    let lambda = &stage.sandbox.lambda;
    let function = function::read(lambda, &stage.function).await.unwrap();
    let later = serde_json::json!({"format": 99});
    moves::keep(lambda, &function, RUN, &later).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_of_another_version_are_told_once_and_the_alarm_still_takes_the_weight_back() {
    let stage = started(&["--bake", "60s"]).await;
    make_unreadable(&stage).await;
    let mut controller = new_controller(&stage.sandbox);
    wake(&mut controller).await;
    wake(&mut controller).await;
    assert_eq!(sentences(&stage, "are of format 99"), 1);
    assert!(description(&live(&stage).await).ends_with(" 5%@0s"));
    stage
        .run("status", &["--all"])
        .await
        .expect(0, &["hasher", "are of format 99"]);
    let cloudwatch = aws_sdk_cloudwatch::Client::new(&stage.sandbox.sdk_config());
    let off = cloudwatch
        .set_alarm_state()
        .alarm_name("hasher-live-candidate");
    let off = off.state_value(aws_sdk_cloudwatch::types::StateValue::Alarm);
    off.state_reason("a drill").send().await.unwrap();
    wake(&mut controller).await;
    assert!(description(&live(&stage).await).ends_with(" alarm"));
    assert_eq!(keys(&stage).await, BTreeSet::new());
    assert_eq!(told(&stage), ["failed", "rolled_back"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weight_without_tags_is_told_each_hour_also_behind_an_alias_that_cannot_be_used() {
    let stage = started(&["--bake", "60s"]).await;
    let lambda = &stage.sandbox.lambda;
    let bad = Stage::set_as(&stage.sandbox, FUNCTION, "a-bad-alias").await;
    let update = lambda.update_alias().function_name(&bad.function);
    let update = update.name("live").function_version("$LATEST");
    update.send().await.unwrap();
    let function = function::read(lambda, FUNCTION).await.unwrap();
    let keys = RUN.left_over(&function.tags, &Default::default());
    tags::change(lambda, &function, Default::default(), keys)
        .await
        .unwrap();
    let mut controller = new_controller(&stage.sandbox);
    let hour = Wake::Time("2026-11-30T14:00:00Z".parse().unwrap());
    controller.wake(&hour).await.unwrap();
    assert_eq!(told(&stage), ["failed"]);
    assert_eq!(sentences(&stage, "so that nobody watches it"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_query_an_alarm_wakes_its_function_and_what_is_known_goes_on() {
    let stage = started(&["--bake", "60s"]).await;
    let sandbox = &stage.sandbox;
    let nowhere = nowhere(sandbox);
    let clients = Clients {
        tagging: Clients::new(&nowhere).tagging,
        ..Clients::new(&sandbox.sdk_config())
    };
    let mut controller = controller_with(sandbox, clients);
    let alarm = Wake::Alarm(FUNCTION.to_owned());
    controller.wake(&alarm).await.unwrap_err();
    assert_eq!(told(&stage), ["started"]);
    stage.run("pause", &[]).await.expect(0, &[]);
    let time = Wake::Time("2026-11-30T14:07:00Z".parse().unwrap());
    controller.wake(&time).await.unwrap_err();
    assert_eq!(told(&stage), ["started", "paused"]);
}
