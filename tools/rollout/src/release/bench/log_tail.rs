//! What the last 4 KiB of a log say of an invocation: `Invoke` returns them with `LogType=Tail`.
//!
//! The line with which Lambda ends an invocation is text,
//!
//! ```text
//! REPORT RequestId: ID\tDuration: 1.23 ms\tBilled Duration: 15 ms\tMemory Size: 128 MB\tMax Memory Used: 20 MB\tInit Duration: 12.60 ms\t
//! ```
//!
//! or, when the function's log format is JSON, the event `platform.report`
//! (<https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html>).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;

const PREFIX: &str = "REPORT RequestId: ";

/// One invocation that has ended, as its report says.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    /// How long the handler took, in milliseconds, without starting the environment.
    pub duration_ms: f64,
    /// What is billed, in milliseconds, initialisation included.
    pub billed_ms: u64,
    /// How long the environment took to start, or to be restored, when this was a cold start.
    pub init_ms: Option<f64>,
    /// The most memory that the environment has used so far, in MiB (Lambda writes MB).
    pub max_memory_mib: u32,
    /// How it ended.
    pub status: Status,
}

/// How an invocation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// With an answer, or with an error of the function's own that a text report does not mention.
    Success,
    /// With an error: the function's own, or its process has ended.
    Error,
    /// It was stopped at its time limit.
    Timeout,
}

impl Status {
    /// Lambda's names. `failure` is an error too: the runtime ended unexpectedly.
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "success" => Self::Success,
            "error" | "failure" => Self::Error,
            "timeout" => Self::Timeout,
            _ => return None,
        })
    }
}

impl Invocation {
    /// The last invocation in a log result, which is base64. It may begin in the middle of a line or of
    /// a character.
    #[must_use]
    pub fn from_log_result(log_result: &str) -> Option<Self> {
        let bytes = STANDARD.decode(log_result).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        text.lines().rev().find_map(Self::from_line)
    }

    fn from_line(line: &str) -> Option<Self> {
        let invocation = match line.strip_prefix(PREFIX) {
            Some(rest) => from_text(rest),
            None if line.contains("\"platform.report\"") => from_json(line),
            None => None,
        };
        invocation.filter(Self::is_measured)
    }

    /// Whether it waited for its environment to start.
    #[must_use]
    pub const fn is_cold(&self) -> bool {
        self.init_ms.is_some()
    }

    /// Whether `AWS/Lambda` counts it among the errors: timeouts are.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.status != Status::Success
    }

    /// `NaN` and the like parse as numbers.
    fn is_measured(&self) -> bool {
        let is_time = |ms: f64| ms.is_finite() && ms >= 0.0;
        is_time(self.duration_ms) && self.init_ms.is_none_or(is_time)
    }
}

/// Reads a text report. Fields are found by their names, because tabs do not survive every copy.
fn from_text(fields: &str) -> Option<Invocation> {
    let init_ms = match number(fields, "Init Duration: ", " ms")? {
        None => number(fields, "Restore Duration: ", " ms")?,
        some => some,
    };
    Some(Invocation {
        // The first of the four durations.
        duration_ms: number(fields, "Duration: ", " ms")??,
        billed_ms: number(fields, "Billed Duration: ", " ms")??,
        init_ms,
        max_memory_mib: number(fields, "Max Memory Used: ", " MB")??,
        status: match word(fields, "Status: ") {
            None => Status::Success,
            Some(name) => Status::from_name(name)?,
        },
    })
}

/// A field that is there must be a number; the outer `None` says that it is not.
#[expect(clippy::option_option, reason = "a missing field is not a broken one")]
fn number<T: std::str::FromStr>(fields: &str, name: &str, unit: &str) -> Option<Option<T>> {
    let Some((_, value)) = fields.split_once(name) else {
        return Some(None);
    };
    let (digits, _) = value.split_once(unit)?;
    digits.parse().ok().map(Some)
}

fn word<'a>(fields: &'a str, name: &str) -> Option<&'a str> {
    fields.split_once(name)?.1.split_whitespace().next()
}

fn from_json(line: &str) -> Option<Invocation> {
    #[derive(Deserialize)]
    struct Event {
        r#type: String,
        record: Record,
    }
    #[derive(Deserialize)]
    struct Record {
        status: Option<String>,
        metrics: Metrics,
    }
    /// Some services round all of these to whole numbers and some do not.
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Metrics {
        duration_ms: f64,
        billed_duration_ms: f64,
        #[serde(rename = "maxMemoryUsedMB")]
        max_memory_used_mb: f64,
        init_duration_ms: Option<f64>,
        restore_duration_ms: Option<f64>,
    }
    let event: Event = serde_json::from_str(line).ok()?;
    let metrics = event.record.metrics;
    if event.r#type != "platform.report" {
        return None;
    }
    Some(Invocation {
        duration_ms: metrics.duration_ms,
        billed_ms: whole(metrics.billed_duration_ms)?,
        init_ms: metrics.init_duration_ms.or(metrics.restore_duration_ms),
        max_memory_mib: u32::try_from(whole(metrics.max_memory_used_mb)?).ok()?,
        status: event
            .record
            .status
            .map_or(Some(Status::Success), |name| Status::from_name(&name))?,
    })
}

