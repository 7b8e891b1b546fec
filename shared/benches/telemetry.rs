//! What telemetry costs: `cargo run --release -p shared --features bench --bin telemetry-cost`.
//!
//! One invocation is one log line with three fields and one line of metrics, around a handler that
//! does nothing else. A child process measures it twice: with standard output to /dev/null, which
//! leaves our own work, and with standard output into a pipe that this process reads, as in
//! Lambda, where each line also wakes the reader up.

use std::{
    convert::Infallible,
    env,
    hint::black_box,
    io::{self, Read},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use lambda_runtime::{Context, Error, LambdaEvent, Service, service_fn};
use shared::telemetry;

const CHILD: &str = "TELEMETRY_BENCH_CHILD";
const ROUNDS: usize = 7;
const INVOCATIONS: usize = 10_000;
/// Two lines each.
const LINES: usize = 2 * ROUNDS * INVOCATIONS;

/// Microseconds.
struct Costs {
    init: f64,
    invocation: f64,
    bare: f64,
}

fn main() -> Result<(), Error> {
    if env::var_os(CHILD).is_some() {
        return measure();
    }
    let (own, _) = run(Stdio::null())?;
    let (piped, lines) = run(Stdio::piped())?;
    if lines != LINES {
        return Err(format!("{lines} lines instead of {LINES}").into());
    }
    print(&own, &piped);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its table")]
fn print(own: &Costs, piped: &Costs) {
    println!("| telemetry, median of {ROUNDS} rounds of {INVOCATIONS} | us |");
    println!("| --- | ---: |");
    println!("| init, once | {:.1} |", own.init);
    println!("| the handler alone | {:.2} |", own.bare);
    println!(
        "| with a log line and the line of metrics, thrown away | {:.2} |",
        own.invocation
    );
    println!(
        "| with both lines through a pipe to a reader | {:.2} |",
        piped.invocation
    );
}

/// What the child measured, and how many lines came out of it.
fn run(output: Stdio) -> Result<(Costs, usize), Error> {
    let mut child = Command::new(env::current_exe()?)
        .env(CHILD, "1")
        .env("AWS_LAMBDA_FUNCTION_NAME", "hasher")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "7")
        .stdout(output)
        .stderr(Stdio::piped())
        .spawn()?;
    let output = child.stdout.take();
    let lines = output.map_or(Ok(0), count_lines)?;
    let result = child.wait_with_output()?;
    let text = String::from_utf8(result.stderr)?;
    if !result.status.success() {
        return Err(format!("the measured process failed: {text}").into());
    }
    let numbers = text
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<Vec<f64>, _>>()?;
    let &[init, invocation, bare] = numbers.as_slice() else {
        return Err(format!("the measured process said {text}").into());
    };
    let costs = Costs {
        init,
        invocation,
        bare,
    };
    Ok((costs, lines))
}

/// Reads in large blocks, so that the reader is not what limits the speed.
fn count_lines(mut output: impl Read) -> io::Result<usize> {
    let mut buffer = vec![0; 1 << 16];
    let mut lines = 0;
    loop {
        match output.read(&mut buffer)? {
            0 => return Ok(lines),
            length => {
                lines += buffer[..length]
                    .iter()
                    .filter(|&&byte| byte == b'\n')
                    .count()
            }
        }
    }
}

#[expect(clippy::print_stderr, reason = "standard output carries the lines")]
fn measure() -> Result<(), Error> {
    let start = Instant::now();
    let telemetry = telemetry::init();
    let init = start.elapsed();

    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let mut observed = telemetry.observe(service_fn(log));
    let mut bare = service_fn(nothing);
    let mut with = Vec::new();
    let mut without = Vec::new();
    for _ in 0..ROUNDS {
        with.push(runtime.block_on(per_invocation(&mut observed)));
        without.push(runtime.block_on(per_invocation(&mut bare)));
    }
    let us = |time: Duration| time.as_secs_f64() * 1e6;
    eprintln!("{} {} {}", us(init), us(median(with)), us(median(without)));
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
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
