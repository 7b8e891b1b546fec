//! What the aliases `x86_64` and `arm64` say of the newest pair in their descriptions.
//!
//! ```text
//! newest arm64 build, commit 0123456789abcdef0123456789abcdef01234567, failed its replay
//!        |                   |                                         ` not tried again by itself
//!        |                   ` the last commit that was deployed with this content
//!        ` the alias's own name
//! ```

use std::{fmt, str::FromStr};

use aws_sdk_lambda::Client;
use package::Architecture;

use crate::aws::alias::{self, AliasError};

const FAILED_REPLAY: &str = ", failed its replay";

/// The alias that says whether the newest pair has failed its replay: one of the two is enough.
const SAYS: Architecture = Architecture::Arm64;

/// The description of an alias of the newest pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newest {
    /// Which build.
    pub architecture: Architecture,
    /// The commit that it was published or found again for.
    pub commit: String,
    /// Whether the pair's builds did not answer the sample events alike and as expected.
    pub failed_replay: bool,
}

impl fmt::Display for Newest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = if self.failed_replay {
            FAILED_REPLAY
        } else {
            ""
        };
        write!(
            f,
            "newest {} build, commit {}{failed}",
            self.architecture, self.commit
        )
    }
}

/// A description that `rollout publish` has not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the alias's description does not say which build it points at")]
pub struct NotTheNewest;

impl FromStr for Newest {
    type Err = NotTheNewest;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (text, failed_replay) = match text.strip_suffix(FAILED_REPLAY) {
            Some(text) => (text, true),
            None => (text, false),
        };
        let rest = text.strip_prefix("newest ").ok_or(NotTheNewest)?;
        let (architecture, commit) = rest.split_once(" build, commit ").ok_or(NotTheNewest)?;
        Ok(Self {
            architecture: architecture.parse().map_err(|_| NotTheNewest)?,
            commit: commit.to_owned(),
            failed_replay,
        })
    }
}

/// Whether the newest pair has failed its last replay.
///
/// # Errors
/// [`AliasError`] when AWS does not answer.
pub async fn has_failed_replay(client: &Client, function: &str) -> Result<bool, AliasError> {
    let alias = alias::find(client, function, SAYS.as_str()).await?;
    let newest = alias.and_then(|alias| alias.description.parse::<Newest>().ok());
    Ok(newest.is_some_and(|newest| newest.failed_replay))
}

/// Writes down how the replay of the newest pair has ended, where that is news.
///
/// # Errors
/// [`AliasError`] when AWS refuses, or the alias was changed at the same moment.
pub async fn replayed(client: &Client, function: &str, failed: bool) -> Result<(), AliasError> {
    let alias = alias::read(client, function, SAYS.as_str()).await?;
    let Ok(newest) = alias.description.parse::<Newest>() else {
        return Ok(());
    };
    if newest.failed_replay != failed {
        let newest = Newest {
            failed_replay: failed,
            ..newest
        };
        alias::compare_and_swap(client, &alias, alias.routing, &newest.to_string()).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_read_back_as_it_was_written() {
        for failed_replay in [false, true] {
            let newest = Newest {
                architecture: Architecture::X86_64,
                commit: "abc-dirty".to_owned(),
                failed_replay,
            };
            assert_eq!(newest.to_string().parse(), Ok(newest));
        }
        let text = "newest arm64 build, commit abc, failed its replay";
        assert_eq!(text.parse::<Newest>().map(|it| it.commit), Ok("abc".into()));
        for other in ["", "by hand", "newest mips build, commit abc"] {
            assert_eq!(other.parse::<Newest>(), Err(NotTheNewest), "{other}");
        }
    }
}
