//! The sample events of a function, with their expected answers.
//!
//! Next to `<name>.json`, an event, may stand `<name>.expected.json`: the answer, or the part of it that must
//! hold.
//!
//! - Every member that it gives must be in the answer; the answer may have more.
//! - Arrays are as long as in the answer. Everything else is equal.
//! - Where the answer has a string that is JSON, such as an HTTP body, the JSON itself may be given.
//! - With `errorType` in it, the function must fail, with this type and, if given, this `errorMessage`.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::Answer;

/// How the file of an expected answer ends.
const EXPECTED: &str = ".expected.json";

/// One event as it is sent to the function.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleEvent {
    /// File name.
    pub name: String,
    /// The payload.
    pub payload: Vec<u8>,
    /// What the function must answer, when somebody has said it.
    pub expected: Option<Answer>,
}

/// Why there are no events to send.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The folder or a file in it cannot be read.
    #[error("cannot read {path}: {source}. Build the function (scripts/build.sh)", path = path.display())]
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
    /// An event that was renamed without its expected answer would lose it unnoticed.
    #[error("{path} is the expected answer to no event: there is no {event}", path = path.display())]
    NoEvent {
        /// The expected answer.
        path: PathBuf,
        /// File name of the event that it would belong to.
        event: String,
    },
}

/// Whether a file among the events is an expected answer, and no event.
#[must_use]
pub fn is_expected_answer(path: &Path) -> bool {
    path.to_string_lossy().ends_with(EXPECTED)
}

/// Reads all events of a folder, by name.
///
/// # Errors
/// [`EventError`] when there is none, one is not JSON, or an expected answer has no event.
pub fn read_events(folder: &Path) -> Result<Vec<SampleEvent>, EventError> {
    let mut paths = json_files(folder).map_err(|source| unreadable(folder, source))?;
    paths.sort();
    let (answers, events): (Vec<_>, Vec<_>) =
        paths.into_iter().partition(|path| is_expected_answer(path));
    let mut expected = BTreeMap::new();
    for path in answers {
        let event = format!("{}.json", file_name(&path).trim_end_matches(EXPECTED));
        if !events.contains(&folder.join(&event)) {
            return Err(EventError::NoEvent { path, event });
        }
        let (answer, _) = read_json(&path)?;
        expected.insert(event, Answer::expected(answer));
    }
    if events.is_empty() {
        let path = folder.to_owned();
        return Err(EventError::None { path });
    }
    let event = |path: &PathBuf| {
        let (_, payload) = read_json(path)?;
        let name = file_name(path);
        Ok(SampleEvent {
            expected: expected.remove(&name),
            name,
            payload,
        })
    };
    events.iter().map(event).collect()
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
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

/// A file that is JSON, parsed and as it is.
fn read_json(path: &Path) -> Result<(Value, Vec<u8>), EventError> {
    let text = fs::read(path).map_err(|source| unreadable(path, source))?;
    let value = serde_json::from_slice(&text).map_err(|source| {
        let path = path.to_owned();
        EventError::NotJson { path, source }
    })?;
    Ok((value, text))
}

fn unreadable(path: &Path, source: io::Error) -> EventError {
    EventError::Unreadable {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn expected_answers_go_with_their_events_and_are_none() {
        let folder = folder(&[
            ("b.json", "2"),
            ("a.json", "1"),
            ("a.expected.json", r#"{"n": 1}"#),
            ("notes.txt", "no event"),
        ]);
        let events = read_events(folder.path()).unwrap();
        let events: Vec<_> = events
            .into_iter()
            .map(|event| (event.name, event.expected))
            .collect();
        let expected = Answer::Response(json!({"n": 1}));
        assert_eq!(
            events,
            [
                ("a.json".to_owned(), Some(expected)),
                ("b.json".to_owned(), None)
            ]
        );
    }

    #[test]
    fn what_cannot_be_replayed_is_named() {
        for (files, says) in [
            (
                &[("a.json", "1"), ("b.expected.json", "{}")][..],
                "there is no b.json",
            ),
            (&[("a.json", "{")], "a.json is not JSON"),
            (
                &[("a.json", "1"), ("a.expected.json", "{")],
                "a.expected.json is not JSON",
            ),
            (&[], "has no .json file"),
        ] {
            let error = read_events(folder(files).path()).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
