//! What the journal of a run has to tell, if there is one.
//!
//! Lines are read as loosely as they can be: a journal may be of another version of `rollout`, and its
//! last line may be cut off. What a line does not say is left out.

use std::{fs, path::Path};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{comparison::Window, journal::path};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Happening {
    pub(super) time: DateTime<Utc>,
    /// What, in a word or two.
    pub(super) what: String,
    /// The same with its numbers.
    pub(super) text: String,
}

/// A line as it is written.
#[derive(Debug, Deserialize)]
struct Line {
    time: DateTime<Utc>,
    event: String,
    #[serde(flatten)]
    details: Map<String, Value>,
}

/// What happened in a window; nothing without a journal. Of many looks at the metrics in a row, the
/// last one says it all.
pub(super) fn read(dist: &Path, function: &str, window: Window) -> Vec<Happening> {
    let bytes = fs::read(path(dist, function)).unwrap_or_default();
    happenings(&bytes, window)
}

fn happenings(bytes: &[u8], window: Window) -> Vec<Happening> {
    let lines = bytes
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<Line>(line).ok())
        .filter(|line| window.since <= line.time && line.time <= window.until);
    let mut kept: Vec<Line> = Vec::new();
    for line in lines {
        kept.pop_if(|before| line.event == "watched" && before.event == "watched");
        kept.push(line);
    }
    kept.iter().map(Line::happening).collect()
}

impl Line {
    fn happening(&self) -> Happening {
        let word = |key: &str| self.details.get(key).and_then(Value::as_str);
        let percent = self.details.get("percent").and_then(Value::as_f64);
        let weight = percent.map_or_else(String::new, |percent| format!("weight {percent}%"));
        let said = word("sentence")
            .or_else(|| word("cause"))
            .unwrap_or_default();
        let (what, text) = match self.event.as_str() {
            "began" => ("began".to_owned(), self.steps()),
            "weight" => (weight, String::new()),
            "watched" => (format!("watched at {weight}"), said.to_owned()),
            "ended" => {
                let ending = word("ending").unwrap_or("ended").replace('_', " ");
                (ending, said.to_owned())
            }
            other => (other.replace('_', " "), said.to_owned()),
        };
        Happening {
            time: self.time,
            what,
            text,
        }
    }

    fn steps(&self) -> String {
        let steps = self.details.get("steps").and_then(Value::as_array);
        let steps = steps.into_iter().flatten().filter_map(Value::as_f64);
        let steps: Vec<_> = steps.map(|percent| format!("{percent}%")).collect();
        steps.join(" → ")
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn window() -> Window {
        let since: DateTime<Utc> = "2026-11-23T14:30:00Z".parse().expect("a time");
        Window {
            since,
            until: since + TimeDelta::hours(1),
        }
    }

    #[test]
    fn what_happened_is_told_once_and_a_line_that_is_cut_off_not_at_all() {
        let text = [
            r#"{"time":"2026-11-23T13:00:00Z","event":"ended","ending":"held","sentence":"before"}"#,
            r#"{"time":"2026-11-23T14:30:00Z","event":"began","steps":[5.0,25.0,100.0]}"#,
            r#"{"time":"2026-11-23T14:30:01Z","event":"weight","percent":5.0}"#,
            r#"{"time":"2026-11-23T14:31:00Z","event":"watched","percent":5.0,"sentence":"undecided"}"#,
            r#"{"time":"2026-11-23T14:32:00Z","event":"watched","percent":5.0,"sentence":"not worse"}"#,
            r#"{"time":"2026-11-23T14:33:00Z","event":"trouble","cause":"no route"}"#,
            r#"{"time":"2026-11-23T14:34:00Z","event":"from_the_future","sentence":"new"}"#,
            r#"{"time":"2026-11-23T14:35:00Z","event":"ended","ending":"taken_back","sentence":"worse"}"#,
            r#"{"time":"2026-11-23T14:3"#,
        ];
        let told: Vec<_> = happenings(text.join("\n").as_bytes(), window())
            .into_iter()
            .map(|happening| format!("{}: {}", happening.what, happening.text))
            .collect();
        assert_eq!(
            told,
            [
                "began: 5% → 25% → 100%",
                "weight 5%: ",
                "watched at weight 5%: not worse",
                "trouble: no route",
                "from the future: new",
                "taken back: worse",
            ]
        );
    }

    #[test]
    fn without_a_journal_nothing_is_told() {
        assert!(read(Path::new("nowhere"), "hasher", window()).is_empty());
    }
}
