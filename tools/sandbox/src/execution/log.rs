//! The log of one environment: the function's own output, framed by the lines that Lambda writes.
//!
//! The process has the file itself as its standard output and error, so that no byte is copied or lost on the way and
//! everything that it wrote before its answer stands before the `REPORT` line. All writers append.
//!
//! Lambda's lines do not say when they were written, so a file beside the log does: see [`times_path`].

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{SecondsFormat, Utc};

use super::record::Recorder;

/// How much of the log `LogType=Tail` returns, in bytes.
const TAIL_BYTES: u64 = 4096;

/// An open log file.
#[derive(Debug)]
pub struct Log {
    file: File,
    times: File,
    path: PathBuf,
    recording: Option<Recording>,
}

/// Who gets the lines with metrics, and what was not looked at yet: the rest of the file, and the beginning of a line.
#[derive(Debug)]
struct Recording {
    recorder: Arc<dyn Recorder>,
    unread: Mutex<(BufReader<File>, Vec<u8>)>,
}

impl Recording {
    fn new_lines(&self) -> io::Result<Vec<String>> {
        let mut unread = self.unread.lock().unwrap_or_else(PoisonError::into_inner);
        let (reader, line) = &mut *unread;
        let mut lines = Vec::new();
        while reader.read_until(b'\n', line)? > 0 && line.ends_with(b"\n") {
            let text = String::from_utf8_lossy(line);
            if text.contains("\"_aws\"") {
                lines.push(text.trim_end().to_owned());
            }
            line.clear();
        }
        Ok(lines)
    }
}

/// The file that says when the lines of a log were written that Lambda writes: `<position in the log> <microseconds since
/// 1970>`, one a line, written before the line itself.
#[must_use]
pub fn times_path(log: &Path) -> PathBuf {
    log.with_extension("times")
}

/// What a `REPORT` line says.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// Request id of the invocation.
    pub request_id: &'a str,
    /// Time of the handler.
    pub duration: Duration,
    /// Time that is billed.
    pub billed: Duration,
    /// Configured memory in MiB.
    pub memory_mib: u32,
    /// Peak resident memory in MiB.
    pub max_memory_mib: u64,
    /// Time of the initialisation, at a cold start.
    pub init: Option<Duration>,
    /// `timeout` or `error`, with the error's type, when it did not end well.
    pub status: Option<(&'static str, &'a str)>,
}

impl Log {
    /// Opens `<folder>/<function>/<version>/<environment>.log` below the sandbox's log folder.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub fn open(
        folder: &Path,
        function: &str,
        version: &str,
        environment: &str,
    ) -> io::Result<Self> {
        let folder = folder.join(function).join(version);
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{environment}.log"));
        let open = |path: &Path| OpenOptions::new().append(true).create(true).open(path);
        Ok(Self {
            file: open(&path)?,
            times: open(&times_path(&path))?,
            path,
            recording: None,
        })
    }

    /// The same, with someone who gets the lines with metrics.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn recording(mut self, recorder: Arc<dyn Recorder>) -> io::Result<Self> {
        let unread = (BufReader::new(File::open(&self.path)?), Vec::new());
        self.recording = Some(Recording {
            recorder,
            unread: Mutex::new(unread),
        });
        Ok(self)
    }

    /// A handle for the process to write to.
    ///
    /// # Errors
    /// When the process has no file descriptors left.
    pub fn writer(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Where the log ends now: the start of a tail.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.file
            .metadata()
            .map(|metadata| metadata.len())
            .unwrap_or_default()
    }

    /// Begins an invocation.
    pub fn start(&self, request_id: &str, version: &str) {
        self.write(&format!(
            "START RequestId: {request_id} Version: {version}\n"
        ));
    }

    /// Writes what went wrong, in the form of Lambda's line for it.
    pub fn failure(&self, request_id: &str, message: &str) {
        let now = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
        self.write(&format!("{now} {request_id} {message}\n"));
    }

    /// Says how a failed initialisation ended.
    pub fn init_report(&self, duration: Duration, status: (&str, &str)) {
        let status = Status(status);
        self.write(&format!(
            "INIT_REPORT Init Duration: {:.2} ms\tPhase: init\t{status}\n",
            millis(duration)
        ));
    }

    /// Ends an invocation.
    pub fn end(&self, report: Report<'_>) {
        self.write(&format!("END RequestId: {}\n{report}\n", report.request_id));
        self.record_metrics();
    }

    /// Passes on the lines that have metrics in them and were written since the last call: at the end of an invocation, and
    /// of the process. A line without an end waits for it.
    pub fn record_metrics(&self) {
        let Some(recording) = &self.recording else {
            return;
        };
        match recording.new_lines() {
            Ok(lines) if lines.is_empty() => {}
            Ok(lines) => recording.recorder.record_lines(&lines),
            Err(error) => {
                tracing::warn!(path = %self.path.display(), %error, "cannot read metrics from the log");
            }
        }
    }

    /// The last 4 KiB of what was written since `start`.
    #[must_use]
    pub fn tail(&self, start: u64) -> Vec<u8> {
        let read = || -> io::Result<Vec<u8>> {
            let mut file = File::open(&self.path)?;
            let end = file.metadata()?.len();
            let from = start.max(end.saturating_sub(TAIL_BYTES));
            file.seek(SeekFrom::Start(from))?;
            let mut tail = Vec::new();
            file.take(end.saturating_sub(from)).read_to_end(&mut tail)?;
            Ok(tail)
        };
        read().unwrap_or_default()
    }

    /// A full disk must not fail the invocation: Lambda's logging does not either.
    fn write(&self, text: &str) {
        let time = format!("{} {}\n", self.position(), Utc::now().timestamp_micros());
        let written = (&self.times).write_all(time.as_bytes());
        if let Err(error) = written.and_then(|()| (&self.file).write_all(text.as_bytes())) {
            tracing::warn!(path = %self.path.display(), %error, "cannot write to the log");
        }
    }
}

