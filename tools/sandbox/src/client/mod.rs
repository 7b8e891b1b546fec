//! What the subcommands that talk to a running sandbox have in common.
