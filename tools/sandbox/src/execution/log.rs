//! The log of one environment: the function's own output, framed by the lines that Lambda writes.
//!
//! The process has the file itself as its standard output and error, so that no byte is copied or lost on the way and
//! everything that it wrote before its answer stands before the `REPORT` line. All writers append.
//!
//! With `LogFormat` JSON Lambda's lines are records of the Telemetry API, by level, and the function's go through a
//! filter.
//!
//! Lambda's lines do not say when they were written, so a file beside the log does: see [`times_path`].

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError, atomic::AtomicU64},
    time::Duration,
};

use chrono::{SecondsFormat, Utc};
use serde_json::{Value, json};

use super::{
    log_files::{LOG_BYTES, TIMES_BYTES, cut, times_path},
    log_filter::{Level, LogFilter},
    version::Logging,
};

use super::record::Recorder;

/// How much of the log `LogType=Tail` returns, in bytes.
const TAIL_BYTES: u64 = 4096;

/// An open log file.
#[derive(Debug)]
pub struct Log {
    file: File,
    times: File,
    path: PathBuf,
    /// Least levels of the function's lines and of Lambda's, with `LogFormat` JSON.
    json: Option<(Level, Level)>,
    filter: OnceLock<Arc<LogFilter>>,
    cut: AtomicU64,
    times_cut: AtomicU64,
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
    /// Size of the answer.
    pub produced_bytes: usize,
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
        logging: &Logging,
    ) -> io::Result<Self> {
        let folder = folder.join(function).join(version);
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{environment}.log"));
        let open = |path: &Path| OpenOptions::new().append(true).create(true).open(path);
        Ok(Self {
            file: open(&path)?,
            times: open(&times_path(&path))?,
            path,
            json: logging.levels(),
            filter: OnceLock::new(),
            cut: AtomicU64::new(0),
            times_cut: AtomicU64::new(0),
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

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the process writes to.
    ///
    /// # Errors
    /// When the sandbox has no file descriptors left.
    pub fn writer(&self) -> io::Result<File> {
        match self.json {
            Some((application, _)) if application > Level::Trace => {
                let (filter, writer) = LogFilter::start(application, self.file.try_clone()?)?;
                let _ = self.filter.set(filter);
                Ok(writer)
            }
            _ => self.file.try_clone(),
        }
    }

    /// Takes what the process has written last for a line, with an end or without: it has ended.
    pub fn finish(&self) {
        if let Some(filter) = self.filter.get() {
            filter.finish();
        }
    }

    /// Where the log ends now: the start of a tail.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.file
            .metadata()
            .map(|metadata| metadata.len())
            .unwrap_or_default()
    }

    /// Begins an initialisation.
    pub fn init_start(&self, function: &str, version: &str, kind: &str) {
        self.record(Level::Info, "initStart", || {
            json!({
                "initializationType": kind,
                "phase": "init",
                "functionName": function,
                "functionVersion": version,
            })
        });
    }

    /// Says how an initialisation ended; in text only when it failed.
    pub fn init_report(&self, duration: Duration, kind: &str, failure: Option<(&str, &str)>) {
        if self.json.is_none() {
            if let Some(failure) = failure {
                let (status, millis) = (Status(failure), millis(duration));
                self.write(&format!(
                    "INIT_REPORT Init Duration: {millis:.2} ms\tPhase: init\t{status}\n"
                ));
            }
            return;
        }
        let level = level(failure);
        let done = || {
            let mut record = json!({"initializationType": kind, "phase": "init"});
            add_status(&mut record, failure);
            record
        };
        self.record(level, "initRuntimeDone", done);
        self.record(level, "initReport", || {
            let mut record = done();
            record["metrics"] = json!({"durationMs": rounded(duration)});
            record
        });
    }

    /// Begins an invocation.
    pub fn start(&self, request_id: &str, version: &str) {
        match self.json {
            None => self.write(&format!(
                "START RequestId: {request_id} Version: {version}\n"
            )),
            Some(_) => self.record(
                Level::Info,
                "start",
                || json!({"requestId": request_id, "version": version}),
            ),
        }
    }

    /// Writes what went wrong, in the form of Lambda's line for it. In JSON the report says it.
    pub fn failure(&self, request_id: &str, message: &str) {
        if self.json.is_none() {
            let now = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
            self.write(&format!("{now} {request_id} {message}\n"));
        }
    }

    /// Ends an invocation.
    pub fn end(&self, report: Report<'_>) {
        match self.json {
            None => self.write(&format!("END RequestId: {}\n{report}\n", report.request_id)),
            Some(_) => {
                self.record(level(report.status), "runtimeDone", || report.done());
                let level = level(report.status).max(Level::Info);
                self.record(level, "report", || report.to_json());
            }
        }
        // Before anything is cut.
        self.record_metrics();
        cut(&self.file, self.position(), LOG_BYTES, &self.cut);
        let times = self.times.metadata().map_or(0, |file| file.len());
        cut(&self.times, times, TIMES_BYTES, &self.times_cut);
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

    /// Writes one of Lambda's records, if the log is in JSON and the level is high enough.
    fn record(&self, level: Level, kind: &str, record: impl FnOnce() -> Value) {
        if self.json.is_some_and(|(_, least)| level >= least) {
            let time = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
            let kind = format!("platform.{kind}");
            let line = json!({"time": time, "type": kind, "record": record()});
            self.write(&format!("{line}\n"));
        }
    }

    /// A full disk must not fail the invocation: Lambda's logging does not either.
    fn write(&self, text: &str) {
        if let Some(filter) = self.filter.get() {
            filter.drain();
        }
        let time = format!("{} {}\n", self.position(), Utc::now().timestamp_micros());
        let written = (&self.times).write_all(time.as_bytes());
        if let Err(error) = written.and_then(|()| (&self.file).write_all(text.as_bytes())) {
            tracing::warn!(path = %self.path.display(), %error, "cannot write to the log");
        }
    }
}

impl Logging {
    /// The least levels of the function's lines and of Lambda's, with JSON.
    fn levels(&self) -> Option<(Level, Level)> {
        let least = |level: &Option<String>| {
            let level = level.as_deref().and_then(Level::parse);
            level.unwrap_or(Level::Info)
        };
        (self.log_format.as_deref() == Some("JSON")).then(|| {
            let Self {
                application_log_level,
                system_log_level,
                ..
            } = self;
            (least(application_log_level), least(system_log_level))
        })
    }
}

/// The level of Lambda's records about what has been done: DEBUG when that went well, else WARN ("System log level event
/// mapping" in Lambda's developer guide).
const fn level(failure: Option<(&str, &str)>) -> Level {
    match failure {
        None => Level::Debug,
        Some(_) => Level::Warn,
    }
}

fn add_status(record: &mut Value, failure: Option<(&str, &str)>) {
    let (status, error_type) = failure.unwrap_or(("success", ""));
    record["status"] = json!(status);
    if !error_type.is_empty() {
        record["errorType"] = json!(error_type);
    }
}

/// Milliseconds with three decimals, as Lambda's records have them.
fn rounded(duration: Duration) -> f64 {
    (millis(duration) * 1e3).round() / 1e3
}

impl Report<'_> {
    /// `platform.runtimeDone`
    fn done(&self) -> Value {
        let mut record = json!({
            "requestId": self.request_id,
            "metrics": {"durationMs": rounded(self.duration), "producedBytes": self.produced_bytes},
        });
        add_status(&mut record, self.status);
        record
    }

    /// `platform.report`
    fn to_json(self) -> Value {
        let mut record = json!({
            "requestId": self.request_id,
            "metrics": {
                "durationMs": rounded(self.duration),
                "billedDurationMs": self.billed.as_millis() as u64,
                "memorySizeMB": self.memory_mib,
                "maxMemoryUsedMB": self.max_memory_mib,
            },
        });
        if let Some(init) = self.init {
            record["metrics"]["initDurationMs"] = json!(rounded(init));
        }
        add_status(&mut record, self.status);
        record
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
        let log = Log::open(folder.path(), "f", "1", "e", &Logging::default()).unwrap();
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
            produced_bytes: 4,
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
        let log = Log::open(folder.path(), "f", "1", "e", &Logging::default()).unwrap();
        log.start("before", "1");
        let start = log.position();
        log.start("now", "1");
        assert_eq!(log.tail(start), b"START RequestId: now Version: 1\n");
        log.failure("now", &"x".repeat(5000));
        assert_eq!(log.tail(start).len(), 4096);
    }

    #[test]
    fn json_records_are_lambdas_and_go_by_the_system_level() {
        let report = Report {
            request_id: "id",
            duration: Duration::from_nanos(1_234_567),
            billed: Duration::from_millis(15),
            memory_mib: 128,
            max_memory_mib: 20,
            init: Some(Duration::from_micros(12_600)),
            produced_bytes: 4,
            status: None,
        };
        let records = |level: Option<&str>, failure: Option<(&'static str, &'static str)>| {
            let folder = tempfile::tempdir().unwrap();
            let logging = Logging {
                log_format: Some("JSON".to_owned()),
                system_log_level: level.map(str::to_owned),
                ..Logging::default()
            };
            let log = Log::open(folder.path(), "f", "1", "e", &logging).unwrap();
            log.init_start("f", "1", "on-demand");
            log.init_report(Duration::from_millis(7), "on-demand", failure);
            log.start("id", "1");
            log.failure("id", "went wrong");
            let status = failure;
            log.end(Report { status, ..report });
            let text = std::fs::read_to_string(log.path()).unwrap();
            let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
            lines.collect::<Vec<Value>>()
        };
        let names = |records: &[Value]| {
            let names = records
                .iter()
                .map(|record| record["type"].as_str().unwrap());
            names
                .map(|name| name.replace("platform.", ""))
                .collect::<Vec<_>>()
        };
        let all = records(Some("DEBUG"), None);
        let every = [
            "initStart",
            "initRuntimeDone",
            "initReport",
            "start",
            "runtimeDone",
            "report",
        ];
        assert_eq!(names(&all), every);
        assert_eq!(
            all[5]["record"],
            json!({
                "requestId": "id",
                "metrics": {
                    "durationMs": 1.235, "billedDurationMs": 15, "memorySizeMB": 128,
                    "maxMemoryUsedMB": 20, "initDurationMs": 12.6,
                },
                "status": "success",
            })
        );
        assert_eq!(all[3]["record"], json!({"requestId": "id", "version": "1"}));
        assert!(all[3]["time"].as_str().unwrap().ends_with('Z'));
        assert_eq!(
            names(&records(None, None)),
            ["initStart", "start", "report"]
        );
        assert!(records(Some("WARN"), None).is_empty());
        let failed = records(Some("WARN"), Some(("error", "Runtime.ExitError")));
        let of_failures = ["initRuntimeDone", "initReport", "runtimeDone", "report"];
        assert_eq!(names(&failed), of_failures);
        let report = &failed[3]["record"];
        assert_eq!(report["status"], json!("error"));
        assert_eq!(report["errorType"], json!("Runtime.ExitError"));
    }
}
