//! `rollout report` after a real rollout in a sandbox: what it asks, what it says, the page it writes.

use crate::common::{proxy, run as stage};
use std::process::{Command, Output};

use proxy::{Operation, Proxy};
use stage::{Candidate, FUNCTION, Stage, eventually, lines, said};

/// As many as a report may send.
const MOST_CALLS: usize = 10;

/// `rollout report` in a region of one's own.
async fn report(stage: &Stage, endpoint: &str, region: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rollout"));
    command
        .args(["--endpoint-url", endpoint, "--region", region, "--dist"])
        .arg(stage.dist())
        .args(["report", FUNCTION])
        .args(arguments);
    let output = tokio::task::spawn_blocking(move || command.output());
    output
        .await
        .expect("is waited for")
        .expect("rollout starts")
}

/// The one answer of a report that succeeded.
fn answered(output: &Output) -> serde_json::Value {
    assert_eq!(output.status.code(), Some(0), "{}", said(output).1);
    let mut answers = lines(&String::from_utf8_lossy(&output.stdout));
    assert_eq!(answers.len(), 1, "{answers:?}");
    answers.remove(0)
}

fn calls(proxy: &Proxy) -> usize {
    use Operation::{
        DeleteAlarms, GetAlias, GetMetricData, Invoke, Other, PutMetricAlarm, UpdateAlias,
    };
    let operations = [
        GetAlias,
        GetMetricData,
        UpdateAlias,
        PutMetricAlarm,
        DeleteAlarms,
        Invoke,
        Other,
    ];
    operations
        .map(|operation| proxy.calls(operation))
        .iter()
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_compared_with_at_most_ten_calls_and_both_versions_are_there_after_the_promotion()
{
    let stage = Stage::set(Candidate::Slow).await;
    stage.send_traffic();
    let run = stage.run(&["--slow", "1s"]).output().await;
    assert_eq!(run.status.code(), Some(0), "{}", said(&run).1);

    let proxy = Proxy::start(&stage.endpoint).await;
    let page = stage.folder.path().join("report.html");
    let page_argument = page.display().to_string();
    let day = [
        "--since",
        "24h",
        "--period",
        "60s",
        "--slow",
        "80ms",
        "--json",
        "--html",
        &page_argument,
    ];
    let comparison = answered(&report(&stage, &proxy.endpoint, "us-east-1", &day).await);
    assert!(calls(&proxy) <= MOST_CALLS, "{} calls", calls(&proxy));
    assert_eq!(proxy.calls(Operation::UpdateAlias), 0);
    for version in 0..2 {
        let version = &comparison["versions"][version];
        assert!(version["invocations"].as_u64() > Some(20), "{version}");
        assert!(
            version["million_invocations_usd"].as_f64() > Some(0.2),
            "{version}"
        );
    }

    let seconds = ["--period", "1s", "--slow", "80ms", "--json"];
    let analysed = answered(&report(&stage, &stage.endpoint, "us-east-1", &seconds).await);
    let slower = &analysed["differences"]["duration"]["low"];
    assert!(slower.as_f64() > Some(0.0), "{analysed}");
    let cost = &analysed["differences"]["cost_ratio"];
    assert!(cost["low"].as_f64() < cost["high"].as_f64(), "{analysed}");

    let page = std::fs::read_to_string(page).expect("a page");
    for id in ["weight", "evidence", "errors", "slow", "latency", "cost"] {
        assert!(page.contains(&format!(r#"<figure id="{id}">"#)), "{id}");
    }
    assert!(page.contains("<h2>Journal</h2>") && page.contains("<strong>promoted</strong>"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_prices_of_the_region_there_are_no_costs_and_a_wrong_list_is_refused_by_its_key() {
    let stage = Stage::set(Candidate::Good).await;
    let versions = ["--versions", "1,2"];
    let output = report(&stage, &stage.endpoint, "mars-north-1", &versions).await;
    let (code, text) = said(&output);
    assert_eq!(code, Some(0), "{text}");

    let list = stage.folder.path().join("prices.json");
    std::fs::write(&list, r#"{"as_of": "soon", "sources": [], "lists": []}"#).expect("is written");
    let list = list.display().to_string();
    let arguments = [&versions[..], &["--prices", &list]].concat();
    let output = report(&stage, &stage.endpoint, "us-east-1", &arguments).await;
    let (code, text) = said(&output);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("prices.json: as_of"), "{text}");
}

/// Prices of a region that no other list has, of 3,000 USD for a million requests.
const OWN_PRICES: &str = r#"{"as_of": "2026-01-02", "sources": ["a contract"], "lists": [{
    "regions": ["mars-north-1"],
    "usd_per_million_requests": 3000,
    "x86_64": [{"from_gb_seconds": 0, "usd_per_gb_second": 0.00002}],
    "arm64": [{"from_gb_seconds": 0, "usd_per_gb_second": 0.00001}]
}]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn costs_are_worked_out_with_a_list_of_ones_own_and_bounded_by_the_timeout_without_slow_ms() {
    let stage = Stage::set(Candidate::Good).await;
    let list = stage.folder.path().join("prices.json");
    std::fs::write(&list, OWN_PRICES).expect("is written");
    let list = list.display().to_string();
    let own = ["--versions", "1,2", "--period", "1s", "--prices", &list];
    stage.set_by_hand(0.5).await;
    stage.send_traffic();
    let comparison = eventually(async || {
        let arguments = [&own[..], &["--json"]].concat();
        let output = report(&stage, &stage.endpoint, "mars-north-1", &arguments).await;
        let comparison = answered(&output);
        let is_known = comparison["differences"]["cost_ratio"].is_object();
        is_known.then_some(comparison)
    })
    .await;
    for version in 0..2 {
        let usd = comparison["versions"][version]["million_invocations_usd"].as_f64();
        // A few milliseconds of 128 MiB are next to nothing beside such requests.
        assert!(Some(3_000.0) < usd && usd < Some(3_001.0), "{comparison}");
    }
    assert_eq!(comparison["pricing"]["region"], "mars-north-1");
    assert_eq!(comparison["break_even_slowdown"], 2.0);
    let limit = &comparison["differences"]["limit"];
    assert_eq!(limit["limit_is"], "timeout", "{limit}");
    assert_eq!(limit["limit_ms"], 3_000.0, "{limit}");

    let output = report(&stage, &stage.endpoint, "mars-north-1", &own).await;
    let (code, text) = said(&output);
    assert_eq!(code, Some(0), "{text}");
    for said in [
        "list prices of mars-north-1 as of 2026-01-02",
        "counted as at most 3000 ms, the function's time limit",
    ] {
        assert!(text.contains(said), "{text}");
    }
}