impl std::fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "REPORT RequestId: {}\tDuration: {:.2} ms\tBilled Duration: {:.0} ms\tMemory Size: {} MB\tMax Memory Used: {} MB\t",
            self.request_id,
            millis(self.duration),
            millis(self.billed),
            self.memory_mib,
            self.max_memory_mib,
        )?;
        if let Some(init) = self.init {
            write!(f, "Init Duration: {:.2} ms\t", millis(init))?;
        }
        self.status.map_or(Ok(()), |status| Status(status).fmt(f))
    }
}

/// How something failed: `timeout`, or `error` with its type.
struct Status<'a>((&'a str, &'a str));

impl std::fmt::Display for Status<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            (status, "") => write!(f, "Status: {status}\t"),
            (status, error_type) => write!(f, "Status: {status}\tError Type: {error_type}\t"),
        }
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// What Lambda bills: handler and initialisation, rounded up to a whole millisecond.
#[must_use]
pub fn billed(duration: Duration, init: Option<Duration>) -> Duration {
    let nanos = (duration + init.unwrap_or_default()).as_nanos();
    Duration::from_millis(u64::try_from(nanos.div_ceil(1_000_000)).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execution::record::InvocationRecord;

    /// Keeps the lines that it gets.
    #[derive(Debug, Default)]
    struct Lines(Mutex<Vec<String>>);

    impl Recorder for Lines {
        fn record(&self, _: InvocationRecord) {}

        fn record_lines(&self, lines: &[String]) {
            self.0.lock().unwrap().extend_from_slice(lines);
        }
    }

    #[test]
    fn lines_with_metrics_are_passed_on_once_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let lines = Arc::new(Lines::default());
        let log = Log::open(folder.path(), "f", "1", "e").unwrap();
        let log = log.recording(Arc::clone(&lines) as _).unwrap();
        let mut process = log.writer().unwrap();
        let mut passed_on = |text: &str| {
            process.write_all(text.as_bytes()).unwrap();
            log.record_metrics();
            std::mem::take(&mut *lines.0.lock().unwrap())
        };
        let none: [&str; 0] = [];
        assert_eq!(passed_on("hello\n{\"_aws\":1}\n"), ["{\"_aws\":1}"]);
        assert_eq!(passed_on(""), none);
        assert_eq!(passed_on("{\"_aws\":"), none);
        assert_eq!(
            passed_on("2}\n{\"_aws\":3}\nbye\n"),
            ["{\"_aws\":2}", "{\"_aws\":3}"]
        );
    }

    #[test]
    fn billing_rounds_up_to_a_millisecond_and_includes_the_initialisation() {
        assert_eq!(
            billed(Duration::from_micros(1), None),
            Duration::from_millis(1)
        );
        assert_eq!(
            billed(Duration::from_millis(5), None),
            Duration::from_millis(5)
        );
        assert_eq!(
            billed(
                Duration::from_micros(1_500),
                Some(Duration::from_micros(10_600))
            ),
            Duration::from_millis(13)
        );
    }

    #[test]
    fn the_report_line_reads_as_lambdas() {
        let report = Report {
            request_id: "id",
            duration: Duration::from_micros(1_234),
            billed: Duration::from_millis(15),
            memory_mib: 128,
            max_memory_mib: 20,
            init: Some(Duration::from_micros(12_600)),
            status: None,
        };
        assert_eq!(
            report.to_string(),
            "REPORT RequestId: id\tDuration: 1.23 ms\tBilled Duration: 15 ms\tMemory Size: 128 MB\t\
             Max Memory Used: 20 MB\tInit Duration: 12.60 ms\t"
        );
        let failed = Report {
            init: None,
            status: Some(("error", "Runtime.ExitError")),
            ..report
        };
        assert!(
            failed
                .to_string()
                .ends_with("MB\tStatus: error\tError Type: Runtime.ExitError\t")
        );
    }

    #[test]
    fn the_tail_is_the_end_of_this_invocation_only() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::open(folder.path(), "f", "1", "e").unwrap();
        log.start("before", "1");
        let start = log.position();
        log.start("now", "1");
        assert_eq!(log.tail(start), b"START RequestId: now Version: 1\n");
        log.failure("now", &"x".repeat(5000));
        assert_eq!(log.tail(start).len(), 4096);
    }
}
