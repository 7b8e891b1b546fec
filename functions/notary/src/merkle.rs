//! SHA-256 Merkle tree hash of RFC 6962, section 2.1 (<https://www.rfc-editor.org/rfc/rfc6962#section-2.1>).
//!
//! ```text
//! MTH({})     = SHA-256()
//! MTH({d0})   = SHA-256(0x00 || d0)
//! MTH(D[n])   = SHA-256(0x01 || MTH(D[0:k]) || MTH(D[k:n])),  k the largest power of two below n
//! ```
//!
//! The two prefixes make sure that a leaf is never taken for a node. A [`Tree`] has one hash for
//! every bit of the leaf count, so the root over any number of leaves needs at most 2 KiB.

use sha2::{Digest as _, Sha256};

/// A SHA-256 digest.
pub type Hash = [u8; 32];

/// Begins a leaf, `SHA-256(0x00 || ..)`, whose bytes are added piece by piece: a leaf of any size needs no buffer.
#[must_use]
pub fn leaf_hasher() -> Sha256 {
    Sha256::new_with_prefix([0x00])
}

/// `SHA-256(0x00 || leaf)`.
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    leaf_hasher().chain_update(leaf).finalize().into()
}

/// `SHA-256(0x01 || left || right)`.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new_with_prefix([0x01])
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

/// The tree over the leaves so far, added from left to right.
///
/// `subtrees` are the roots of the perfect subtrees that the leaves form, largest first: the
/// binary digits of `leaves`. Merging two of equal size whenever they meet, and folding the rest
/// from the right at the end, gives RFC 6962's split at the largest power of two.
#[derive(Clone, Default)]
pub struct Tree {
    subtrees: Vec<Hash>,
    leaves: u64,
}

impl Tree {
    /// Adds the next leaf by its [`leaf_hash`].
    pub fn push(&mut self, leaf_hash: Hash) {
        let mut root = leaf_hash;
        // Every trailing 1 of the count is a subtree as large as the present one.
        for _ in 0..self.leaves.trailing_ones() {
            if let Some(left) = self.subtrees.pop() {
                root = node_hash(&left, &root);
            }
        }
        self.subtrees.push(root);
        self.leaves += 1;
    }

    /// How many leaves it has.
    #[must_use]
    pub fn leaves(&self) -> u64 {
        self.leaves
    }

    /// The Merkle tree hash.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.subtrees
            .iter()
            .rev()
            .copied()
            .reduce(|right, left| node_hash(&left, &right))
            .unwrap_or_else(|| Sha256::digest([]).into())
    }
}

/// How many leaf hashes are in memory at once: 32 bytes each, so 256 KiB.
#[cfg(feature = "parallel")]
const WINDOW: u64 = 8192;

/// The tree over `leaves` leaves whose hashes `leaf_hash` gives by index, computed in parallel on
/// the threads of the current rayon pool and added in order; none as soon as it gives none.
///
/// Memory does not grow with the number of leaves.
#[cfg(feature = "parallel")]
pub fn tree_in_parallel(
    leaves: u64,
    leaf_hash: impl Fn(u64) -> Option<Hash> + Sync,
) -> Option<Tree> {
    use rayon::prelude::*;

    let mut tree = Tree::default();
    let mut hashes = Vec::new();
    let mut start = 0;
    while start < leaves {
        let end = leaves.min(start + WINDOW);
        // An indexed range keeps the order and reuses the buffer; u32 is what rayon indexes by
        // on every target.
        let window = u32::try_from(end - start).unwrap_or(u32::MAX);
        (0..window)
            .into_par_iter()
            .map(|offset| leaf_hash(start + u64::from(offset)))
            .collect_into_vec(&mut hashes);
        for hash in &hashes {
            tree.push((*hash)?);
        }
        start = end;
    }
    Some(tree)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The recursive definition of RFC 6962, as it is written there.
    fn definition(leaves: &[Vec<u8>]) -> Hash {
        match leaves {
            [] => Sha256::digest([]).into(),
            [leaf] => leaf_hash(leaf),
            _ => {
                let k = leaves.len().next_power_of_two() / 2;
                node_hash(&definition(&leaves[..k]), &definition(&leaves[k..]))
            }
        }
    }

    fn tree_of(leaves: &[Vec<u8>]) -> Tree {
        let mut tree = Tree::default();
        leaves.iter().for_each(|leaf| tree.push(leaf_hash(leaf)));
        tree
    }

    /// Inputs and roots of the Certificate Transparency reference implementation
    /// (google/certificate-transparency, `merkletree/merkle_tree_test.cc`).
    #[test]
    fn roots_match_the_certificate_transparency_vectors() {
        let inputs = [
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut tree = Tree::default();
        for (input, root) in inputs.iter().zip(roots) {
            tree.push(leaf_hash(&hex::decode(input).unwrap()));
            assert_eq!(hex::encode(tree.root()), root, "{} leaves", tree.leaves());
        }
    }

    #[test]
    fn the_root_of_no_leaves_is_the_digest_of_nothing() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hex::encode(Tree::default().root()), empty);
    }

    /// FIPS 180-4 examples (NIST CAVP `SHA256.pdf`): the crate that we use is SHA-256.
    #[test]
    fn the_digest_matches_the_fips_180_4_examples() {
        for (message, digest) in [
            (
                "abc",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            ),
        ] {
            assert_eq!(hex::encode(Sha256::digest(message)), digest);
        }
    }

    proptest! {
        #[test]
        fn adding_leaves_one_by_one_gives_the_recursive_definition(
            leaves in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..70)
        ) {
            let tree = tree_of(&leaves);
            prop_assert_eq!(tree.root(), definition(&leaves));
            prop_assert_eq!(tree.leaves(), leaves.len() as u64);
        }
    }

    #[cfg(feature = "parallel")]
    #[test]
    fn leaves_hashed_side_by_side_keep_their_order_across_windows() {
        let leaf = |index: u64| leaf_hash(&index.to_le_bytes());
        for leaves in [0, 1, WINDOW - 1, WINDOW, WINDOW + 1, 3 * WINDOW + 5] {
            let mut tree = Tree::default();
            (0..leaves).for_each(|index| tree.push(leaf(index)));
            let parallel = tree_in_parallel(leaves, |index| Some(leaf(index))).unwrap();
            assert_eq!(parallel.root(), tree.root(), "{leaves} leaves");
            assert_eq!(parallel.leaves(), leaves);
        }
        assert!(tree_in_parallel(u64::MAX, |index| (index < 10).then(|| leaf(index))).is_none());
    }
}
