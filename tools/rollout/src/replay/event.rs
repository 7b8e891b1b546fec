//! The sample events of a function.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// One event as it is sent to the function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleEvent {
    /// File name.
    pub name: String,
    /// The payload.
    pub payload: Vec<u8>,
}

/// Why there are no events to send.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The folder or a file in it cannot be read.
    #[error("cannot read {path}: {source}. Build the function (scripts/build.sh) or name a folder (--events)", path = path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// There is nothing to replay, which proves nothing.
    #[error("{path} has no .json file: put sample events into the function's events folder", path = path.display())]
    None {
        /// The folder.
        path: PathBuf,
    },
    /// A file is no JSON, which Lambda would refuse.
    #[error("{path} is not JSON: {source}", path = path.display())]
    NotJson {
        /// The file.
        path: PathBuf,
        /// Where it goes wrong.
        source: serde_json::Error,
    },
}

/// Reads all events of a folder, by name.
///
/// # Errors
/// [`EventError`] when there is none, or one is not JSON.
pub fn read_events(folder: &Path) -> Result<Vec<SampleEvent>, EventError> {
    let mut paths = json_files(folder).map_err(|source| unreadable(folder, source))?;
    paths.sort();
    if paths.is_empty() {
        let path = folder.to_owned();
        return Err(EventError::None { path });
    }
    paths.iter().map(|path| read_event(path)).collect()
}

fn json_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            paths.push(path);
        }
    }
    Ok(paths)
}

fn read_event(path: &Path) -> Result<SampleEvent, EventError> {
    let payload = fs::read(path).map_err(|source| unreadable(path, source))?;
    serde_json::from_slice::<serde::de::IgnoredAny>(&payload).map_err(|source| {
        let path = path.to_owned();
        EventError::NotJson { path, source }
    })?;
    let name = path.file_name().unwrap_or_default();
    Ok(SampleEvent {
        name: name.to_string_lossy().into_owned(),
        payload,
    })
}

fn unreadable(path: &Path, source: io::Error) -> EventError {
    EventError::Unreadable {
        path: path.to_owned(),
        source,
    }
}
