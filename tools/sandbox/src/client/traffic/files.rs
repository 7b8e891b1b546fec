//! The JSON files of a folder.

use std::{
    io,
    path::{Path, PathBuf},
};

use package::replay::is_expected_answer;
use serde::de::{DeserializeOwned, IgnoredAny};

/// One file that is JSON.
#[derive(Debug, Clone)]
pub(super) struct JsonFile {
    pub(super) path: PathBuf,
    pub(super) text: Vec<u8>,
}

/// Why there is nothing to send.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// There is no such folder, or it has no JSON.
    #[error("there are no events or scenarios (*.json) in {folder}: build the function, or name a folder with --events or --scenarios", folder = folder.display())]
    None {
        /// The folder.
        folder: PathBuf,
    },
    /// A folder or a file cannot be read.
    #[error("cannot read {path}", path = path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file is no JSON, or not of the shape that is needed.
    #[error("{path} is not JSON of the right shape", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where it goes wrong.
        source: serde_json::Error,
    },
}

impl JsonFile {
    /// Its content.
    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, FilesError> {
        serde_json::from_slice(&self.text).map_err(|source| FilesError::Malformed {
            path: self.path.clone(),
            source,
        })
    }
}

/// Reads every `*.json` in a folder that is no expected answer, in the order of the names; never none.
pub(super) fn read(folder: &Path) -> Result<Vec<JsonFile>, FilesError> {
    let unreadable = |source| FilesError::Unreadable {
        path: folder.to_owned(),
        source,
    };
    let none = || FilesError::None {
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
            && !is_expected_answer(path)
    });
    paths.sort();
    let files = paths
        .into_iter()
        .map(read_one)
        .collect::<Result<Vec<_>, _>>()?;
    if files.is_empty() {
        return Err(none());
    }
    Ok(files)
}

fn read_one(path: PathBuf) -> Result<JsonFile, FilesError> {
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(source) => return Err(FilesError::Unreadable { path, source }),
    };
    let file = JsonFile { path, text };
    file.parse::<IgnoredAny>()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_by_name_and_others_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("b.json", "2"),
            ("a.json", "1"),
            ("a.expected.json", "3"),
            ("notes.txt", "no event"),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let files = read(folder.path()).unwrap();
        let texts: Vec<_> = files.into_iter().map(|file| file.text).collect();
        assert_eq!(texts, [b"1", b"2"]);
    }

    #[test]
    fn a_folder_without_files_is_named_with_the_options() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().to_owned(), folder.path().join("absent")] {
            let message = read(&path).unwrap_err().to_string();
            assert!(message.contains(path.to_str().unwrap()), "{message}");
            assert!(message.contains("--events"), "{message}");
        }
    }

    #[test]
    fn a_file_that_is_no_json_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("bad.json"), "{").unwrap();
        let message = read(folder.path()).unwrap_err().to_string();
        assert!(message.contains("bad.json is not JSON"), "{message}");
    }
}
