//! Which of two commits comes later, asked of git in the current folder.

use std::{
    env, fmt,
    process::{Command, Output},
};

/// How a commit follows another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// It is the other one or descends from it.
    Descends,
    /// It does not: it is older, or of another branch.
    DoesNot,
    /// The other one is not in this repository, whose history is complete.
    Unknown,
}

/// Why git cannot say.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// There is no git.
    #[error("cannot start git, which says whether one commit follows another: install it")]
    Start(#[from] std::io::Error),
    /// The repository is another user's.
    #[error(
        "git does not answer here, because another user owns this repository: \
         git config --global --add safe.directory {0}"
    )]
    Ownership(String),
    /// The history ends early.
    #[error(
        "this clone is shallow, so git cannot say whether {commit} descends from {from}: \
         git fetch --unshallow (in a workflow: fetch-depth: 0)"
    )]
    Shallow {
        /// The later commit.
        commit: String,
        /// The earlier one.
        from: String,
    },
    /// The commit that is to be deployed is not here.
    #[error(
        "dist/ was built from {0}, which is not in this repository: run this where it was built, or build it again"
    )]
    NotHere(String),
    /// Anything else.
    #[error("git {command}: {reason}")]
    Git {
        /// What was asked.
        command: String,
        /// What git said.
        reason: String,
    },
}

/// A commit without what says that the tree had changes.
#[must_use]
pub fn clean(commit: &str) -> &str {
    commit.strip_suffix("-dirty").unwrap_or(commit)
}

/// How `commit` follows `from`; either may have `-dirty` behind it.
///
/// # Errors
/// [`OrderError`] when git cannot say.
pub fn of(commit: &str, from: &str) -> Result<Order, OrderError> {
    let (commit, from) = (clean(commit), clean(from));
    let shallow = git(&["rev-parse", "--is-shallow-repository"])? == Some("true".to_owned());
    let has = |commit: &str| {
        let object = format!("{commit}^{{commit}}");
        let found = git(&["cat-file", "-e", "--", &object])?;
        Ok::<_, OrderError>(found.is_some())
    };
    let unknown = || OrderError::Shallow {
        commit: commit.to_owned(),
        from: from.to_owned(),
    };
    if !has(commit)? {
        return Err(OrderError::NotHere(commit.to_owned()));
    }
    if !has(from)? {
        return if shallow {
            Err(unknown())
        } else {
            Ok(Order::Unknown)
        };
    }
    match git(&["merge-base", "--is-ancestor", "--", from, commit])? {
        Some(_) => Ok(Order::Descends),
        None if shallow => Err(unknown()),
        None => Ok(Order::DoesNot),
    }
}

/// What git says; `None` where it says no: exit code 1, or an object that it has not.
fn git(arguments: &[&str]) -> Result<Option<String>, OrderError> {
    let mut command = Command::new("git");
    // Its sentences in one language.
    command.args(arguments).env("LC_ALL", "C");
    let Output {
        status,
        stdout,
        stderr,
    } = command.output()?;
    if status.success() {
        return Ok(Some(String::from_utf8_lossy(&stdout).trim().to_owned()));
    }
    let reason = String::from_utf8_lossy(&stderr);
    if reason.contains("dubious ownership") {
        let folder = env::current_dir().map_or_else(|_| ".".to_owned(), display);
        return Err(OrderError::Ownership(folder));
    }
    if status.code() == Some(1) || reason.contains("Not a valid object name") {
        return Ok(None);
    }
    Err(OrderError::Git {
        command: arguments.join(" "),
        reason: reason.trim().to_owned(),
    })
}

fn display(path: std::path::PathBuf) -> String {
    path.display().to_string()
}

/// Why a commit may not follow another one in production.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutOfOrder {
    /// The commit that is to be deployed.
    pub commit: String,
    /// The one that is.
    pub from: String,
    /// What that one is, such as `is deployed`.
    pub what: &'static str,
    /// How the one follows the other.
    pub order: Order,
}

impl fmt::Display for OutOfOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            commit,
            from,
            what,
            order,
        } = self;
        match order {
            Order::Unknown => write!(
                f,
                "{from} {what}, which is not in this repository, so {commit} may be older"
            ),
            _ => write!(f, "{commit} does not descend from {from}, which {what}"),
        }
    }
}
