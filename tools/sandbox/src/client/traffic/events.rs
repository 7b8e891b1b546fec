//! The payloads that are sent, in turn.

use std::{
    io,
    path::{Path, PathBuf},
};

use aws_sdk_lambda::primitives::Blob;

/// Payloads in the order of their files' names; never empty.
#[derive(Debug, Clone)]
pub struct Events(Vec<Blob>);

/// Why there is nothing to send.
#[derive(Debug, thiserror::Error)]
pub enum EventsError {
    /// There is no such folder, or it has no events.
    #[error("there are no events (*.json) in {folder}: build the function, or name a folder with --events", folder = folder.display())]
    None {
        /// The folder.
        folder: PathBuf,
    },
    /// A folder or an event cannot be read.
    #[error("cannot read {path}", path = path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file is no JSON, which Lambda would refuse every time.
    #[error("{path} is not JSON", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where it goes wrong.
        source: serde_json::Error,
    },
}

impl Events {
    /// Reads every `*.json` in a folder.
    ///
    /// # Errors
    /// [`EventsError`] when there is none, or one is unreadable or no JSON.
    pub fn read(folder: &Path) -> Result<Self, EventsError> {
        let unreadable = |source| EventsError::Unreadable {
            path: folder.to_owned(),
            source,
        };
        let none = || EventsError::None {
            folder: folder.to_owned(),
        };
        let entries = match std::fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(none()),
            entries => entries.map_err(unreadable)?,
        };
        let mut paths = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(unreadable)?;
        paths.retain(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        });
        paths.sort();
        let events = paths.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        if events.is_empty() {
            Err(none())
        } else {
            Ok(Self(events))
        }
    }

    /// The payloads one after the other, over and over.
    pub(super) fn in_turn(&self) -> impl Iterator<Item = Blob> {
        self.0.iter().cloned().cycle()
    }
}

fn read(path: PathBuf) -> Result<Blob, EventsError> {
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(source) => return Err(EventsError::Unreadable { path, source }),
    };
    match serde_json::from_slice::<serde::de::IgnoredAny>(&text) {
        Ok(_) => Ok(Blob::new(text)),
        Err(source) => Err(EventsError::Malformed { path, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_name_and_around_again() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("b.json", "2"), ("a.json", "1"), ("notes.txt", "no event")] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let events = Events::read(folder.path()).unwrap();
        let sent: Vec<_> = events.in_turn().take(3).map(Blob::into_inner).collect();
        assert_eq!(sent, [b"1", b"2", b"1"]);
    }

    #[test]
    fn a_folder_without_events_is_named_with_the_option() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().to_owned(), folder.path().join("absent")] {
            let message = Events::read(&path).unwrap_err().to_string();
            assert!(message.contains(path.to_str().unwrap()), "{message}");
            assert!(message.contains("--events"), "{message}");
        }
    }

    #[test]
    fn an_event_that_is_no_json_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("bad.json"), "{").unwrap();
        let message = Events::read(folder.path()).unwrap_err().to_string();
        assert!(message.ends_with("bad.json is not JSON"), "{message}");
    }
}
