//! One file per command: its arguments, then the function that runs it.

pub mod abort;
pub mod compare;
pub mod prove;
pub mod publish;
pub mod replay;
pub mod run;
pub mod set;
pub mod status;
