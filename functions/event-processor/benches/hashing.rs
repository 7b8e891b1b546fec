//! Where to hash a document: on the async thread, or on a thread of its own?
//!
//! `cargo run --release -p event-processor --features bench --bin hashing`. The function's own single-threaded
//! runtime hashes a batch of ten documents, inline and through `spawn_blocking`, in turn, round after round: once
//! with all CPUs of the machine and once pinned to one, which is still more than 512 MiB buy (0.29 vCPU). Medians are
//! printed.

use std::{
    hint::black_box,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use futures_util::future::join_all;
use notary::document::{MAX_CONTENT_BYTES, content_root};
use tokio::{runtime::Runtime, task::spawn_blocking};

const ROUNDS: usize = 201;
const BATCH: usize = 10;
const SIZES_BYTES: [usize; 3] = [1024, 16 * 1024, MAX_CONTENT_BYTES];

fn main() -> Result<()> {
    if std::env::args().any(|argument| argument == "--pinned") {
        return measure("one");
    }
    measure("all")?;
    let again = Command::new("taskset")
        .args(["--cpu-list", "0"])
        .arg(std::env::current_exe()?)
        .arg("--pinned")
        .status()
        .context("cannot run taskset, which pins the second run to one CPU: install util-linux")?;
    ensure!(again.success(), "the run on one CPU failed");
    Ok(())
}

fn measure(cpus: &str) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    for bytes in SIZES_BYTES {
        let content = vec![0xA5; bytes];
        let mut inline = Vec::with_capacity(ROUNDS);
        let mut threads = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            inline.push(on_the_async_thread(&runtime, &content));
            threads.push(on_threads(&runtime, &content)?);
        }
        #[allow(clippy::print_stdout)] // a benchmark prints its table
        {
            println!(
                "{cpus:>3} CPUs  {BATCH} documents of {bytes:>6} bytes  inline {:>9.1?}  spawn_blocking {:>9.1?}",
                median(inline),
                median(threads)
            );
        }
    }
    Ok(())
}

fn on_the_async_thread(runtime: &Runtime, content: &[u8]) -> Duration {
    runtime.block_on(async {
        let contents = vec![content.to_vec(); BATCH];
        let start = Instant::now();
        let hash = |content: Vec<u8>| async move { content_root(&content) };
        black_box(join_all(contents.into_iter().map(hash)).await);
        start.elapsed()
    })
}

fn on_threads(runtime: &Runtime, content: &[u8]) -> Result<Duration> {
    runtime.block_on(async {
        let contents = vec![content.to_vec(); BATCH];
        let start = Instant::now();
        let hash = |content: Vec<u8>| spawn_blocking(move || content_root(&content));
        for root in join_all(contents.into_iter().map(hash)).await {
            black_box(root?);
        }
        Ok(start.elapsed())
    })
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
