//! The bytes to hash, leaf by leaf.
//!
//! Input from memory is a working set of random words, read from its beginning to its end and again until the length
//! asked for is reached. SHA-256 is slower than any memory, so a leaf's words are added up, and their sum is hashed.
//!
//! Generated input is a page of random bytes repeated to the length asked for, with the first 8
//! bytes of every page replaced by the page's number (little-endian), so that pages differ. The
//! number and the rest of the page are hashed one after the other: nothing is copied, and memory
//! does not grow with the input.

use std::num::NonZeroU64;

use notary::merkle::{Hash, LeafHasher};

/// Size of one page of generated input, in bytes.
pub const PAGE_BYTES: u64 = 4096;
const PAGE: usize = PAGE_BYTES as usize;
const STAMP: usize = size_of::<u64>();
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
        let mut hasher = LeafHasher::new();
        match self {
            Self::FromMemory { words, .. } => {
                hasher.update(&sum(words, start / WORD, end / WORD).to_le_bytes());
            }
            // Both ends are within a Vec's length, so they fit into a usize.
            Self::Given(data) => hasher.update(&data[start as usize..end as usize]),
            Self::Generated { page, .. } => {
                for_each_piece(page, start, end, |piece| hasher.update(piece));
            }
        }
        hasher.finish()
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

/// Calls back with the bytes from `start` to `end` of the pages, piece by piece.
fn for_each_piece(page: &[u8; PAGE], start: u64, end: u64, mut piece: impl FnMut(&[u8])) {
    let mut position = start;
    while position < end {
        let number = position / PAGE_BYTES;
        let from = (position % PAGE_BYTES) as usize;
        let to = (end - number * PAGE_BYTES).min(PAGE_BYTES) as usize;
        if from < STAMP {
            piece(&number.to_le_bytes()[from..to.min(STAMP)]);
        }
        if to > STAMP {
            piece(&page[from.max(STAMP)..to]);
        }
        position = number * PAGE_BYTES + to as u64;
    }
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
    fn materialised(bytes: usize, seed: u64) -> Vec<u8> {
        let Input::Generated { page, .. } = Input::generated(bytes as u64, seed) else {
            unreachable!("generated input")
        };
        let mut data: Vec<u8> = page.iter().copied().cycle().take(bytes).collect();
        for (number, page) in data.chunks_mut(PAGE).enumerate() {
            let stamp = (number as u64).to_le_bytes();
            let length = page.len().min(STAMP);
            page[..length].copy_from_slice(&stamp[..length]);
        }
        data
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
            let data = materialised(bytes, seed);
            let leaf_bytes = NonZeroU64::new(leaf).unwrap();
            for (index, piece) in data.chunks(leaf as usize).enumerate() {
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
            let given = Input::Given(materialised(bytes, seed));
            prop_assert_eq!(given.leaves(leaf_bytes), generated.leaves(leaf_bytes));
            for index in 0..given.leaves(leaf_bytes) {
                prop_assert_eq!(given.leaf_hash(index, leaf_bytes), generated.leaf_hash(index, leaf_bytes));
            }
        }
    }
}
