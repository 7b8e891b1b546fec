//! What must hold of both artifacts before anything is uploaded.
//!
//! ```text
//! archive.rs   the zip: its hash, its sizes, an executable bootstrap in its root
//! elf.rs       the bootstrap: its machine, its loader, the newest glibc that it needs
//! glibc.rs     a glibc version
//! problem.rs   what can be wrong, with which file, and what to do
//! ```
//!
//! Lambda would find most of this out too, but only at the first invocation, and then says
//! `Runtime.ExitError` without a reason.

mod archive;
mod elf;
mod glibc;
mod problem;

use std::{fmt, path::Path};

use package::{Architecture, Artifact, FunctionManifest};
use serde::Serialize;

pub use glibc::Glibc;
pub use problem::Problem;

/// The glibc of Amazon Linux 2023, on which `provided.al2023` runs.
pub const NEWEST_GLIBC: Glibc = Glibc {
    major: 2,
    minor: 34,
};

/// The largest zip that can be uploaded without a bucket, in bytes.
pub const LARGEST_ZIP_BYTES: u64 = 50 * 1024 * 1024;

/// The largest content of a zip, in bytes.
pub const LARGEST_UNZIPPED_BYTES: u64 = 250 * 1024 * 1024;

/// How an artifact reaches Lambda, which limits its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upload {
    /// With the request.
    Direct,
    /// By a bucket: only the content is limited.
    ByBucket,
}

/// Both halves, proven to be what they claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// The commit that both were built from.
    pub commit: String,
    /// The halves in the order of publishing.
    pub halves: Vec<HalfProof>,
}

/// One half, proven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HalfProof {
    /// What it runs on.
    pub architecture: Architecture,
    /// The newest glibc that it needs; none when it is linked statically.
    pub glibc: Option<Glibc>,
    /// Size of the zip in bytes.
    pub zip_bytes: u64,
    /// Size of the bootstrap in bytes.
    pub bootstrap_bytes: u64,
    /// The zip itself, for the upload.
    #[serde(skip)]
    pub zip: Vec<u8>,
}

/// Everything that is wrong with a pair, at least one thing.
#[derive(Debug, thiserror::Error)]
pub struct Disproof(pub Vec<Problem>);

impl fmt::Display for Disproof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the artifacts are not fit for publishing:")?;
        self.0
            .iter()
            .try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

/// Proves both halves of a built function, whose folder is given.
///
/// # Errors
/// [`Disproof`] with all that is wrong, not only the first.
pub fn prove(
    folder: &Path,
    manifest: &FunctionManifest,
    upload: Upload,
) -> Result<Proof, Disproof> {
    let mut problems = Vec::new();
    let mut halves = Vec::new();
    for architecture in Architecture::ALL {
        match prove_half(folder, manifest, architecture, upload) {
            Ok(half) => halves.push(half),
            Err(problem) => problems.push(problem),
        }
    }
    match common_commit(manifest) {
        Ok(commit) if problems.is_empty() => return Ok(Proof { commit, halves }),
        Ok(_) => {}
        Err(problem) => problems.push(problem),
    }
    Err(Disproof(problems))
}

fn prove_half(
    folder: &Path,
    manifest: &FunctionManifest,
    architecture: Architecture,
    upload: Upload,
) -> Result<HalfProof, Problem> {
    let artifact = artifact(manifest, architecture)?;
    let path = folder.join(&artifact.zip);
    let (zip, bootstrap) = archive::open(&path, artifact, upload)?;
    let glibc = elf::inspect(&path, architecture, &bootstrap)?;
    Ok(HalfProof {
        architecture,
        glibc,
        zip_bytes: zip.len() as u64,
        bootstrap_bytes: bootstrap.len() as u64,
        zip,
    })
}

fn artifact(manifest: &FunctionManifest, architecture: Architecture) -> Result<&Artifact, Problem> {
    let missing = || Problem::MissingHalf {
        function: manifest.name.clone(),
        architecture,
    };
    manifest.artifacts.get(&architecture).ok_or_else(missing)
}

/// A half that is missing is a problem of its own, not one of its commit.
fn common_commit(manifest: &FunctionManifest) -> Result<String, Problem> {
    let mut commits = manifest.artifacts.values().map(|artifact| &artifact.commit);
    let first = commits.next().cloned().unwrap_or_default();
    match commits.find(|commit| **commit != first) {
        None => Ok(first),
        Some(_) => Err(Problem::DifferentCommits {
            function: manifest.name.clone(),
            commits: manifest
                .artifacts
                .iter()
                .map(|(architecture, artifact)| format!("{architecture} {}", artifact.commit))
                .collect::<Vec<_>>()
                .join(", "),
        }),
    }
}
