//! SHA-256 Merkle root over many MiB: what CPU-heavy work does on both architectures.
//!
//! ```text
//! event --event.rs--> Input --input.rs--> leaf hashes --notary::merkle--> root --> Answer
//! ```
//!
//! The work is done on rayon's threads, as many as the memory buys vCPUs, so that the runtime's own thread stays free
//! and can say in time that it takes too long. Two kinds of work, because machines differ in both:
//!
//! | event | what it takes |
//! | --- | --- |
//! | `{"size_mib": 1024}`, `{"data_base64": ".."}` | SHA-256 over bytes in the first-level cache: the CPU's speed |
//! | `{"size_mib": 8192, "working_set_mib": 512}` | reading memory that no cache holds: its bandwidth |
//!
//! A vCPU is a thread of a core on x86_64, whose two threads share caches and memory ports, and a core of its own on
//! Graviton.

pub mod event;
pub mod input;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Instant, SystemTime},
};

pub use event::Request;
use lambda_runtime::Diagnostic;
use notary::merkle;
use serde::Serialize;
use shared::{architecture, deadline};
use tokio::sync::oneshot;

const MIB: f64 = 1024.0 * 1024.0;

/// What the function answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// RFC 6962 Merkle tree hash with SHA-256, in hexadecimal.
    pub root: String,
    /// How many leaves the input has.
    pub leaves: u64,
    /// How many bytes were read.
    pub bytes: u64,
    /// How many threads shared the work.
    pub threads: usize,
    /// How long it took.
    pub milliseconds: f64,
    /// The speed.
    pub mib_per_second: f64,
    /// `arm64` or `x86_64`.
    pub architecture: &'static str,
    /// The CPU that the compiler was allowed to assume.
    pub cpu_baseline: &'static str,
    /// Features of the CPU that it runs on; `sha` or `sha2` mean that hashing is in hardware.
    pub cpu_features: Vec<&'static str>,
    /// What the system says about the CPU: its model, the generation of a Graviton, emulated or not.
    #[serde(flatten)]
    pub cpu: &'static architecture::Cpu,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HasherError {
    /// The event is none of ours.
    #[error("{0}")]
    InvalidEvent(String),
    /// The invocation would have ended first.
    #[error(
        "not done in the invocation's time: ask for less, or give the function more memory, which is more CPU"
    )]
    OutOfTime,
}

impl From<HasherError> for Diagnostic {
    fn from(error: HasherError) -> Self {
        let error_type = match error {
            HasherError::InvalidEvent(_) => "InvalidEvent",
            HasherError::OutOfTime => "OutOfTime",
        };
        Self {
            error_type: error_type.to_owned(),
            error_message: error.to_string(),
        }
    }
}

/// Hashes the request's input on the threads of `pool`, unless the invocation ends first.
///
/// # Errors
/// [`HasherError::OutOfTime`]; the threads are free again a leaf later.
pub async fn hash(
    request: Request,
    pool: &rayon::ThreadPool,
    invocation_end: SystemTime,
) -> Result<Answer, HasherError> {
    let abandoned = Arc::new(AtomicBool::new(false));
    let (done, answer) = oneshot::channel();
    let seen = Arc::clone(&abandoned);
    pool.spawn(move || {
        // Nobody waits for it any more when the time is over.
        let _ = done.send(work(&request, &seen));
    });
    match deadline::within(invocation_end, answer).await {
        Ok(Ok(Some(answer))) => Ok(answer),
        // Over, or the work has panicked and said so.
        _ => {
            abandoned.store(true, Ordering::Relaxed);
            Err(HasherError::OutOfTime)
        }
    }
}

/// The work itself, on the threads of the current pool, until nobody wants it any more.
#[must_use]
pub fn work(request: &Request, abandoned: &AtomicBool) -> Option<Answer> {
    let Request { input, leaf_bytes } = request;
    let start = Instant::now();
    let tree = merkle::tree_in_parallel(input.leaves(*leaf_bytes), |index| {
        let wanted = !abandoned.load(Ordering::Relaxed);
        wanted.then(|| input.leaf_hash(index, *leaf_bytes))
    })?;
    let seconds = start.elapsed().as_secs_f64();
    Some(Answer {
        root: hex::encode(tree.root()),
        leaves: tree.leaves(),
        bytes: input.bytes(),
        threads: rayon::current_num_threads(),
        milliseconds: seconds * 1e3,
        mib_per_second: input.bytes() as f64 / MIB / seconds,
        architecture: architecture::name(),
        cpu_baseline: architecture::cpu_baseline(),
        cpu_features: architecture::cpu_features(),
        cpu: architecture::cpu(),
    })
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroU64, time::Duration};

    use proptest::prelude::*;

    use super::*;
    use crate::input::Input;

    fn pool(threads: usize) -> rayon::ThreadPool {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap()
    }

    fn hashed(request: &Request, threads: usize) -> Answer {
        pool(threads).install(|| work(request, &AtomicBool::new(false)).unwrap())
    }

    /// One thread, one leaf after the other.
    fn definition(Request { input, leaf_bytes }: &Request) -> String {
        let mut tree = merkle::Tree::default();
        for index in 0..input.leaves(*leaf_bytes) {
            tree.push(input.leaf_hash(index, *leaf_bytes));
        }
        hex::encode(tree.root())
    }

    #[test]
    fn no_data_has_the_root_of_the_empty_tree() {
        let request = Request {
            input: Input::Given(Vec::new()),
            leaf_bytes: NonZeroU64::MIN,
        };
        let answer = hashed(&request, 1);
        assert_eq!(answer.leaves, 0);
        assert_eq!(
            answer.root,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_would_outlive_the_invocation_is_an_error_and_ends() {
        let request = || Request {
            input: Input::generated(1 << 40, 7),
            leaf_bytes: NonZeroU64::new(4096).unwrap(),
        };
        let pool = pool(1);
        let end = SystemTime::now() + Duration::from_secs(60);
        assert_eq!(
            hash(request(), &pool, end).await,
            Err(HasherError::OutOfTime)
        );
        // The one thread is free again.
        let small = Request {
            input: Input::Given(b"abc".to_vec()),
            ..request()
        };
        let root = "609f6e36d2405585188d5cfd761f407c7cc46a7d3f314c88270469dde315fcd1";
        assert_eq!(
            pool.install(|| work(&small, &AtomicBool::new(false)))
                .unwrap()
                .root,
            root
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn any_leaf_size_and_thread_count_gives_the_root_of_the_one_thread_definition(
            bytes in 0u64..2_000_000, leaf in 512u64..300_000, seed: u64, threads in 1usize..5, from_memory: bool
        ) {
            let leaf = leaf.next_multiple_of(512);
            let input = if from_memory {
                Input::from_memory(bytes.next_multiple_of(512), 1 << 20, seed)
            } else {
                Input::generated(bytes, seed)
            };
            let bytes = input.bytes();
            let request = Request { input, leaf_bytes: NonZeroU64::new(leaf).unwrap() };
            let answer = hashed(&request, threads);
            prop_assert_eq!(answer.root, definition(&request));
            prop_assert_eq!((answer.threads, answer.bytes), (threads, bytes));
        }
    }
}
