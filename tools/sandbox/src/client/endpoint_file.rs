//! `<folder>/sandbox.json`: how the other commands find the sandbox that runs from a folder.
//!
//! A sandbox that was killed leaves its file behind, and its process id may belong to any other process by now. The
//! file therefore also says when the process started, to 10 ms: no two processes share both.

use std::{
    io,
    path::{Path, PathBuf},
};

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
    /// When the process started, in clock ticks after the machine did. A file without it is of no running sandbox.
    #[serde(default)]
    pub started: u64,
}

impl EndpointFile {
    /// What this process says about itself.
    ///
    /// # Errors
    /// When there is no `/proc` to look itself up in.
    pub fn of_this_process(endpoint: &str) -> io::Result<Self> {
        let pid = std::process::id();
        let started =
            started(pid).ok_or_else(|| io::Error::other("/proc does not show processes"))?;
        Ok(Self {
            endpoint: endpoint.to_owned(),
            pid,
            started,
        })
    }

    /// The sandbox that runs from a folder. One that was killed leaves its file behind: that counts as none.
    #[must_use]
    pub fn running(folder: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(path(folder)).ok()?;
        let file: Self = serde_json::from_str(&text).ok()?;
        file.is_alive().then_some(file)
    }

    /// Whether that process still runs, and is not another one that got its id.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        started(self.pid) == Some(self.started)
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

/// When a process started; nothing when it has ended.
fn started(pid: u32) -> Option<u64> {
    started_of(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Fields 3 (state) and 22 (start time) of `/proc/<pid>/stat`: see proc_pid_stat(5).
fn started_of(stat: &str) -> Option<u64> {
    // The second field is the program's name in parentheses, and may have anything in it.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    // A zombie has ended, and only waits for its parent to notice.
    let state = fields.next()?;
    (!matches!(state, "Z" | "X")).then(|| fields.nth(18)?.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sandbox_that_lives_is_running() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(EndpointFile::running(folder.path()), None);
        let mut file = EndpointFile::of_this_process("http://127.0.0.1:1").unwrap();
        file.write(folder.path()).unwrap();
        assert_eq!(EndpointFile::running(folder.path()), Some(file.clone()));
        // Larger than any process id.
        file.pid = 0x7fff_ffff;
        file.write(folder.path()).unwrap();
        assert_eq!(EndpointFile::running(folder.path()), None);
    }

    #[test]
    fn a_process_id_that_another_process_has_by_now_is_no_sandbox() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = EndpointFile::of_this_process("http://127.0.0.1:1").unwrap();
        file.started -= 1;
        file.write(folder.path()).unwrap();
        assert_eq!(EndpointFile::running(folder.path()), None);
        let older = format!(r#"{{"endpoint":"http://127.0.0.1:1","pid":{}}}"#, file.pid);
        std::fs::write(path(folder.path()), older).unwrap();
        assert_eq!(EndpointFile::running(folder.path()), None);
    }

    #[test]
    fn the_start_time_is_found_behind_any_name_of_a_program() {
        let fields = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
        for name in ["sandbox", "a b", ") Z 1 ("] {
            assert_eq!(started_of(&format!("7 ({name}) {fields}")), Some(4711));
        }
        assert_eq!(
            started_of(&format!("7 (a) {}", fields.replace('S', "Z"))),
            None
        );
        assert_eq!(started_of("7 (a) S 1"), None);
        assert_eq!(started_of(""), None);
    }
}
