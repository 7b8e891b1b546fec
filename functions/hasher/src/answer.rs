//! Hashes the input; the answer says what was done and how fast.

use std::time::Instant;

use serde::Serialize;
use shared::{architecture, merkle};

use crate::event::Request;

const MIB: f64 = 1024.0 * 1024.0;

/// What the function answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// RFC 6962 Merkle tree hash with SHA-256, in hexadecimal.
    pub root: String,
    /// How many leaves the input has.
    pub leaves: u64,
    /// How many bytes were hashed.
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

/// Hashes the request's input on the threads of `pool`.
#[must_use]
pub fn hash(request: &Request, pool: &rayon::ThreadPool) -> Answer {
    let Request { input, leaf_bytes } = request;
    let start = Instant::now();
    let leaves = input.leaves(*leaf_bytes);
    let tree = pool
        .install(|| merkle::tree_in_parallel(leaves, |index| input.leaf_hash(index, *leaf_bytes)));
    let seconds = start.elapsed().as_secs_f64();
    Answer {
        root: hex::encode(tree.root()),
        leaves,
        bytes: input.bytes(),
        threads: pool.current_num_threads(),
        milliseconds: seconds * 1e3,
        mib_per_second: input.bytes() as f64 / MIB / seconds,
        architecture: architecture::name(),
        cpu_baseline: architecture::cpu_baseline(),
        cpu_features: architecture::cpu_features(),
        cpu: architecture::cpu(),
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use proptest::prelude::*;

    use super::*;
    use crate::input::Input;

    fn pool(threads: usize) -> rayon::ThreadPool {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
    }

    /// One thread, one leaf after the other.
    fn definition(request: &Request) -> String {
        let mut tree = merkle::Tree::new();
        let leaves = request.input.leaves(request.leaf_bytes);
        tree.extend((0..leaves).map(|index| request.input.leaf_hash(index, request.leaf_bytes)));
        hex::encode(tree.root())
    }

    #[test]
    fn no_data_has_the_root_of_the_empty_tree() {
        let request = Request {
            input: Input::Given(Vec::new()),
            leaf_bytes: NonZeroU64::MIN,
        };
        let answer = hash(&request, &pool(1));
        assert_eq!(answer.leaves, 0);
        assert_eq!(
            answer.root,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn any_leaf_size_and_thread_count_gives_the_root_of_the_one_thread_definition(
            bytes in 0u64..2_000_000, leaf in 512u64..300_000, seed: u64, threads in 1usize..5
        ) {
            let request = Request {
                input: Input::generated(bytes, seed),
                leaf_bytes: NonZeroU64::new(leaf).unwrap(),
            };
            let answer = hash(&request, &pool(threads));
            prop_assert_eq!(answer.root, definition(&request));
            prop_assert_eq!(answer.threads, threads);
            prop_assert_eq!(answer.bytes, bytes);
        }
    }
}
