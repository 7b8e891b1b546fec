//! One file per command: its arguments, then the function that runs it.

pub mod abort;
pub mod bench;
mod price_args;
pub mod promote;
pub mod prune;
pub mod publish;
pub mod replay;
pub mod report;
pub mod rollback;
pub mod run;
pub mod status;