fn whole(number: f64) -> Option<u64> {
    (number >= 0.0 && number <= u64::MAX as f64).then(|| number.round() as u64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Lines as they were published, with their sources.
    const CORPUS: &str = include_str!("corpus.log");

    fn read(log: &[u8]) -> Option<Invocation> {
        Invocation::from_log_result(&STANDARD.encode(log))
    }

    /// As Lambda writes it.
    fn text(invocation: &Invocation) -> String {
        let mut line = format!(
            "REPORT RequestId: a-b\tDuration: {:.2} ms\tBilled Duration: {} ms\tMemory Size: 128 MB\tMax Memory Used: {} MB\t",
            invocation.duration_ms, invocation.billed_ms, invocation.max_memory_mib
        );
        if let Some(init_ms) = invocation.init_ms {
            line += &format!("Init Duration: {init_ms:.2} ms\t");
        }
        line += match invocation.status {
            Status::Success => "",
            Status::Error => "Status: error\tError Type: Runtime.ExitError\t",
            Status::Timeout => "Status: timeout\t",
        };
        line
    }

    /// As Lambda writes it with the log format JSON.
    fn platform(invocation: &Invocation) -> String {
        let mut metrics = json!({
            "durationMs": invocation.duration_ms,
            "billedDurationMs": invocation.billed_ms,
            "memorySizeMB": 128,
            "maxMemoryUsedMB": invocation.max_memory_mib,
        });
        if let Some(init_ms) = invocation.init_ms {
            metrics["initDurationMs"] = init_ms.into();
        }
        let status = match invocation.status {
            Status::Success => "success",
            Status::Error => "error",
            Status::Timeout => "timeout",
        };
        let record = json!({"requestId": "a", "metrics": metrics, "status": status});
        json!({"time": "2026-11-23T20:00:00Z", "type": "platform.report", "record": record})
            .to_string()
    }

    prop_compose! {
        /// In hundredths of a millisecond, as text has them.
        fn invocation()(
            duration in 0..90_000_000u32,
            billed_ms in 0..900_000u64,
            init in proptest::option::of(0..1_000_000u32),
            max_memory_mib in 0..10_240u32,
            status in prop_oneof![Just(Status::Success), Just(Status::Error), Just(Status::Timeout)],
        ) -> Invocation {
            Invocation {
                duration_ms: f64::from(duration) / 100.0,
                billed_ms,
                init_ms: init.map(|init| f64::from(init) / 100.0),
                max_memory_mib,
                status,
            }
        }
    }

    proptest! {
        #[test]
        fn the_last_report_is_read_back_from_either_format(first in invocation(), last in invocation()) {
            for report in [text(&last), text(&last).replace('\t', " "), platform(&last)] {
                let log = format!("{}\nits own words\n{report}\n", text(&first));
                prop_assert_eq!(read(log.as_bytes()), Some(last.clone()));
            }
        }

        #[test]
        fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let text = String::from_utf8_lossy(&bytes);
            let _ = Invocation::from_log_result(&text);
            read(&bytes);
            read(format!("REPORT RequestId: {text}").as_bytes());
            read(format!("{{\"type\":\"platform.report\",\"record\":{text}}}").as_bytes());
        }

        #[test]
        fn a_report_that_is_cut_off_is_never_misread(invocation in invocation(), cut in 0.0..1.0f64) {
            let whole = text(&invocation);
            let (fields, _) = whole.split_once("\tMax Memory Used").expect("a field");
            let cut = &fields[..(fields.len() as f64 * cut) as usize];
            prop_assert_eq!(read(cut.as_bytes()), None);
        }
    }

    #[test]
    fn published_lines_of_both_formats_are_read() {
        use Status::{Error, Success, Timeout};
        let cells: Vec<_> = CORPUS
            .lines()
            .filter_map(|line| read(line.as_bytes()))
            .map(|i| {
                (
                    i.duration_ms,
                    i.billed_ms,
                    i.init_ms,
                    i.max_memory_mib,
                    i.status,
                )
            })
            .collect();
        assert_eq!(
            cells,
            [
                (22.74, 100, None, 18, Success),
                (3000.0, 3000, None, 64, Timeout),
                (10935.7, 10936, None, 1024, Error),
                (2599.4, 2600, Some(549.04), 94, Success),
                (11.642, 12, Some(174.055), 67, Success),
                (5000.0, 5000, None, 94, Timeout),
            ]
        );
    }

    #[test]
    fn the_functions_own_words_are_no_reports() {
        let own = r#"{"message":"a \"platform.report\" came","type":"own"}
the line REPORT RequestId: x is not at its beginning
{"type":"platform.start"}"#;
        assert_eq!(read(own.as_bytes()), None);
    }

    #[test]
    fn a_start_from_a_restored_snapshot_is_cold() {
        let line = "REPORT RequestId: a\tDuration: 5.00 ms\tBilled Duration: 300 ms\tMemory Size: 512 MB\t\
                    Max Memory Used: 80 MB\tRestore Duration: 684.97 ms\tBilled Restore Duration: 221 ms\t";
        let invocation = read(line.as_bytes()).expect("an invocation");
        assert_eq!(invocation.init_ms, Some(684.97));
        assert!(invocation.is_cold());
    }

    #[test]
    fn a_tail_that_begins_in_the_middle_of_a_character_still_has_its_report() {
        let mut tail = b"\xbf\xbf its own words\nSTART RequestId: a Version: 7\n".to_vec();
        tail.extend(
            b"REPORT RequestId: a\tDuration: 1.50 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: 20 MB\t\n",
        );
        assert_eq!(read(&tail).map(|invocation| invocation.billed_ms), Some(2));
    }
}
