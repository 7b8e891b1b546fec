//! What differs between two commits, asked of git.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    os::unix::ffi::OsStrExt as _,
    path::PathBuf,
    process::{Command, Output},
};

use cargo_lock::Lockfile;

use super::{Package, differing};

/// What differs between two commits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Files that were added, changed or removed, from the workspace's root.
    pub paths: BTreeSet<PathBuf>,
    /// Packages that one `Cargo.lock` has and the other has not.
    pub packages: BTreeSet<Package>,
}

/// Why git cannot say what differs.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// There is no git.
    #[error("cannot start git")]
    Start(#[from] std::io::Error),
    /// git refused: mostly a commit that this clone does not have.
    #[error("git {command}: {reason}")]
    Git {
        /// What was asked.
        command: String,
        /// What git said.
        reason: String,
    },
    /// A lock file that is none.
    #[error("Cargo.lock of {commit}")]
    Lock {
        /// Whose lock file.
        commit: String,
        /// What is wrong with it.
        source: cargo_lock::Error,
    },
}

impl Changes {
    /// What differs between `since` and the commit that is checked out.
    ///
    /// # Errors
    /// [`HistoryError`], above all when this clone does not have the commit `since`.
    pub fn since(since: &str) -> Result<Self, HistoryError> {
        let commit = format!("{since}^{{commit}}");
        let since = git(&[
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &commit,
        ])?;
        let since = String::from_utf8_lossy(&since).trim().to_owned();
        let names = git(&["diff", "--name-only", "--no-renames", "-z", &since, "HEAD"])?;
        let paths: BTreeSet<PathBuf> = names
            .split(|byte| *byte == 0)
            .filter(|name| !name.is_empty())
            .map(|name| PathBuf::from(OsStr::from_bytes(name)))
            .collect();
        let packages = if paths.contains(std::path::Path::new("Cargo.lock")) {
            differing(locked(&since)?, locked("HEAD")?)
        } else {
            BTreeSet::new()
        };
        Ok(Self { paths, packages })
    }
}

/// The packages in the lock file of a commit; none where it has no lock file.
fn locked(commit: &str) -> Result<BTreeSet<Package>, HistoryError> {
    let file = format!("{commit}:Cargo.lock");
    if git(&["cat-file", "-e", &file]).is_err() {
        return Ok(BTreeSet::new());
    }
    let text = git(&["show", &file])?;
    let lock: Lockfile =
        String::from_utf8_lossy(&text)
            .parse()
            .map_err(|source| HistoryError::Lock {
                commit: commit.to_owned(),
                source,
            })?;
    Ok(lock.packages.iter().map(Package::from).collect())
}

fn git(arguments: &[&str]) -> Result<Vec<u8>, HistoryError> {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new("git").args(arguments).output()?;
    if status.success() {
        return Ok(stdout);
    }
    Err(HistoryError::Git {
        command: arguments.join(" "),
        reason: match String::from_utf8_lossy(&stderr).trim() {
            "" => "not in this clone".to_owned(),
            reason => reason.to_owned(),
        },
    })
}
