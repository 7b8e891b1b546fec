//! What can be wrong with an artifact, with which file, and what to do.

use std::path::PathBuf;

use package::Architecture;

use super::{Glibc, LARGEST_UNZIPPED_BYTES, LARGEST_ZIP_BYTES, NEWEST_GLIBC};

const MIB: u64 = 1024 * 1024;

/// Why an artifact must not be published.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are what the texts say")]
pub enum Problem {
    /// The manifest has one build only.
    #[error("{function} has no {architecture} build: make it (scripts/build.sh {function})")]
    MissingBuild {
        function: String,
        architecture: Architecture,
    },
    /// The builds would behave differently for another reason than the architecture.
    #[error(
        "the builds of {function} come from different commits ({commits}): build both again (scripts/build.sh {function})"
    )]
    DifferentCommits { function: String, commits: String },
    /// The zip cannot be read.
    #[error("cannot read {path}: {source}. Build it again (scripts/build.sh)", path = path.display())]
    Unreadable {
        path: PathBuf,
        source: std::io::Error,
    },
    /// The file is not a zip.
    #[error("{path} is not a zip: {source}. Build it again (scripts/build.sh)", path = path.display())]
    NotAZip {
        path: PathBuf,
        source: zip::result::ZipError,
    },
    /// The zip is not the one that the manifest describes.
    #[error("{path} has SHA-256 {found}, function.json says {stated}: one of them is stale, build again (scripts/build.sh)", path = path.display())]
    DifferentHash {
        path: PathBuf,
        found: String,
        stated: String,
    },
    /// The zip is larger than a direct upload may be.
    #[error("{path} has {bytes} bytes, Lambda takes {limit} MiB at most in a direct upload: make the binary smaller, or publish it by a bucket, as scripts/deploy.sh does on AWS", path = path.display(), limit = LARGEST_ZIP_BYTES / MIB)]
    ZipTooLarge { path: PathBuf, bytes: u64 },
    /// The content is larger than Lambda unpacks.
    #[error("{path} unpacks to {bytes} bytes, Lambda takes {limit} MiB at most: make its content smaller", path = path.display(), limit = LARGEST_UNZIPPED_BYTES / MIB)]
    ContentTooLarge { path: PathBuf, bytes: u64 },
    /// The zip has no `bootstrap`.
    #[error("{path} has no bootstrap in its root, the one file that provided.al2023 starts: pack it with scripts/build.sh", path = path.display())]
    NoBootstrap { path: PathBuf },
    /// The bootstrap is not executable.
    #[error("bootstrap in {path} is not executable (mode {mode}): pack it with scripts/build.sh, which keeps the mode", path = path.display())]
    NotExecutable { path: PathBuf, mode: String },
    /// The bootstrap is no 64-bit little-endian ELF file.
    #[error("bootstrap in {path} is not a 64-bit ELF executable ({why}): build it with scripts/build.sh", path = path.display())]
    NotElf { path: PathBuf, why: String },
    /// The bootstrap was built for the other architecture, or for something else.
    #[error("bootstrap in {path} is built for {found}, this artifact is for {architecture}: build it again (scripts/build.sh)", path = path.display())]
    WrongMachine {
        path: PathBuf,
        found: String,
        architecture: Architecture,
    },
    /// The bootstrap asks for a loader that Lambda has not got.
    #[error("bootstrap in {path} is started by {found}, Lambda has {expected}: link it against glibc, or statically", path = path.display())]
    WrongLoader {
        path: PathBuf,
        found: String,
        expected: &'static str,
    },
    /// The bootstrap needs a newer glibc than Lambda has.
    #[error("bootstrap in {path} needs glibc {found}, provided.al2023 has {NEWEST_GLIBC}: build it with scripts/build.sh, which pins the version", path = path.display())]
    GlibcTooNew { path: PathBuf, found: Glibc },
}
