//! What came of one event, and of all of them (no I/O).

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::{Answer, Difference, SampleEvent, difference::differences};

/// How much of a value is shown on a line.
const SHOWN_CHARACTERS: usize = 100;

/// What came of one event. Its `Display` is one line, and a few for each difference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventReport {
    /// File name of the event.
    pub event: String,
    /// Whether it has an expected answer.
    pub expected: bool,
    /// How both builds failed, when they failed alike and nobody expects it.
    pub failure: Option<Value>,
    /// Where the answers differ from each other or from the expected one.
    pub differences: Vec<Difference>,
}

impl EventReport {
    /// Compares what both builds answered with each other, and with what is expected.
    #[must_use]
    pub fn new(event: &SampleEvent, x86_64: &Answer, arm64: &Answer, ignored: &[String]) -> Self {
        let differences = differences(event.expected.as_ref(), x86_64, arm64, ignored);
        let expected = event.expected.is_some();
        Self {
            event: event.name.clone(),
            expected,
            failure: match x86_64 {
                Answer::Failure(failure) if differences.is_empty() && !expected => {
                    Some(failure.clone())
                }
                _ => None,
            },
            differences,
        }
    }

    /// The same of all events, whose answers come in the order of these.
    #[must_use]
    pub fn all(
        events: &[SampleEvent],
        x86_64: &[Answer],
        arm64: &[Answer],
        ignored: &[String],
    ) -> Vec<Self> {
        let answers = x86_64.iter().zip(arm64);
        let reports = events.iter().zip(answers);
        reports
            .map(|(event, (x86_64, arm64))| Self::new(event, x86_64, arm64, ignored))
            .collect()
    }
}

impl fmt::Display for EventReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.event)?;
        if let Some(failure) = &self.failure {
            let failure = shown(Some(failure));
            return write!(
                f,
                "fails alike on both builds, no expected answer\n  {failure}"
            );
        }
        match (self.differences.as_slice(), self.expected) {
            ([], true) => f.write_str("as expected"),
            ([], false) => f.write_str("same answer of both builds, no expected answer"),
            (differences, _) => {
                f.write_str("wrong or different")?;
                differences
                    .iter()
                    .try_for_each(|difference| write!(f, "\n{difference}"))
            }
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pointer.as_str() {
            "" => f.write_str("  the whole answer")?,
            pointer => write!(f, "  at {pointer}")?,
        }
        // Answers that are alike are here because something else was expected, or nothing.
        if self.expected.is_some() || self.x86_64 == self.arm64 {
            write!(f, "\n    expected  {}", shown(self.expected.as_ref()))?;
        }
        write!(f, "\n    x86_64    {}", shown(self.x86_64.as_ref()))?;
        write!(f, "\n    arm64     {}", shown(self.arm64.as_ref()))
    }
}

fn shown(value: Option<&Value>) -> String {
    let Some(value) = value else {
        return "nothing".to_owned();
    };
    let text = value.to_string();
    if text.chars().count() <= SHOWN_CHARACTERS {
        return text;
    }
    let start: String = text.chars().take(SHOWN_CHARACTERS).collect();
    format!("{start}…")
}

/// What all events say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Both builds answer alike, and as expected.
    Passed {
        /// How many events there are.
        events: usize,
        /// How many of them have an expected answer.
        expected: usize,
    },
    /// They do not.
    Differs {
        /// How many events there are.
        events: usize,
        /// How many of them got a wrong answer, or different ones.
        wrong: usize,
    },
    /// All answers are failures that nobody expects: however alike they are, they prove nothing.
    AllFail {
        /// How many events there are.
        events: usize,
    },
}

impl Verdict {
    /// From the reports of all events.
    #[must_use]
    pub fn new(reports: &[EventReport]) -> Self {
        let events = reports.len();
        let count = |is: fn(&EventReport) -> bool| reports.iter().filter(|r| is(r)).count();
        let wrong = count(|report| !report.differences.is_empty());
        if wrong > 0 {
            Self::Differs { events, wrong }
        } else if count(|report| report.failure.is_some()) == events {
            Self::AllFail { events }
        } else {
            let expected = count(|report| report.expected);
            Self::Passed { events, expected }
        }
    }

