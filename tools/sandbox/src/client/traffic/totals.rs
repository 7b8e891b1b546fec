//! What came back.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hdrhistogram::Histogram;

/// The latest that a scenario may be sent without the totals saying so.
const TOLERATED_DELAY: Duration = Duration::from_millis(250);

/// Longer ones count as this long: four times what an invocation may take.
const MAX_LATENCY_US: u64 = 3_600_000_000;

/// How one call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// The function ran.
    Executed {
        version: String,
        is_error: bool,
        /// From sending to the whole answer.
        latency: Duration,
    },
    /// The HTTP API answered, with a status that was expected or not.
    Status {
        status: u16,
        /// From sending to the whole answer.
        latency: Duration,
    },
    /// An AWS service did what was asked.
    Called,
    /// Refused with 429.
    Throttled,
    /// No answer, or one that was not expected, with its text.
    Failed(String),
}

/// Counts and latencies. Its `Display` is the one line that people read.
#[derive(Debug, Clone)]
pub struct Totals {
    /// Scenarios.
    sent: u64,
    versions: BTreeMap<String, Version>,
    /// Answers of the HTTP API by the first digit of their status.
    classes: BTreeMap<u16, u64>,
    /// Calls of AWS services that were done.
    called: u64,
    throttled: u64,
    failed: u64,
    /// What the newest failure said.
    failure: Option<String>,
    /// Microseconds from sending to answer, of the function only.
    latency_us: Histogram<u64>,
    /// The longest that a scenario was sent after it was due.
    longest_delay: Duration,
    not_sent: u64,
    abandoned: usize,
}

/// What has come back so far, shared with whoever shows it.
pub type SharedTotals = Arc<Mutex<Totals>>;

/// The totals. A panic in one task does not make them wrong.
pub fn lock(totals: &SharedTotals) -> MutexGuard<'_, Totals> {
    totals.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug, Clone, Copy, Default)]
struct Version {
    invocations: u64,
    errors: u64,
}

impl Totals {
    /// Nothing so far.
    #[must_use]
    pub fn new() -> Self {
        let latency_us = Histogram::new_with_bounds(1, MAX_LATENCY_US, 3)
            .unwrap_or_else(|_| unreachable!("constants that the histogram takes"));
        Self {
            sent: 0,
            versions: BTreeMap::new(),
            classes: BTreeMap::new(),
            called: 0,
            throttled: 0,
            failed: 0,
            failure: None,
            latency_us,
            longest_delay: Duration::ZERO,
            not_sent: 0,
            abandoned: 0,
        }
    }

    pub(super) fn sent(&mut self, delay: Duration) {
        self.sent += 1;
        self.longest_delay = self.longest_delay.max(delay);
    }

    pub(super) fn answered(&mut self, answer: Answer) {
        match answer {
            Answer::Executed {
                version,
                is_error,
                latency,
            } => {
                let version = self.versions.entry(version).or_default();
                version.invocations += 1;
                version.errors += u64::from(is_error);
                self.took(latency);
            }
            Answer::Status { status, latency } => {
                *self.classes.entry(status / 100).or_default() += 1;
                self.took(latency);
            }
            Answer::Called => self.called += 1,
            Answer::Throttled => self.throttled += 1,
            Answer::Failed(text) => {
                self.failed += 1;
                self.failure = Some(text);
            }
        }
    }

    fn took(&mut self, latency: Duration) {
        let latency = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.latency_us.saturating_record(latency);
    }

    /// At the end: how many scenarios the schedule had, if it had an end. One is no lack: it may
    /// have been due in the very last moment.
    pub(super) fn due(&mut self, due: Option<u64>) {
        let lacking = due.map_or(0, |due| due.saturating_sub(self.sent));
        self.not_sent = if lacking > 1 { lacking } else { 0 };
    }

    pub(super) fn abandoned(&mut self, count: usize) {
        self.abandoned = count;
    }

    /// Whether at least one call came back without an error.
    #[must_use]
    pub fn any_success(&self) -> bool {
        let executed = |version: &Version| version.invocations > version.errors;
        self.versions.values().any(executed)
            || self.classes.keys().any(|class| *class < 4)
            || self.called > 0
    }

