//! How fast `hasher` hashes next to OpenSSL, on the same machine in the same run.
//!
//! `cargo run --release -p hasher --features bench --bin throughput`. The three are measured in turn, round after
//! round, so that a machine whose speed changes favours none of them. Each round gives its own ratios; the medians
//! are printed.

use std::{hint::black_box, process::Command, sync::atomic::AtomicBool, time::Instant};

use anyhow::{Context as _, Result, ensure};
use hasher::Request;
use serde_json::json;

const ROUNDS: usize = 7;
const SIZE_MIB: u32 = 512;
const OPENSSL_SECONDS: &str = "1";
/// OpenSSL's own largest default; larger pieces are not faster.
const OPENSSL_BLOCK: &str = "16384";

struct Round {
    openssl: f64,
    one_thread: f64,
    two_threads: f64,
}

fn main() -> Result<()> {
    let pools = [pool(1)?, pool(2)?];
    let request = Request::parse(json!({"size_mib": SIZE_MIB, "seed": 7}), 10_240)?;
    let rounds = (0..ROUNDS)
        .map(|_| {
            Ok(Round {
                openssl: openssl_mib_per_second()?,
                one_thread: hasher_mib_per_second(&request, &pools[0]),
                two_threads: hasher_mib_per_second(&request, &pools[1]),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    print(&rounds);
    Ok(())
}

fn pool(threads: usize) -> Result<rayon::ThreadPool> {
    Ok(rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()?)
}

fn hasher_mib_per_second(request: &Request, pool: &rayon::ThreadPool) -> f64 {
    let start = Instant::now();
    let work = || hasher::work(black_box(request.clone()), &AtomicBool::new(false));
    black_box(pool.install(work));
    f64::from(SIZE_MIB) / start.elapsed().as_secs_f64()
}

/// `openssl speed -mr` prints `+F:<index>:<name>:<bytes per second>`.
fn openssl_mib_per_second() -> Result<f64> {
    let arguments = [
        "speed",
        "-evp",
        "sha256",
        "-elapsed",
        "-mr",
        "-seconds",
        OPENSSL_SECONDS,
        "-bytes",
        OPENSSL_BLOCK,
    ];
    let output = Command::new("openssl")
        .args(arguments)
        .output()
        .context("cannot run openssl: install it (scripts/setup.sh)")?;
    ensure!(
        output.status.success(),
        "openssl speed failed: {}",
        output.status
    );
    let text = String::from_utf8_lossy(&output.stdout);
    let bytes_per_second: f64 = text
        .lines()
        .find(|line| line.starts_with("+F:"))
        .and_then(|line| line.rsplit(':').next())
        .with_context(|| format!("openssl speed printed no result: {text}"))?
        .trim()
        .parse()?;
    Ok(bytes_per_second / f64::from(1 << 20))
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its table")]
fn print(rounds: &[Round]) {
    let of = |value: fn(&Round) -> f64| median(rounds.iter().map(value));
    println!("| SHA-256, median of {ROUNDS} rounds | MiB/s | ratio |");
    println!("| --- | ---: | --- |");
    println!(
        "| openssl speed -evp sha256, 1 thread | {:.0} | |",
        of(|r| r.openssl)
    );
    println!(
        "| hasher, 1 thread, {SIZE_MIB} MiB | {:.0} | {:.2} of openssl |",
        of(|r| r.one_thread),
        of(|r| r.one_thread / r.openssl)
    );
    println!(
        "| hasher, 2 threads, {SIZE_MIB} MiB | {:.0} | {:.2} of twice one thread |",
        of(|r| r.two_threads),
        of(|r| r.two_threads / (2.0 * r.one_thread))
    );
}
