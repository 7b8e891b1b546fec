//! What these tests share: a stage with a sandbox and traffic, a proxy that goes wrong and releases.

pub(crate) mod proxy;
pub(crate) mod release;
pub(crate) mod run;
