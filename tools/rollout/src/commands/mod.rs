//! One file per command: its arguments, then the function that runs it.

pub mod abort;
pub mod bench;
pub mod compare;
mod price_args;
pub mod prove;
pub mod prune;
pub mod publish;
pub mod replay;
pub mod run;
pub mod set;
pub mod status;
