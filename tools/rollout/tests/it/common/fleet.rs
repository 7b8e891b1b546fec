//! Many rollouts that have been under way for a day, and what it takes to watch them.

use std::time::{Duration, Instant};

use aws_sdk_lambda::types::AliasRoutingConfiguration;
use chrono::{SecondsFormat, TimeDelta, Utc};
use futures::future::join_all;
use nix::sys::signal::Signal;
use package::RolloutPolicy;

use crate::{
    common::proxy::{Operation, Proxy},
    common::run::{Candidate, Running, Stage, eventually},
    run_all::looks,
};

/// So many are set up at once.
const AT_ONCE: usize = 10;

/// A period of a minute, in seconds, as Lambda sends its metrics.
const PERIOD_S: i64 = 60;

/// After a period has settled all look within this time: to read a hundred aliases takes ten seconds.
const LOOK_TAKES_S: i64 = 20;

/// Functions `f0`, `f1`, … whose rollouts have been at 5% since a day ago.
pub(crate) struct Fleet {
    stage: Stage,
    proxy: Proxy,
    functions: Vec<String>,
}

/// What it takes to watch them.
#[derive(Debug)]
pub(crate) struct Figures {
    functions: usize,
    /// From the start until the last one had its first look.
    begun_s: f64,
    pub(crate) peak_mib: f64,
    pub(crate) metric_calls_a_look: usize,
    pub(crate) alias_calls_a_look: usize,
    /// CPU time of the process while all look once.
    cpu_ms_a_look: u64,
}

/// What the process has used so far.
struct Usage {
    peak_mib: f64,
    cpu_ms: u64,
    metric_calls: usize,
    alias_calls: usize,
}

impl Fleet {
    pub(crate) async fn set(functions: usize) -> Self {
        let stage = Stage::empty().await;
        let proxy = Proxy::start(&stage.endpoint).await;
        proxy.fill(PERIOD_S, a_minute);
        let fleet = Self {
            stage,
            proxy,
            functions: (0..functions).map(|number| format!("f{number}")).collect(),
        };
        for some in fleet.functions.chunks(AT_ONCE) {
            join_all(some.iter().map(|function| fleet.add(function))).await;
        }
        fleet
    }

    async fn add(&self, function: &str) {
        self.stage.add(function, Candidate::Good).await;
        let since = Utc::now() - TimeDelta::days(1);
        let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
        let routing = AliasRoutingConfiguration::builder().additional_version_weights("2", 0.05);
        let update = self.stage.lambda.update_alias().function_name(function);
        let update = update.name("live").routing_config(routing.build());
        let update = update.description(format!("rollout 1->2 since {since} 5%@0s"));
        update.send().await.expect("is under way");
    }

    /// Runs until each has looked once more after the last one has begun.
    pub(crate) async fn watched(&self) -> Figures {
        // A period settles now and in a minute: by then the last one has begun.
        let settles_s = Utc::now().timestamp().rem_euclid(PERIOD_S);
        for function in &self.functions {
            self.stage.write_manifest(function, days(settles_s));
        }
        let start = Instant::now();
        let run = self.stage.run_all_unheard(&self.proxy.endpoint);
        self.all_look_after(&vec![0; self.functions.len()]).await;
        let begun_s = start.elapsed().as_secs_f64();
        eventually(async || {
            let settled_for = (Utc::now().timestamp() - settles_s).rem_euclid(PERIOD_S);
            (settled_for > LOOK_TAKES_S).then_some(())
        })
        .await;
        let (before, looks) = (self.usage(&run), self.looks());
        self.all_look_after(&looks).await;
        let after = self.usage(&run);
        run.signal(Signal::SIGKILL);
        run.output().await;
        Figures {
            functions: self.functions.len(),
            begun_s,
            peak_mib: after.peak_mib,
            metric_calls_a_look: after.metric_calls - before.metric_calls,
            alias_calls_a_look: after.alias_calls - before.alias_calls,
            cpu_ms_a_look: after.cpu_ms - before.cpu_ms,
        }
    }

    fn looks(&self) -> Vec<usize> {
        let functions = self.functions.iter();
        functions
            .map(|function| looks(&self.stage, function))
            .collect()
    }

    async fn all_look_after(&self, looks: &[usize]) {
        eventually(async || {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let now = self.looks();
            now.iter()
                .zip(looks)
                .all(|(now, before)| now > before)
                .then_some(())
        })
        .await;
    }

    fn usage(&self, run: &Running) -> Usage {
        let read = |file: &str| {
            std::fs::read_to_string(format!("/proc/{}/{file}", run.id())).expect("it runs")
        };
        let status = read("status");
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .and_then(|text| text.trim().strip_suffix(" kB"))
            .and_then(|text| text.parse::<f64>().ok());
        // Behind the name in parentheses: user and system time are the 12th and the 13th, in ticks of 10 ms.
        let stat = read("stat");
        let (_, behind) = stat.rsplit_once(") ").expect("a name");
        let ticks = behind.split(' ').skip(11).take(2);
        let ticks = ticks.map(|text| text.parse::<u64>().expect("a time"));
        Usage {
            peak_mib: peak.expect("a peak") / 1024.0,
            cpu_ms: ticks.sum::<u64>() * 10,
            metric_calls: self.proxy.calls(Operation::GetMetricData),
            alias_calls: self.proxy.calls(Operation::GetAlias),
        }
    }
}

impl Figures {
    /// A row of a table.
    #[expect(clippy::print_stdout, reason = "the README's figures")]
    pub(crate) fn print(&self) {
        println!(
            "| functions | begun after | peak RSS MiB | `GetMetricData` a look | `GetAlias` a look | CPU ms a look |\n\
             | ---: | ---: | ---: | ---: | ---: | ---: |\n\
             | {} | {:.0} s | {:.1} | {} | {} | {} |",
            self.functions,
            self.begun_s,
            self.peak_mib,
            self.metric_calls_a_look,
            self.alias_calls_a_look,
            self.cpu_ms_a_look,
        );
    }
}

/// A policy that keeps its first step for days.
fn days(metric_delay_s: i64) -> RolloutPolicy {
    RolloutPolicy {
        bake_s: 2 * 24 * 60 * 60,
        slow_ms: Some(250.0),
        metric_delay_s: u64::try_from(metric_delay_s).expect("a delay"),
        ..RolloutPolicy::default()
    }
}

/// A thousand invocations, a few of which fail; none is slow.
fn a_minute(id: &str, time: i64) -> f64 {
    let invocations = if id[1..].starts_with('0') {
        950.0
    } else {
        50.0
    };
    let failed = (time / PERIOD_S) % 10 == 0;
    match &id[..1] {
        "i" | "d" | "f" => invocations,
        "e" if failed => invocations / 50.0,
        _ => 0.0,
    }
}
