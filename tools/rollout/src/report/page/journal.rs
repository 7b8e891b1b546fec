//! What the journal of a run has to tell, if there is one.
//!
//! Lines are read as loosely as they can be: a journal may be of another version of `rollout`, and its
//! last line may be cut off. What a line does not say is left out.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::report::comparison::Window;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
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

/// What happened in a window. Of many analyses in a row, the last one says it all.
pub(super) fn read(bytes: &[u8], window: Window) -> Vec<Entry> {
    let lines = bytes
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<Line>(line).ok())
        .filter(|line| window.since <= line.time && line.time <= window.until);
    let mut kept: Vec<Line> = Vec::new();
    for line in lines {
        let repeats =
            ["analysed", "no_data", "no_answer", "serving"].contains(&line.event.as_str());
        kept.pop_if(|before| repeats && before.event == line.event);
        kept.push(line);
    }
    kept.iter().map(Line::entry).collect()
}

impl Line {
    fn entry(&self) -> Entry {
        let word = |key: &str| self.details.get(key).and_then(Value::as_str);
        let percent = self.details.get("percent").and_then(Value::as_f64);
        let weight = percent.map_or_else(String::new, |percent| format!("weight {percent}%"));
        let said = word("sentence")
            .or_else(|| word("cause"))
            .unwrap_or_default();
        let (what, text) = match self.event.as_str() {
            "started" => ("started".to_owned(), self.steps()),
            "weight" => (weight, String::new()),
            "analysed" => (format!("analysed at {weight}"), said.to_owned()),
            "ended" => {
                let ending = word("ending").unwrap_or("ended").replace('_', " ");
                (ending, said.to_owned())
            }
            other => (other.replace('_', " "), said.to_owned()),
        };
        Entry {
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
            r#"{"time":"2026-11-23T13:00:00Z","event":"ended","ending":"paused","sentence":"before"}"#,
            r#"{"time":"2026-11-23T14:30:00Z","event":"started","steps":[5.0,25.0,100.0]}"#,
            r#"{"time":"2026-11-23T14:30:01Z","event":"weight","percent":5.0}"#,
            r#"{"time":"2026-11-23T14:31:00Z","event":"analysed","percent":5.0,"sentence":"inconclusive"}"#,
            r#"{"time":"2026-11-23T14:32:00Z","event":"analysed","percent":5.0,"sentence":"not worse"}"#,
            r#"{"time":"2026-11-23T14:33:00Z","event":"no_answer","cause":"no route"}"#,
            r#"{"time":"2026-11-23T14:34:00Z","event":"from_the_future","sentence":"new"}"#,
            r#"{"time":"2026-11-23T14:35:00Z","event":"ended","ending":"rolled_back","sentence":"worse"}"#,
            r#"{"time":"2026-11-23T14:3"#,
        ];
        let told: Vec<_> = read(text.join("\n").as_bytes(), window())
            .into_iter()
            .map(|entry| format!("{}: {}", entry.what, entry.text))
            .collect();
        assert_eq!(
            told,
            [
                "started: 5% → 25% → 100%",
                "weight 5%: ",
                "analysed at weight 5%: not worse",
                "no answer: no route",
                "from the future: new",
                "rolled back: worse",
            ]
        );
    }

    #[test]
    fn without_a_journal_nothing_is_told() {
        assert!(read(b"", window()).is_empty());
    }
}
