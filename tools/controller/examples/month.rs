//! What the controller calls, how long a wake takes, and what a month of it costs: 100 functions in a sandbox, 20 of them with
//! a rollout under way. `scripts/bench.sh controller` builds dist/controller and runs it.
#![allow(clippy::print_stdout, clippy::print_stderr)] // a program for a terminal

use std::{
    collections::BTreeMap,
    io::{Cursor, Write as _},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataInput;
use aws_sdk_lambda::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::BeforeSerializationInterceptorContextRef,
    },
    primitives::Blob,
    types::{Architecture, FunctionCode, Runtime},
};
use aws_smithy_runtime_api::{box_error::BoxError, client::orchestrator::Metadata};
use aws_types::SdkConfig;
use chrono::{DateTime, Utc};
use controller::{Controller, tell::LastTold, tick::Account, wake::Wake};
use package::RolloutPolicy;
use rollout::{
    aws::client::Clients,
    delivery::{
        driver::Events,
        event::Event,
        moves::Moves,
        plan::{self, Asked},
    },
    report::prices::PriceList,
};
use sandbox::testing::Sandbox;
use zip::{ZipWriter, write::SimpleFileOptions};

const FUNCTIONS: usize = 100;
const ROLLOUTS: usize = 20;
/// The region whose prices are taken.
const REGION: &str = "us-east-1";
/// Wakes of 30 days.
const WAKES: f64 = 43_200.0;
/// USD for a metric that `GetMetricData` returns (<https://aws.amazon.com/cloudwatch/pricing/>), on 2026-11-30.
const USD_PER_METRIC: f64 = 0.01 / 1_000.0;
/// USD for a byte of logs that is taken in, likewise.
const USD_PER_BYTE: f64 = 0.5 / 1e9;
/// Ticks of a rollout of one move with the default policy, which takes 40 minutes, and 30 more after its promotion.
const TICKS: f64 = 70.0;

/// Counts calls by their operation, and the metrics that they ask for.
#[derive(Debug, Clone, Default)]
struct Counter(Arc<Mutex<BTreeMap<String, usize>>>);

impl Counter {
    fn take(&self) -> BTreeMap<String, usize> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, what: &str, many: usize) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(what.to_owned()).or_default() += many;
    }
}

const METRICS: &str = "metrics";

impl Intercept for Counter {
    fn name(&self) -> &'static str {
        "counter"
    }

    fn read_before_serialization(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(metadata) = config.load::<Metadata>() {
            self.add(metadata.name(), 1);
        }
        if let Some(input) = context.input().downcast_ref::<GetMetricDataInput>() {
            let asked = input.metric_data_queries().iter();
            self.add(
                METRICS,
                asked.filter(|it| it.metric_stat().is_some()).count(),
            );
        }
        Ok(())
    }
}

struct Nobody;

impl Events for Nobody {
    fn emit(&mut self, _: &Event) {}
}

