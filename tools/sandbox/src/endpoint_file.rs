//! `<folder>/sandbox.json`: how the other commands find the sandbox that runs from a folder.

use std::{
    io,
    path::{Path, PathBuf},
};

use nix::{sys::signal::kill, unistd::Pid};
use serde::{Deserialize, Serialize};

/// Name of the file.
const NAME: &str = "sandbox.json";

/// What a running sandbox says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointFile {
    /// `http://127.0.0.1:PORT`
    pub endpoint: String,
    /// Process id.
    pub pid: u32,
}

impl EndpointFile {
    /// The sandbox that runs from a folder. One that was killed leaves its file behind: that counts as none.
    #[must_use]
    pub fn running(folder: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(path(folder)).ok()?;
        let file: Self = serde_json::from_str(&text).ok()?;
        file.is_alive().then_some(file)
    }

    /// Whether that process exists.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        i32::try_from(self.pid).is_ok_and(|pid| kill(Pid::from_raw(pid), None).is_ok())
    }

    /// Writes the file as a whole or not at all.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let partial = folder.join(format!("{NAME}.{}", self.pid));
        std::fs::write(&partial, serde_json::to_string(self)?)?;
        std::fs::rename(partial, path(folder))
    }

    /// Removes the file if it is still this sandbox's.
    pub fn remove(&self, folder: &Path) {
        if Self::running(folder).as_ref() == Some(self)
            && let Err(error) = std::fs::remove_file(path(folder))
        {
            tracing::warn!(%error, "cannot remove {}", path(folder).display());
        }
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join(NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sandbox_that_lives_is_running() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(EndpointFile::running(folder.path()), None);
        let mut file = EndpointFile {
            endpoint: "http://127.0.0.1:1".to_owned(),
            pid: std::process::id(),
        };
        file.write(folder.path()).unwrap();
        assert_eq!(EndpointFile::running(folder.path()), Some(file.clone()));
        // Larger than any process id.
        file.pid = 0x7fff_ffff;
        file.write(folder.path()).unwrap();
        assert_eq!(EndpointFile::running(folder.path()), None);
    }
}