    /// What the user should know besides the counts, one sentence each.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.longest_delay > TOLERATED_DELAY || self.not_sent > 0 {
            let delay_s = self.longest_delay.as_secs_f64();
            let unsent = match self.not_sent {
                0 => String::new(),
                count => format!(" and {count} were not sent at all"),
            };
            warnings.push(format!(
                "could not keep up: they were sent up to {delay_s:.1} s late{unsent}; raise --concurrency or lower --rate"
            ));
        }
        if let Some(failure) = &self.failure {
            warnings.push(format!(
                "{} calls failed, the last with: {failure}",
                self.failed
            ));
        }
        if self.abandoned > 0 {
            warnings.push(format!("{} had no answer at the end", self.abandoned));
        }
        warnings
    }

    fn latency_ms(&self, quantile: f64) -> f64 {
        self.latency_us.value_at_quantile(quantile) as f64 / 1000.0
    }
}

impl Default for Totals {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} sent", self.sent)?;
        for (name, version) in &self.versions {
            write!(
                f,
                " · version {name}: {} ({} errors)",
                version.invocations, version.errors
            )?;
        }
        for (class, count) in &self.classes {
            write!(f, " · {class}xx: {count}")?;
        }
        if self.called > 0 {
            write!(f, " · {} AWS calls", self.called)?;
        }
        if self.throttled > 0 {
            write!(f, " · {} throttled", self.throttled)?;
        }
        if self.failed > 0 {
            write!(f, " · {} failed", self.failed)?;
        }
        if self.latency_us.is_empty() {
            return Ok(());
        }
        write!(
            f,
            " · p50 {:.1} ms, p99 {:.1} ms",
            self.latency_ms(0.5),
            self.latency_ms(0.99)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn executed(version: &str, is_error: bool, latency_ms: u64) -> Answer {
        Answer::Executed {
            version: version.into(),
            is_error,
            latency: Duration::from_millis(latency_ms),
        }
    }

    fn totals(answers: impl IntoIterator<Item = Answer>) -> Totals {
        let mut totals = Totals::new();
        for answer in answers {
            totals.sent(Duration::ZERO);
            totals.answered(answer);
        }
        totals
    }

    #[test]
    fn the_line_has_counts_per_version_and_latencies() {
        let totals = totals([
            executed("1", false, 20),
            executed("1", false, 20),
            executed("2", true, 300),
            Answer::Throttled,
        ]);
        let line = totals.to_string();
        assert_eq!(
            line,
            "4 sent · version 1: 2 (0 errors) · version 2: 1 (1 errors) · 1 throttled · p50 20.0 ms, p99 300.0 ms"
        );
    }

    #[test]
    fn only_an_answer_without_error_is_a_success() {
        assert!(totals([executed("1", false, 1)]).any_success());
        let none = [
            executed("1", true, 1),
            Answer::Throttled,
            Answer::Failed("refused".into()),
        ];
        assert!(!totals(none).any_success());
    }

    #[test]
    fn falling_behind_is_said_with_the_remedy() {
        let mut late = Totals::new();
        late.sent(TOLERATED_DELAY);
        assert!(late.warnings().is_empty());
        late.sent(Duration::from_secs(3));
        late.due(Some(42));
        let [warning] = late.warnings().try_into().unwrap();
        assert!(
            warning.contains("3.0 s late") && warning.contains("40 were not sent"),
            "{warning}"
        );
        assert!(warning.contains("--concurrency"), "{warning}");
    }

    #[test]
    fn the_last_failure_is_quoted() {
        let failed = totals([
            Answer::Failed("first".into()),
            Answer::Failed("connection refused".into()),
        ]);
        assert_eq!(
            failed.warnings(),
            ["2 calls failed, the last with: connection refused"]
        );
    }

    #[test]
    fn the_steps_of_scenarios_are_counted_by_status_and_as_calls() {
        let status = |status| Answer::Status {
            status,
            latency: Duration::from_millis(20),
        };
        let mut totals = totals([status(201), status(503)]);
        totals.answered(status(304));
        totals.answered(status(200));
        totals.answered(Answer::Called);
        totals.answered(Answer::Failed("step 1: GET / answered 503: ".into()));
        let line = totals.to_string();
        assert_eq!(
            line,
            "2 sent · 2xx: 2 · 3xx: 1 · 5xx: 1 · 1 AWS calls · 1 failed · p50 20.0 ms, p99 20.0 ms"
        );
    }
}