    /// Whether a release may go on.
    #[must_use]
    pub const fn passed(&self) -> bool {
        matches!(self, Self::Passed { .. })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Passed { events, expected } => {
                write!(
                    f,
                    "x86_64 and arm64 answer alike to all {events} sample events"
                )?;
                if expected == events {
                    f.write_str(", and as expected")
                } else {
                    write!(
                        f,
                        "; {expected} of these have an expected answer, and get it"
                    )
                }
            }
            Self::Differs { events, wrong } => write!(
                f,
                "{wrong} of {events} sample events: a wrong answer, or different ones of x86_64 and arm64\n\
                 What may vary belongs in replay.ignore of the function's Cargo.toml; \
                 a new answer in its .expected.json"
            ),
            Self::AllFail { events } => write!(
                f,
                "x86_64 and arm64 both fail on all {events} sample events, which proves nothing"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report(expected: Option<Value>, x86_64: &Answer, arm64: &Answer) -> EventReport {
        let event = SampleEvent {
            name: "one.json".to_owned(),
            payload: Vec::new(),
            expected: expected.map(Answer::expected),
        };
        EventReport::new(&event, x86_64, arm64, &[])
    }

    fn response(n: u64) -> Answer {
        Answer::Response(json!({ "n": n }))
    }

    fn failure() -> Answer {
        Answer::Failure(json!({"errorType": "InvalidEvent"}))
    }

    #[test]
    fn an_event_says_whether_its_answer_was_expected() {
        let expected = Some(json!({"n": 1}));
        for (report, text) in [
            (
                report(expected, &response(1), &response(1)),
                "one.json: as expected",
            ),
            (
                report(None, &response(1), &response(1)),
                "one.json: same answer of both builds, no expected answer",
            ),
            (
                report(None, &failure(), &failure()),
                "one.json: fails alike on both builds, no expected answer\n  {\"errorType\":\"InvalidEvent\"}",
            ),
        ] {
            assert_eq!(report.to_string(), text);
        }
    }

    #[test]
    fn a_difference_says_where_and_what_was_expected_and_what_each_build_has_there() {
        let wrong = report(Some(json!({"n": 1})), &response(1), &response(2));
        let lines = "one.json: wrong or different\n  at /n\n    expected  1\n    x86_64    1\n    arm64     2";
        assert_eq!(wrong.to_string(), lines);
        let one_fails = report(None, &response(1), &failure()).to_string();
        assert!(
            one_fails.contains("the whole answer\n    x86_64    {\"n\":1}\n"),
            "{one_fails}"
        );
        let one = Answer::Response(json!([1]));
        let more = report(Some(json!([])), &one, &one).to_string();
        assert!(
            more.contains("at /0\n    expected  nothing\n    x86_64    1\n"),
            "{more}"
        );
    }

    #[test]
    fn a_long_value_fits_on_a_line() {
        let long = Answer::Response(json!("x".repeat(1000)));
        let text = report(None, &long, &response(1)).to_string();
        assert!(
            text.lines().all(|line| line.chars().count() <= 120),
            "{text}"
        );
    }

    #[test]
    fn the_verdict_counts_what_was_expected_and_what_is_wrong() {
        let expected = Some(json!({"n": 1}));
        let good = report(expected.clone(), &response(1), &response(1));
        let without = report(None, &response(1), &response(1));
        let bad = report(expected, &response(2), &response(2));
        for (reports, verdict, text) in [
            (
                vec![good.clone(), good.clone()],
                Verdict::Passed {
                    events: 2,
                    expected: 2,
                },
                "alike to all 2 sample events, and as expected",
            ),
            (
                vec![good.clone(), without],
                Verdict::Passed {
                    events: 2,
                    expected: 1,
                },
                "alike to all 2 sample events; 1 of these have an expected answer",
            ),
            (
                vec![good, bad],
                Verdict::Differs {
                    events: 2,
                    wrong: 1,
                },
                "1 of 2 sample events: a wrong answer",
            ),
        ] {
            assert_eq!(Verdict::new(&reports), verdict);
            assert!(verdict.to_string().contains(text), "{verdict}");
        }
    }

    #[test]
    fn failures_that_nobody_expects_prove_nothing_and_expected_ones_do() {
        let unexpected = report(None, &failure(), &failure());
        let all_fail = Verdict::new(&[unexpected.clone(), unexpected]);
        assert_eq!(all_fail, Verdict::AllFail { events: 2 });
        assert!(!all_fail.passed());
        let expected = Some(json!({"errorType": "InvalidEvent"}));
        assert!(Verdict::new(&[report(expected, &failure(), &failure())]).passed());
    }
}
