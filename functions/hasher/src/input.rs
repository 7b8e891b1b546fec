//! The bytes to hash, leaf by leaf.
//!
//! Input from memory is a working set of random words, read from its beginning to its end and again until the length
//! asked for is reached. SHA-256 is slower than any memory, so a leaf's words are added up, and their sum is hashed.
//!
//! Generated input is a page of random bytes, repeated. Every leaf begins with its number (little-endian) and then the
//! page, so that leaves differ, and memory does not grow with the input.

use std::{iter, num::NonZeroU64};

use notary::merkle::{Hash, leaf_hasher};
use sha2::Digest as _;

/// Size of one page of generated input, in bytes.
const PAGE: usize = 4096;
const WORD: u64 = size_of::<u64>() as u64;

/// Where the bytes come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Sent in the event.
    Given(Vec<u8>),
    /// Made here.
    Generated {
        /// How many bytes.
        bytes: u64,
        /// The page that repeats.
        page: Box<[u8; PAGE]>,
    },
    /// Read from a working set that is larger than the caches.
    FromMemory {
        /// How many bytes, in whole words.
        bytes: u64,
        /// The working set.
        words: Vec<u64>,
    },
}

impl Input {
    /// `bytes` bytes that depend on `seed` alone.
    #[must_use]
    pub fn generated(bytes: u64, seed: u64) -> Self {
        let mut page = Box::new([0; PAGE]);
        let mut state = seed;
        for word in page.chunks_exact_mut(8) {
            word.copy_from_slice(&split_mix_64(&mut state).to_le_bytes());
        }
        Self::Generated { bytes, page }
    }

    /// `bytes` bytes, read from `working_set_bytes` that depend on `seed` alone.
    #[must_use]
    pub fn from_memory(bytes: u64, working_set_bytes: u64, seed: u64) -> Self {
        let mut state = seed;
        let words = (0..working_set_bytes / WORD)
            .map(|_| split_mix_64(&mut state))
            .collect();
        Self::FromMemory { bytes, words }
    }

    /// Length in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Given(data) => data.len() as u64,
            Self::Generated { bytes, .. } | Self::FromMemory { bytes, .. } => *bytes,
        }
    }

    /// How many leaves of `leaf_bytes` it has; the last one may be shorter, and an empty input has none.
    #[must_use]
    pub fn leaves(&self, leaf_bytes: NonZeroU64) -> u64 {
        self.bytes().div_ceil(leaf_bytes.get())
    }

    /// The RFC 6962 hash of leaf `index`.
    #[must_use]
    pub fn leaf_hash(&self, index: u64, leaf_bytes: NonZeroU64) -> Hash {
        let start = index * leaf_bytes.get();
        let end = self.bytes().min(start + leaf_bytes.get());
        let mut hasher = leaf_hasher();
        match self {
            Self::FromMemory { words, .. } => {
                hasher.update(sum(words, start / WORD, end / WORD).to_le_bytes());
            }
            // Both ends are within a Vec's length, so they fit into a usize.
            Self::Given(data) => hasher.update(&data[start as usize..end as usize]),
            Self::Generated { page, .. } => {
                let number = index.to_le_bytes();
                let mut left = end - start;
                for piece in iter::once(&number[..]).chain(iter::repeat(&page[..])) {
                    if left <= piece.len() as u64 {
                        hasher.update(&piece[..left as usize]);
                        break;
                    }
                    hasher.update(piece);
                    left -= piece.len() as u64;
                }
            }
        }
        hasher.finalize().into()
    }
}

/// The sum of the words from `start` to `end` of the working set, which repeats.
fn sum(words: &[u64], start: u64, end: u64) -> u64 {
    let (mut sum, mut at) = (0_u64, start);
    while at < end {
        // Within the length of a Vec, so that it fits into a usize.
        let from = (at % words.len() as u64) as usize;
        let to = words.len().min(from + (end - at) as usize);
        for word in &words[from..to] {
            sum = sum.wrapping_add(*word);
        }
        at += (to - from) as u64;
    }
    sum
}

/// One step of SplitMix64 (Steele, Lea & Flood, "Fast Splittable Pseudorandom Number
/// Generators", 2014): for 4 KiB no crate is needed.
fn split_mix_64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use notary::merkle::leaf_hash;
    use proptest::prelude::*;

    use super::*;

    /// The definition in the module's docs, all in memory.
    fn materialised(bytes: usize, leaf: usize, seed: u64) -> Vec<Vec<u8>> {
        let Input::Generated { page, .. } = Input::generated(bytes as u64, seed) else {
            unreachable!("generated input")
        };
        let leaf_of = |number: usize| {
            let stamp = (number as u64).to_le_bytes();
            let all = stamp.into_iter().chain(page.iter().copied().cycle());
            all.take(leaf.min(bytes - number * leaf)).collect()
        };
        (0..bytes.div_ceil(leaf)).map(leaf_of).collect()
    }

    #[test]
    fn the_generator_matches_the_published_split_mix_64_sequence() {
        // First outputs for seed 1234567, as in the reference implementation's test (Vigna).
        let mut state = 1_234_567;
        let outputs: Vec<u64> = (0..3).map(|_| split_mix_64(&mut state)).collect();
        assert_eq!(
            outputs,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    proptest! {
        #[test]
        fn a_leaf_of_generated_input_hashes_like_the_same_bytes_in_memory(
            bytes in 1usize..20_000, leaf in 1u64..9_000, seed: u64
        ) {
            let input = Input::generated(bytes as u64, seed);
            let leaf_bytes = NonZeroU64::new(leaf).unwrap();
            for (index, piece) in materialised(bytes, leaf as usize, seed).iter().enumerate() {
                prop_assert_eq!(input.leaf_hash(index as u64, leaf_bytes), leaf_hash(piece));
            }
        }

        #[test]
        fn a_leaf_from_memory_is_the_sum_of_its_words_however_often_the_working_set_repeats(
            words in 1u64..3_000, set in 1u64..700, leaf in 1u64..2_000, seed: u64
        ) {
            let input = Input::from_memory(words * WORD, set * WORD, seed);
            let mut state = seed;
            let set: Vec<u64> = (0..set).map(|_| split_mix_64(&mut state)).collect();
            let all: Vec<u64> = set.iter().copied().cycle().take(words as usize).collect();
            let leaf_bytes = NonZeroU64::new(leaf * WORD).unwrap();
            for (index, words) in all.chunks(leaf as usize).enumerate() {
                let sum = words.iter().copied().fold(0, u64::wrapping_add);
                prop_assert_eq!(input.leaf_hash(index as u64, leaf_bytes), leaf_hash(&sum.to_le_bytes()));
            }
        }

        #[test]
        fn given_and_generated_input_of_the_same_bytes_have_the_same_leaves(
            bytes in 0usize..10_000, leaf in 1u64..5_000, seed: u64
        ) {
            let leaf_bytes = NonZeroU64::new(leaf).unwrap();
            let generated = Input::generated(bytes as u64, seed);
            let leaves = materialised(bytes, leaf as usize, seed);
            let given = Input::Given(leaves.concat());
            prop_assert_eq!(given.leaves(leaf_bytes), generated.leaves(leaf_bytes));
            for index in 0..given.leaves(leaf_bytes) {
                prop_assert_eq!(given.leaf_hash(index, leaf_bytes), generated.leaf_hash(index, leaf_bytes));
            }
        }
    }
}
