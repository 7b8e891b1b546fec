//! What must hold of both artifacts before anything is uploaded.
//!
//! ```text
//! archive.rs   the zip: its hash, its sizes, an executable bootstrap in its root
//! elf.rs       the bootstrap: its machine, its loader, the newest glibc that it needs
//! problem.rs   what can be wrong, with which file, and what to do
//! ```
//!
//! Lambda would find most of this out too, but only at the first invocation, and then says
//! `Runtime.ExitError` without a reason.

mod archive;
mod elf;
mod problem;

use std::{fmt, path::Path};

use package::{Architecture, Artifact, FunctionManifest};
use serde::{Serialize, Serializer};

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

/// A glibc version, such as 2.34.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Glibc {
    /// The first number: 2 since 1997.
    pub major: u32,
    /// The second number: one more every half year.
    pub minor: u32,
}

impl Glibc {
    /// Reads the name of a symbol version. `GLIBC_2.2.5` is 2.2; other libraries' versions and
    /// `GLIBC_PRIVATE` are none.
    #[must_use]
    pub fn from_symbol_version(name: &[u8]) -> Option<Self> {
        let mut numbers = std::str::from_utf8(name)
            .ok()?
            .strip_prefix("GLIBC_")?
            .split('.')
            .map(str::parse);
        Some(Self {
            major: numbers.next()?.ok()?,
            minor: numbers.next()?.ok()?,
        })
    }
}

impl fmt::Display for Glibc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl Serialize for Glibc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How an artifact reaches Lambda, which limits its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upload {
    /// In the request itself.
    Direct,
    /// Through a bucket: only the unzipped size is limited.
    ByBucket,
}

/// Both builds, after all checks have passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckedPair {
    /// The commit that both were built from.
    pub commit: String,
    /// The builds in the order of publishing.
    pub builds: Vec<CheckedBuild>,
}

/// One build, checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckedBuild {
    /// The architecture that it is built for.
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
pub struct CheckFailed(pub Vec<Problem>);

impl fmt::Display for CheckFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the artifacts are not fit for publishing:")?;
        self.0
            .iter()
            .try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

/// Checks both builds of a function, whose folder is given.
///
/// # Errors
/// [`CheckFailed`] with all that is wrong, not only the first.
pub fn check(
    folder: &Path,
    manifest: &FunctionManifest,
    upload: Upload,
) -> Result<CheckedPair, CheckFailed> {
    let mut problems = Vec::new();
    let mut builds = Vec::new();
    for architecture in Architecture::ALL {
        match check_build(folder, manifest, architecture, upload) {
            Ok(build) => builds.push(build),
            Err(problem) => problems.push(problem),
        }
    }
    match common_commit(manifest) {
        Ok(commit) if problems.is_empty() => return Ok(CheckedPair { commit, builds }),
        Ok(_) => {}
        Err(problem) => problems.push(problem),
    }
    Err(CheckFailed(problems))
}

fn check_build(
    folder: &Path,
    manifest: &FunctionManifest,
    architecture: Architecture,
    upload: Upload,
) -> Result<CheckedBuild, Problem> {
    let artifact = artifact(manifest, architecture)?;
    let path = folder.join(&artifact.zip);
    let (zip, bootstrap) = archive::open(&path, artifact, upload)?;
    let glibc = elf::inspect(&path, architecture, &bootstrap)?;
    Ok(CheckedBuild {
        architecture,
        glibc,
        zip_bytes: zip.len() as u64,
        bootstrap_bytes: bootstrap.len() as u64,
        zip,
    })
}

fn artifact(manifest: &FunctionManifest, architecture: Architecture) -> Result<&Artifact, Problem> {
    let missing = || Problem::MissingBuild {
        function: manifest.name.clone(),
        architecture,
    };
    manifest.artifacts.get(&architecture).ok_or_else(missing)
}

/// A build that is missing is a problem of its own, not one of its commit.
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

#[cfg(test)]
mod tests {
    use super::Glibc;

    #[test]
    fn minor_versions_are_numbers_and_not_decimals() {
        let version = |name: &str| Glibc::from_symbol_version(name.as_bytes());
        assert!(version("GLIBC_2.4") < version("GLIBC_2.34"));
        assert_eq!(
            version("GLIBC_2.2.5").map(|v| v.to_string()).as_deref(),
            Some("2.2")
        );
    }

    #[test]
    fn other_libraries_have_no_glibc_version() {
        for name in ["GCC_3.0", "GLIBC_PRIVATE", "GLIBCXX_3.4", "", "GLIBC_2"] {
            assert_eq!(Glibc::from_symbol_version(name.as_bytes()), None, "{name}");
        }
    }
}
