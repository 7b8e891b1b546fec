//! The log lines of a function, from the folder of its sandbox, in time order.
//!
//! Every environment has a log of its own. Its lines stay in their order; between environments the time decides: what a
//! line says of itself, else when Lambda's last line before it was written.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::execution::log_files::{read_from, times_path};

/// Names of the functions that have run in the sandbox of this folder.
///
/// # Errors
/// When the folder is there and cannot be read.
pub fn functions(sandbox: &Path) -> io::Result<BTreeSet<String>> {
    names(&sandbox.join("logs"))
}

/// Reads the logs of a function, as far as they go, and later what came after.
#[derive(Debug)]
pub struct LogReader {
    folder: PathBuf,
    version: Option<String>,
    files: BTreeMap<PathBuf, LogFile>,
}

impl LogReader {
    /// The logs of one version of a function, or of all.
    #[must_use]
    pub fn new(sandbox: &Path, function: &str, version: Option<&str>) -> Self {
        Self {
            folder: sandbox.join("logs").join(function),
            version: version.map(str::to_owned),
            files: BTreeMap::new(),
        }
    }

    /// The versions that have run, `$LATEST` included.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn versions(&self) -> io::Result<BTreeSet<String>> {
        names(&self.folder)
    }

    /// The lines that were written since the last call, in time order. With `unfinished` also a last line that has no end
    /// yet, which otherwise waits for it.
    ///
    /// # Errors
    /// When a log cannot be read. A function that has not run has none, and that is no error.
    pub fn new_lines(&mut self, unfinished: bool) -> io::Result<Vec<String>> {
        self.find_files()?;
        let mut lines = Vec::new();
        for (path, file) in &mut self.files {
            file.read_new(path, unfinished, &mut lines)?;
        }
        // Stable: what has the same time stays in its order.
        lines.sort_by_key(|(time, _)| *time);
        Ok(lines.into_iter().map(|(_, line)| line).collect())
    }

    fn find_files(&mut self) -> io::Result<()> {
        for version in self.versions()? {
            if self.version.as_ref().is_some_and(|only| *only != version) {
                continue;
            }
            let folder = self.folder.join(version);
            for name in names(&folder)? {
                let path = folder.join(name);
                if path.extension().is_some_and(|extension| extension == "log")
                    && !self.files.contains_key(&path)
                {
                    let file = LogFile::new(&path)?;
                    self.files.insert(path, file);
                }
            }
        }
        Ok(())
    }
}

/// What a folder has; nothing where there is none.
fn names(folder: &Path) -> io::Result<BTreeSet<String>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        entries => entries?,
    };
    entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect()
}

/// How far the log of one environment has been read.
#[derive(Debug)]
struct LogFile {
    position: u64,
    /// Of the last line that was read.
    time: DateTime<Utc>,
    times_position: u64,
    /// When Lambda's next lines were written, by their position.
    times: VecDeque<(u64, DateTime<Utc>)>,
}

impl LogFile {
    fn new(path: &Path) -> io::Result<Self> {
        let metadata = path.metadata()?;
        // Not every file system knows when a file was made.
        let created = metadata.created().or_else(|_| metadata.modified());
        Ok(Self {
            position: 0,
            time: created.unwrap_or(SystemTime::UNIX_EPOCH).into(),
            times_position: 0,
            times: VecDeque::new(),
        })
    }

    fn read_new(
        &mut self,
        path: &Path,
        unfinished: bool,
        lines: &mut Vec<(DateTime<Utc>, String)>,
    ) -> io::Result<()> {
        let (start, mut text) = read_from(path, self.position)?;
        self.position = start;
        if !unfinished {
            text.truncate(finished(&text));
        }
        if text.is_empty() {
            return Ok(());
        }
        // After the log: the time of a line is written before the line.
        self.read_times(path)?;
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            while let Some((_, time)) = self
                .times
                .pop_front_if(|(position, _)| *position <= self.position)
            {
                self.time = self.time.max(time);
            }
            self.position += line.len() as u64;
            let line = String::from_utf8_lossy(line);
            let line = line.strip_suffix('\n').unwrap_or(&line);
            if let Some(time) = time_of(line) {
                // A time that cannot be must not move the lines after it.
                let latest = self.times.front().map_or_else(Utc::now, |(_, time)| *time);
                self.time = self.time.max(time.min(latest));
            }
            lines.push((self.time, line.to_owned()));
        }
        Ok(())
    }

    fn read_times(&mut self, log: &Path) -> io::Result<()> {
        let (start, text) = match read_from(&times_path(log), self.times_position) {
            // A log from before there were any.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            text => text?,
        };
        let text = &text[..finished(&text)];
        self.times_position = start + text.len() as u64;
        let parse = |line: &str| {
            let (position, micros) = line.split_once(' ')?;
            let time = DateTime::from_timestamp_micros(micros.parse().ok()?)?;
            Some((position.parse().ok()?, time))
        };
        let text = String::from_utf8_lossy(text);
        self.times.extend(text.lines().filter_map(parse));
        Ok(())
    }
}

