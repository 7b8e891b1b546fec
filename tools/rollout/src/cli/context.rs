//! What every command gets.

use std::path::PathBuf;

use package::{FunctionManifest, ManifestError};

use super::output::Output;
use crate::aws::client::Clients;

/// What every command gets: the clients, the dist folder, where its output goes.
#[derive(Debug, Clone)]
pub(super) struct Context {
    /// The AWS services that a rollout talks to.
    pub clients: Clients,
    /// Folder with one folder per built function.
    pub dist: PathBuf,
    /// Where results go.
    pub output: Output,
}

impl Context {
    /// Reads the manifest of a built function.
    ///
    /// # Errors
    /// [`ManifestError`] when it was not built, or not by this version.
    pub(super) fn manifest(&self, function: &str) -> Result<FunctionManifest, ManifestError> {
        FunctionManifest::read(&self.dist, function)
    }
}