fn account(config: &SdkConfig, counter: &Counter) -> Account {
    Account {
        clients: Clients {
            lambda: aws_sdk_lambda::Client::from_conf(
                aws_sdk_lambda::config::Builder::from(config)
                    .interceptor(counter.clone())
                    .build(),
            ),
            cloudwatch: aws_sdk_cloudwatch::Client::from_conf(
                aws_sdk_cloudwatch::config::Builder::from(config)
                    .interceptor(counter.clone())
                    .build(),
            ),
            tagging: aws_sdk_resourcegroupstagging::Client::from_conf(
                aws_sdk_resourcegroupstagging::config::Builder::from(config)
                    .interceptor(counter.clone())
                    .build(),
            ),
        },
        events: aws_sdk_eventbridge::Client::from_conf(
            aws_sdk_eventbridge::config::Builder::from(config)
                .interceptor(counter.clone())
                .build(),
        ),
        bus: "default".to_owned(),
        last_told: LastTold::default(),
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let sandbox = Sandbox::start().await?;
    eprintln!("{FUNCTIONS} functions ...");
    for number in 0..FUNCTIONS {
        make(&sandbox.lambda, &name(number)).await?;
    }
    let counter = Counter::default();
    let account = account(&sandbox.sdk_config(), &counter);
    println!("| wake | rollouts | calls | of these reads a rollout | metrics a rollout | ms |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    let mut idle = Controller::new(account.clone(), String::new());
    wake("idle", &mut idle, &counter, 20).await?;
    hour(&mut idle, &counter).await?;
    for number in 0..ROLLOUTS {
        start(&account.clients, &name(number)).await?;
    }
    counter.take();
    let mut cold = Controller::new(account.clone(), String::new());
    wake("the first one of a process", &mut cold, &counter, 1).await?;
    let metrics = wake("any later one", &mut cold, &counter, 5).await?;

    eprintln!("the function itself, for 15 s ...");
    sandbox
        .apply("controller")
        .await
        .context("scripts/build.sh controller")?;
    tokio::time::sleep(Duration::from_secs(15)).await;
    let reports = reports(&sandbox.logs("controller")?);
    let memory = reports
        .iter()
        .map(|report| report.1)
        .max()
        .context("no wake was reported")?;
    let mut durations: Vec<_> = reports.iter().map(|report| report.0).collect();
    durations.sort_by(f64::total_cmp);
    let (half, longest) = (
        durations[durations.len() / 2],
        durations[durations.len() - 1],
    );
    println!();
    println!(
        "The function, {ROLLOUTS} rollouts: {half:.0} ms (half of {} wakes), {longest:.0} ms the longest with its start; {memory} MiB.",
        durations.len()
    );
    println!();
    println!("| a month, in USD | |");
    println!("| --- | ---: |");
    let rates = PriceList::built_in()?.rates(REGION, 0.0)?;
    for (what, ms) in [
        ("no rollout, a wake of 100 ms billed", 100.0),
        ("20 rollouts all the time, a wake of 3 s", 3_000.0),
    ] {
        let lambda = WAKES / 1e6 * rates.million_usd(package::Architecture::Arm64, 256, ms);
        println!("| Lambda (arm64, 256 MiB): {what} | {lambda:.2} |");
    }
    println!(
        "| logs: 1 KiB a wake | {:.2} |",
        WAKES * 1_024.0 * USD_PER_BYTE
    );
    println!(
        "| GetMetricData: {ROLLOUTS} rollouts all the time, {metrics} metrics each minute | {:.2} |",
        WAKES * metrics as f64 * USD_PER_METRIC
    );
    let each = metrics as f64 / ROLLOUTS as f64;
    println!(
        "| GetMetricData: one rollout with the default policy, {TICKS:.0} ticks | {:.3} |",
        TICKS * each * USD_PER_METRIC
    );
    Ok(())
}

fn name(number: usize) -> String {
    format!("function-{number}")
}

/// Wakes it some times; prints what one wake has done, and how long half of them have taken at most.
async fn wake(
    what: &str,
    controller: &mut Controller,
    counter: &Counter,
    times: usize,
) -> anyhow::Result<usize> {
    let mut took = Vec::new();
    let (mut calls, mut rollouts) = (BTreeMap::new(), 0);
    for _ in 0..times {
        counter.take();
        let start = Instant::now();
        // Not the first minute of an hour.
        let time: DateTime<Utc> = "2026-11-30T14:07:00Z".parse()?;
        let woken = controller
            .wake(&Wake::Time(time))
            .await
            .map_err(anyhow::Error::msg)?;
        took.push(start.elapsed().as_secs_f64() * 1e3);
        anyhow::ensure!(woken.failed.is_empty(), "{woken:?}");
        (calls, rollouts) = (counter.take(), woken.rollouts);
    }
    took.sort_by(f64::total_cmp);
    let metrics = calls.remove(METRICS).unwrap_or_default();
    let all: usize = calls.values().sum();
    let reads: usize = calls
        .iter()
        .filter(|(name, _)| is_read(name))
        .map(|(_, many)| many)
        .sum();
    let each = |many: usize| {
        if rollouts == 0 {
            "-".to_owned()
        } else {
            format!("{:.1}", many as f64 / rollouts as f64)
        }
    };
    println!(
        "| {what} | {rollouts} | {all} | {} | {} | {:.1} |",
        each(reads),
        each(metrics),
        took[took.len() / 2]
    );
    Ok(metrics)
}

/// The reads of a tick: not the one query by which rollouts are found.
fn is_read(operation: &str) -> bool {
    operation != "GetResources"
        && ["Get", "List", "Describe"]
            .iter()
            .any(|verb| operation.starts_with(verb))
}

/// The wake that looks at every alias.
async fn hour(controller: &mut Controller, counter: &Counter) -> anyhow::Result<()> {
    counter.take();
    let start = Instant::now();
    let time: DateTime<Utc> = "2026-11-30T14:00:00Z".parse()?;
    controller
        .wake(&Wake::Time(time))
        .await
        .map_err(anyhow::Error::msg)?;
    let ms = start.elapsed().as_secs_f64() * 1e3;
    let calls: usize = counter.take().values().sum();
    println!("| once an hour, which looks at every alias | 0 | {calls} | - | - | {ms:.0} |");
    Ok(())
}

async fn make(lambda: &aws_sdk_lambda::Client, name: &str) -> anyhow::Result<()> {
    let code = FunctionCode::builder()
        .zip_file(Blob::new(zipped()?))
        .build();
    let create = lambda
        .create_function()
        .function_name(name)
        .handler("bootstrap");
    let create = create
        .role("arn:aws:iam::000000000000:role/any")
        .runtime(Runtime::Providedal2023);
    create
        .architectures(Architecture::X8664)
        .code(code)
        .publish(true)
        .send()
        .await?;
    let other = lambda
        .update_function_configuration()
        .function_name(name)
        .memory_size(256);
    other.send().await?;
    lambda.publish_version().function_name(name).send().await?;
    lambda
        .create_alias()
        .function_name(name)
        .name("live")
        .function_version("1")
        .send()
        .await?;
    Ok(())
}

/// Nobody invokes it.
fn zipped() -> anyhow::Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(
        "bootstrap",
        SimpleFileOptions::default().unix_permissions(0o755),
    )?;
    zip.write_all(b"#!/bin/sh\n")?;
    Ok(zip.finish()?.into_inner())
}

async fn start(clients: &Clients, name: &str) -> anyhow::Result<()> {
    let asked = Asked {
        goal: "2".parse()?,
        policy: RolloutPolicy::default(),
        until: None,
        retry: false,
    };
    let plan = plan::plan(clients, name, asked).await?;
    let moves = Moves::new(
        clients.clone(),
        plan.function,
        plan.frozen.context("nothing to move")?,
    );
    moves.freeze().await?;
    moves.begin(plan.live, 0, None, Nobody).await?;
    Ok(())
}

/// Duration in ms and memory in MiB of every wake, by the platform's lines in the log.
fn reports(log: &str) -> Vec<(f64, u64)> {
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let reports = lines.filter(|line| line["type"] == "platform.report");
    let metrics = reports.map(|line| line["record"]["metrics"].clone());
    let of =
        |it: serde_json::Value| Some((it["durationMs"].as_f64()?, it["maxMemoryUsedMB"].as_u64()?));
    metrics.filter_map(of).collect()
}
