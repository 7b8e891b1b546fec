//! Which lines of a function with `LogFormat` JSON go to its log: those whose level is high enough.
//!
//! Its process then writes into a pipe. Whatever it has written is read before Lambda writes a line of its own, so that the
//! order stays.

use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    os::fd::OwnedFd,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, FixedOffset};
use serde::Deserialize;
use tokio::net::unix::pipe::Receiver;

/// How much is read before a line of Lambda's, in bytes: a function that never stops to write must not stop the sandbox.
const MAX_DRAIN_BYTES: usize = 4 << 20;

/// A level, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

impl Level {
    /// By its name in any case.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "TRACE" => Self::Trace,
            "DEBUG" => Self::Debug,
            "INFO" => Self::Info,
            "WARN" | "WARNING" => Self::Warn,
            "ERROR" => Self::Error,
            "FATAL" | "CRITICAL" => Self::Fatal,
            _ => return None,
        })
    }

    /// The level that Lambda gives a line: what it says itself when it is JSON and says a time too, else INFO ("Log-level
    /// filtering" in Lambda's developer guide).
    fn of(line: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Line {
            level: String,
            #[serde(alias = "time", alias = "@timestamp")]
            timestamp: String,
        }
        let line = serde_json::from_slice::<Line>(line).ok();
        let line = line.filter(|line| is_time(&line.timestamp));
        line.and_then(|line| Self::parse(&line.level))
            .unwrap_or(Self::Info)
    }
}

fn is_time(text: &str) -> bool {
    DateTime::<FixedOffset>::parse_from_rfc3339(text).is_ok()
}

/// Reads what a process writes, and writes the lines of some level and above to its log.
#[derive(Debug)]
pub(super) struct LogFilter {
    least: Level,
    /// The same pipe as that of the task that waits for what comes.
    source: File,
    log: File,
    unfinished: Mutex<Vec<u8>>,
}

impl LogFilter {
    /// A filter before a log, and what the process is to write to. It ends when nobody can write any more.
    pub(super) fn start(least: Level, log: File) -> io::Result<(Arc<Self>, File)> {
        let (reader, writer) = io::pipe()?;
        let source = File::from(OwnedFd::from(reader.try_clone()?));
        // Makes both of them non-blocking.
        let receiver = Receiver::from_owned_fd(reader.into())?;
        let filter = Arc::new(Self {
            least,
            source,
            log,
            unfinished: Mutex::default(),
        });
        tokio::spawn(Arc::clone(&filter).follow(receiver));
        Ok((filter, File::from(OwnedFd::from(writer))))
    }

    async fn follow(self: Arc<Self>, receiver: Receiver) {
        while receiver.readable().await.is_ok() {
            if self.read(|buffer| receiver.try_read(buffer)) == End::Closed {
                return;
            }
        }
    }

    /// Reads what is there now.
    pub(super) fn drain(&self) {
        self.read(|buffer| (&self.source).read(buffer));
    }

    /// Reads what is there now, and takes what has no end for a line: the process has ended.
    pub(super) fn finish(&self) {
        self.drain();
        let mut unfinished = self.unfinished();
        let line = std::mem::take(&mut *unfinished);
        self.write(&line);
    }

    fn read(&self, read: impl Fn(&mut [u8]) -> io::Result<usize>) -> End {
        let mut unfinished = self.unfinished();
        let mut buffer = vec![0; 64 << 10];
        let mut all = 0;
        while all < MAX_DRAIN_BYTES {
            match read(&mut buffer) {
                Ok(0) => return End::Closed,
                Ok(count) => {
                    all += count;
                    unfinished.extend_from_slice(&buffer[..count]);
                    let end = unfinished.iter().rposition(|byte| *byte == b'\n');
                    let whole: Vec<u8> = unfinished.drain(..end.map_or(0, |end| end + 1)).collect();
                    self.write(&whole);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return End::Empty,
            }
        }
        End::Empty
    }

    fn write(&self, lines: &[u8]) {
        let lines = lines.split_inclusive(|byte| *byte == b'\n');
        let kept = lines.filter(|line| Level::of(line) >= self.least);
        let kept: Vec<u8> = kept.flatten().copied().collect();
        if let Err(error) = (&self.log).write_all(&kept) {
            tracing::warn!(%error, "cannot write to a log");
        }
    }

    fn unfinished(&self) -> MutexGuard<'_, Vec<u8>> {
        self.unfinished
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(PartialEq, Eq)]
enum End {
    /// There is no more now.
    Empty,
    /// There will be no more.
    Closed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_level_that_it_says_with_a_time_else_info() {
        let of = |line: &str| Level::of(line.as_bytes());
        let time = "2026-01-31T12:00:00.5Z";
        for (name, level) in [
            ("trace", Level::Trace),
            ("DEBUG", Level::Debug),
            ("Warn", Level::Warn),
            ("ERROR", Level::Error),
            ("fatal", Level::Fatal),
            ("loud", Level::Info),
        ] {
            let line = format!("{{\"level\":\"{name}\",\"timestamp\":\"{time}\"}}\n");
            assert_eq!(of(&line), level, "{line}");
        }
        assert_eq!(
            of(&format!("{{\"level\":\"debug\",\"time\":\"{time}\"}}")),
            Level::Debug
        );
        assert_eq!(of("{\"level\":\"debug\"}"), Level::Info);
        assert_eq!(
            of("{\"level\":\"debug\",\"timestamp\":\"noon\"}"),
            Level::Info
        );
        assert_eq!(of("debug"), Level::Info);
    }

    #[tokio::test]
    async fn what_was_written_is_in_the_log_once_it_is_drained() {
        let log = tempfile::NamedTempFile::new().unwrap();
        let written = || std::fs::read_to_string(log.path()).unwrap();
        let (filter, mut process) = LogFilter::start(Level::Warn, log.reopen().unwrap()).unwrap();
        let line = |level: &str, text: &str| {
            let time = "2026-01-31T12:00:00Z";
            format!("{{\"level\":\"{level}\",\"timestamp\":\"{time}\",\"message\":\"{text}\"}}\n")
        };
        let loud = line("ERROR", "loud");
        let (first, rest) = loud.split_at(10);
        let text = format!("plain\n{}{first}", line("INFO", "quiet"));
        process.write_all(text.as_bytes()).unwrap();
        filter.drain();
        assert_eq!(written(), "");
        process.write_all(rest.as_bytes()).unwrap();
        filter.drain();
        assert_eq!(written(), loud);
        let last = line("WARN", "no end");
        process.write_all(last.trim_end().as_bytes()).unwrap();
        filter.finish();
        assert_eq!(written(), format!("{loud}{}", last.trim_end()));
    }
}
