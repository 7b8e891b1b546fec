//! What these tests share: a stage with a sandbox and traffic, a proxy that goes wrong and releases.

pub(crate) mod proxy;
pub(crate) mod release;
pub(crate) mod run;

/// Starts a program that hears SIGHUP, also where these tests themselves run under `nohup`.
pub(crate) const WITH_A_TERMINAL: [&str; 2] = ["env", "--default-signal=HUP"];
