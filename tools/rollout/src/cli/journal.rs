//! What happened in a run, a JSON line each, in `<dist>/<function>/rollout.jsonl`.
//!
//! For people and reports: `rollout status` says what was last found. A run that goes on after a kill
//! does not read it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{aws::routing::Percent, delivery::event::Event};

/// File name of the journal, next to the manifest.
const JOURNAL_FILE: &str = "rollout.jsonl";

/// An event with what a reader needs to place it: one line, here and with `--json`.
#[derive(Debug, Serialize)]
pub(super) struct Entry<'a> {
    /// When it happened.
    pub time: DateTime<Utc>,
    /// The function.
    pub function: &'a str,
    /// The event.
    #[serde(flatten)]
    pub event: &'a Event,
}

/// A journal that is open for appending.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
}

/// A journal that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the journal {path}: make it writable", path = path.display())]
pub(super) struct JournalError {
    path: PathBuf,
    source: io::Error,
}

/// Where the journal of a function is, if there is one.
fn path(dist: &Path, function: &str) -> PathBuf {
    dist.join(function).join(JOURNAL_FILE)
}

impl Journal {
    /// Opens the journal of a function; `None` where no build of it is that it could lie beside.
    ///
    /// # Errors
    /// When the file cannot be opened for appending.
    pub(super) fn open(dist: &Path, function: &str) -> Result<Option<Self>, JournalError> {
        let path = path(dist, function);
        match open(&path) {
            Ok(file) => Ok(Some(Self { path, file })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(JournalError { path, source }),
        }
    }

    /// Appends one line. Written at once, so that a kill loses nothing.
    ///
    /// # Errors
    /// When the disk is full, or the file was taken away.
    pub(super) fn append(&mut self, entry: &Entry<'_>) -> Result<(), JournalError> {
        self.write(entry).map_err(|source| JournalError {
            path: self.path.clone(),
            source,
        })
    }

    fn write(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }
}

/// Opens the file behind its last whole line: the next event must not be appended to a line that a crash has
/// cut off.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let mut file = options.create(true).append(true).read(true).open(path)?;
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            file.write_all(b"\n")?;
        }
    }
    Ok(file)
}

/// All of the journal of a function; nothing when there is none.
pub(super) fn read(dist: &Path, function: &str) -> Vec<u8> {
    fs::read(path(dist, function)).unwrap_or_default()
}

/// What a run has last found, as its journal tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct LastAnalysis {
    /// When that was.
    pub time: DateTime<Utc>,
    /// The candidate's weight.
    pub percent: Percent,
    /// The verdict in a sentence.
    pub sentence: String,
    /// The verdict with its numbers.
    pub analysis: serde_json::Value,
}

/// The last analysis of a rollout that began at `since`; `None` when there is no journal, or none of it.
/// Lines that are not of this form are passed over: a run may be writing one now.
#[must_use]
pub(super) fn last_analysis(
    dist: &Path,
    function: &str,
    since: DateTime<Utc>,
) -> Option<LastAnalysis> {
    // Bytes: a line that is no text must not hide the others.
    let bytes = fs::read(path(dist, function)).ok()?;
    bytes
        .rsplit(|byte| *byte == b'\n')
        .find_map(|line| serde_json::from_slice::<LastAnalysis>(line).ok())
        .filter(|found| found.time >= since)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn the_last_analysis_is_found_behind_other_events_and_a_line_that_is_cut_off() {
        let dist = tempfile::tempdir().expect("a folder");
        let folder = dist.path().join("hasher");
        std::fs::create_dir(&folder).expect("a folder");
        let time: DateTime<Utc> = "2026-11-23T14:30:00Z".parse().expect("a time");
        let last = |since| last_analysis(dist.path(), "hasher", since);
        assert_eq!(last(time), None);

        let analysed = |percent: f64| {
            format!(
                r#"{{"time":"2026-11-23T14:30:00Z","function":"hasher","event":"analysed","percent":{percent},
                    "sentence":"inconclusive","analysis":{{"verdict":"inconclusive"}}}}"#
            )
            .replace('\n', "")
        };
        let weight = r#"{"time":"2026-11-23T14:30:01Z","event":"weight","percent":50.0}"#;
        let text = [&analysed(5.0), &analysed(25.0), weight, r#"{"time":"2026"#].join("\n");
        let cut_off_in_a_character = [text.as_bytes(), &[0xe2, 0x82]].concat();
        std::fs::write(folder.join(JOURNAL_FILE), cut_off_in_a_character).expect("is written");
        let found = last(time).expect("an analysis");
        assert_eq!(found.percent.value(), 25.0);
        assert_eq!(found.analysis["verdict"], "inconclusive");
        assert_eq!(last(time + TimeDelta::seconds(1)), None);
    }

    #[test]
    fn every_event_is_one_line_behind_the_ones_before_even_behind_one_that_was_cut_off() {
        let dist = tempfile::tempdir().expect("a folder");
        let path = dist.path().join("hasher").join(JOURNAL_FILE);
        std::fs::create_dir(dist.path().join("hasher")).expect("a folder");
        std::fs::write(&path, r#"{"time":"2026"#).expect("is written");
        let event = Event::Weight {
            percent: Percent::HUNDRED,
        };
        for _ in 0..2 {
            let journal = Journal::open(dist.path(), "hasher").expect("opens");
            let mut journal = journal.expect("a journal");
            let entry = Entry {
                time: Utc::now(),
                function: "hasher",
                event: &event,
            };
            journal.append(&entry).expect("is written");
        }
        let text = std::fs::read_to_string(path).expect("a journal");
        let (cut_off, text) = text.split_once('\n').expect("lines");
        assert_eq!(cut_off, r#"{"time":"2026"#);
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[1]["event"], "weight");
        assert_eq!(lines[1]["percent"], 100.0);
        assert_eq!(lines[1]["function"], "hasher");
    }
}