/// How many bytes whole lines take.
fn finished(text: &[u8]) -> usize {
    let end = text.iter().rposition(|byte| *byte == b'\n');
    end.map_or(0, |end| end + 1)
}

/// What a line says of itself: a JSON line in `timestamp` or `time`, any other with its first word.
fn time_of(line: &str) -> Option<DateTime<Utc>> {
    #[derive(Deserialize)]
    struct Line {
        #[serde(alias = "time")]
        timestamp: DateTime<Utc>,
    }
    if line.starts_with('{') {
        let line: Line = serde_json::from_str(line).ok()?;
        return Some(line.timestamp);
    }
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execution::{log::Log, version::Logging};
    use std::io::Write as _;

    fn open(sandbox: &Path, version: &str, environment: &str) -> Log {
        let logging = Logging::default();
        Log::open(&sandbox.join("logs"), "f", version, environment, &logging).unwrap()
    }

    fn print(log: &Log, text: &str) {
        log.writer().unwrap().write_all(text.as_bytes()).unwrap();
    }

    #[test]
    fn lines_of_several_environments_come_in_the_order_of_their_times() {
        let sandbox = tempfile::tempdir().unwrap();
        // The files' names are in the other order.
        let (first, second) = (
            open(sandbox.path(), "2", "b"),
            open(sandbox.path(), "1", "a"),
        );
        first.start("one", "2");
        print(&first, "of one\n");
        second.start("two", "1");
        print(&second, "of two\n");
        first.start("three", "2");
        let mut logs = LogReader::new(sandbox.path(), "f", None);
        let expected = [
            "START RequestId: one Version: 2",
            "of one",
            "START RequestId: two Version: 1",
            "of two",
            "START RequestId: three Version: 2",
        ];
        assert_eq!(logs.new_lines(false).unwrap(), expected);

        second.start("four", "1");
        let new = ["START RequestId: four Version: 1"];
        assert_eq!(logs.new_lines(false).unwrap(), new);
        assert!(logs.new_lines(false).unwrap().is_empty());
        let mut of_2 = LogReader::new(sandbox.path(), "f", Some("2"));
        assert_eq!(of_2.new_lines(false).unwrap().len(), 3);
    }

    #[test]
    fn the_time_that_a_line_says_counts_unless_it_cannot_be() {
        let sandbox = tempfile::tempdir().unwrap();
        let (first, second) = (
            open(sandbox.path(), "1", "a"),
            open(sandbox.path(), "1", "b"),
        );
        first.start("one", "1");
        second.start("two", "1");
        let now = Utc::now().to_rfc3339();
        print(&first, &format!("{{\"timestamp\":\"{now}\",\"of\":1}}\n"));
        print(&second, "{\"time\":\"9999-01-01T00:00:00Z\"}\n");
        second.start("three", "1");
        first.start("four", "1");
        let mut logs = LogReader::new(sandbox.path(), "f", None);
        let lines = logs.new_lines(false).unwrap();
        let position = |part: &str| lines.iter().position(|line| line.contains(part)).unwrap();
        let order = ["one", "two", "\"of\":1", "9999", "three", "four"].map(position);
        assert!(order.is_sorted(), "{lines:?}");
    }

    #[test]
    fn a_line_without_its_end_waits_for_it_when_more_may_come() {
        let sandbox = tempfile::tempdir().unwrap();
        let log = open(sandbox.path(), "$LATEST", "a");
        print(&log, "one\nand");
        let mut logs = LogReader::new(sandbox.path(), "f", None);
        assert_eq!(logs.new_lines(false).unwrap(), ["one"]);
        print(&log, " more\nlast");
        assert_eq!(logs.new_lines(false).unwrap(), ["and more"]);
        assert_eq!(logs.new_lines(true).unwrap(), ["last"]);
    }
}
