//! What can go wrong with an alias.

use super::Routing;

/// What went wrong with an alias, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum AliasError {
    /// The function or the alias does not exist.
    #[error(
        "function {function} has no alias {name}: publish it first (rollout publish {function})"
    )]
    Missing {
        /// The function.
        function: String,
        /// The alias.
        name: String,
    },
    /// Somebody else has changed the alias since it was read.
    #[error(
        "alias {name} of {function} was changed by somebody else and now routes to {found}; \
         nothing was overwritten (rollout status {function})"
    )]
    Changed {
        /// The function.
        function: String,
        /// The alias.
        name: String,
        /// Where it routes now.
        found: Routing,
    },
    /// The alias points at something that a rollout cannot move.
    #[error(
        "alias {name} of {function} points at {found}: point it at one or two published versions"
    )]
    Unsupported {
        /// The function.
        function: String,
        /// The alias.
        name: String,
        /// What it points at.
        found: String,
    },
    /// The call itself failed, after all its retries.
    #[error("{operation} of {function}:{name} failed: {cause}")]
    Call {
        /// The API operation.
        operation: &'static str,
        /// The function.
        function: String,
        /// The alias.
        name: String,
        /// What AWS said, or why it said nothing.
        cause: String,
    },
}
