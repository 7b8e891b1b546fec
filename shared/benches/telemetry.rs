//! What telemetry costs: `cargo run --release -p shared --features bench --bin telemetry-cost`.
//!
//! The measured process is a child whose standard output is a pipe that this one reads, as it is
//! in Lambda: every line is a real system call. One invocation is one log line with three fields
//! and one line of metrics, around a handler that does nothing else.

use std::{
    convert::Infallible,
    env,
    hint::black_box,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use lambda_runtime::{Context, LambdaEvent, Service, service_fn};
use shared::telemetry;

const CHILD: &str = "TELEMETRY_BENCH_CHILD";
const ROUNDS: usize = 7;
const INVOCATIONS: usize = 10_000;
/// Two lines each.
const LINES: usize = 2 * ROUNDS * INVOCATIONS;

fn main() -> Result<()> {
    if env::var_os(CHILD).is_some() {
        return measure();
    }
    let mut child = Command::new(env::current_exe()?)
        .env(CHILD, "1")
        .env("AWS_LAMBDA_FUNCTION_NAME", "hasher")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "7")
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start the measured process")?;
    let output = child.stdout.take().context("no pipe")?;
    let lines = BufReader::new(output).split(b'\n').count();
    ensure!(child.wait()?.success(), "the measured process failed");
    ensure!(lines == LINES, "{lines} lines instead of {LINES}");
    Ok(())
}

#[expect(clippy::print_stderr, reason = "standard output carries the lines")]
fn measure() -> Result<()> {
    let start = Instant::now();
    let telemetry = telemetry::init();
    let init = start.elapsed();

    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let mut observed = telemetry.observe(service_fn(log));
    let mut bare = service_fn(nothing);
    let mut rounds: Vec<(Duration, Duration)> = Vec::new();
    for _ in 0..ROUNDS {
        let with = runtime.block_on(per_invocation(&mut observed));
        let without = runtime.block_on(per_invocation(&mut bare));
        rounds.push((with, without));
    }
    let median = |of: fn(&(Duration, Duration)) -> Duration| {
        let mut times: Vec<Duration> = rounds.iter().map(of).collect();
        times.sort();
        times[ROUNDS / 2].as_secs_f64() * 1e6
    };
    eprintln!("| telemetry, median of {ROUNDS} rounds of {INVOCATIONS} | us |");
    eprintln!("| --- | ---: |");
    eprintln!("| init, once | {:.1} |", init.as_secs_f64() * 1e6);
    eprintln!(
        "| an invocation with one log line and the line of metrics | {:.2} |",
        median(|round| round.0)
    );
    eprintln!(
        "| the same handler without them | {:.2} |",
        median(|round| round.1)
    );
    Ok(())
}

async fn log(event: LambdaEvent<u64>) -> Result<u64, Infallible> {
    let root = "609f6e36d2405585188d5cfd761f407c7cc46a7d3f314c88270469dde315fcd1";
    tracing::info!(root, bytes = event.payload, milliseconds = 1.5, "hashed");
    Ok(event.payload)
}

async fn nothing(event: LambdaEvent<u64>) -> Result<u64, Infallible> {
    Ok(event.payload)
}

async fn per_invocation<S>(service: &mut S) -> Duration
where
    S: Service<LambdaEvent<u64>, Error = Infallible>,
{
    let mut context = Context::default();
    context.request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned();
    context.xray_trace_id = Some("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1".to_owned());
    let start = Instant::now();
    for payload in 0..INVOCATIONS as u64 {
        let event = LambdaEvent::new(payload, context.clone());
        let _ = black_box(service.call(black_box(event)).await);
    }
    start.elapsed() / INVOCATIONS as u32
}
