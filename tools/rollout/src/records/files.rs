//! Log files: the sandbox's own, what CloudWatch Logs exports to S3 (compressed or not), what
//! `aws logs tail` prints, and saved answers of `aws logs filter-log-events`.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use chrono::DateTime;
use flate2::read::MultiGzDecoder;
use serde::Deserialize;

use super::{Reader, Records, version_of_stream};
use crate::alias::Version;

/// Why there are no records.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// A file or folder cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// There is nothing in it to compare.
    #[error(
        "{} has no REPORT line and no platform.report: give a log file of the function, or a folder of \
         them, such as .sandbox/logs/<function>, an export of CloudWatch Logs, or the saved output of \
         aws logs tail or aws logs filter-log-events",
        .0.display()
    )]
    None(PathBuf),
}

/// Reads a log file, or all files below a folder, in the order of their names.
///
/// # Errors
/// [`RecordsError`] when a file cannot be read, or when there is not one report in all of them.
pub fn read(path: &Path) -> Result<Records, RecordsError> {
    let mut reader = Reader::default();
    read_into(&mut reader, path)?;
    let records = reader.finish();
    if records.invocations.is_empty() && records.unreadable == 0 {
        return Err(RecordsError::None(path.to_owned()));
    }
    Ok(records)
}

fn read_into(reader: &mut Reader, path: &Path) -> Result<(), RecordsError> {
    let failed = |cause| RecordsError::Unreadable {
        path: path.to_owned(),
        cause,
    };
    if path.is_dir() {
        for entry in entries(path).map_err(failed)? {
            read_into(reader, &entry)?;
        }
        return Ok(());
    }
    let version = version_in_path(path);
    read_file(reader, path, version).map_err(failed)
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    entries.sort();
    Ok(entries)
}

/// An export has a folder per log stream.
fn version_in_path(path: &Path) -> Option<Version> {
    let names = path.iter().rev().filter_map(|name| name.to_str());
    names.map(version_of_stream).find_map(|version| version)
}

fn read_file(reader: &mut Reader, path: &Path, version: Option<Version>) -> io::Result<()> {
    let file = File::open(path)?;
    let is = |extension: &str| path.extension().is_some_and(|is| is == extension);
    if is("gz") {
        read_lines(reader, MultiGzDecoder::new(file), version)
    } else if is("json")
        && let Ok(answer) = serde_json::from_reader::<_, Events>(BufReader::new(&file))
    {
        answer.read_into(reader, version);
        Ok(())
    } else {
        read_lines(reader, File::open(path)?, version)
    }
}

/// What a function logs need not be UTF-8.
fn read_lines(reader: &mut Reader, source: impl Read, version: Option<Version>) -> io::Result<()> {
    let mut source = BufReader::new(source);
    let mut line = Vec::new();
    while source.read_until(b'\n', &mut line)? > 0 {
        reader.line(String::from_utf8_lossy(&line).trim_end(), None, version);
        line.clear();
    }
    Ok(())
}

/// An answer of `FilterLogEvents` or `GetLogEvents`.
#[derive(Debug, Deserialize)]
struct Events {
    events: Vec<Event>,
}

/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilteredLogEvent.html>
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    log_stream_name: Option<String>,
    /// Milliseconds since 1970.
    timestamp: Option<i64>,
    message: String,
}

impl Events {
    fn read_into(self, reader: &mut Reader, version: Option<Version>) {
        for event in self.events {
            let stream = event.log_stream_name.as_deref();
            let version = stream.and_then(version_of_stream).or(version);
            let time = event.timestamp.and_then(DateTime::from_timestamp_millis);
            reader.line(event.message.trim_end(), time, version);
        }
    }
}
