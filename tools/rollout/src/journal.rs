//! What happened in a run, a JSON line each, in `<dist>/<function>/rollout.jsonl`.
//!
//! For people and reports. A run that goes on after a kill does not read it.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::controller::event::Event;

/// File name of the journal, next to the manifest.
const JOURNAL_FILE: &str = "rollout.jsonl";

/// An event with what a reader needs to place it: one line, here and with `--json`.
#[derive(Debug, Serialize)]
pub struct Entry<'a> {
    /// When it happened.
    pub time: DateTime<Utc>,
    /// To which function.
    pub function: &'a str,
    /// What.
    #[serde(flatten)]
    pub event: &'a Event,
}

/// A journal that is open for appending.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
}

/// A journal that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the journal {path}: make it writable", path = path.display())]
pub struct JournalError {
    path: PathBuf,
    source: io::Error,
}

impl Journal {
    /// Opens the journal of a function.
    ///
    /// # Errors
    /// When the file cannot be opened for appending.
    pub fn open(dist: &Path, function: &str) -> Result<Self, JournalError> {
        let path = dist.join(function).join(JOURNAL_FILE);
        match OpenOptions::new().create(true).append(true).open(&path) {
            Ok(file) => Ok(Self { path, file }),
            Err(source) => Err(JournalError { path, source }),
        }
    }

    /// Appends one line. Written at once, so that a kill loses nothing.
    ///
    /// # Errors
    /// When the disk is full, or the file was taken away.
    pub fn append(&mut self, entry: &Entry<'_>) -> Result<(), JournalError> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::percent::Percent;

    #[test]
    fn every_event_is_one_line_behind_the_ones_before() {
        let dist = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(dist.path().join("hasher")).expect("a folder");
        let event = Event::Weight {
            percent: Percent::HUNDRED,
        };
        for _ in 0..2 {
            let mut journal = Journal::open(dist.path(), "hasher").expect("opens");
            let entry = Entry {
                time: Utc::now(),
                function: "hasher",
                event: &event,
            };
            journal.append(&entry).expect("is written");
        }
        let path = dist.path().join("hasher").join(JOURNAL_FILE);
        let text = std::fs::read_to_string(path).expect("a journal");
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
