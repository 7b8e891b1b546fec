//! Line after line: joins the start of an invocation, which has its version, with its report.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::{Invocation, line, platform, report};
use crate::alias::Version;

/// All that some logs say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Records {
    /// In the order of the logs.
    pub invocations: Vec<Invocation>,
    /// Reports that could not be read: they are missing from the invocations.
    pub unreadable: usize,
}

/// Reads a log from its beginning.
#[derive(Debug, Default)]
pub struct Reader {
    records: Records,
    /// Versions of invocations that have begun.
    begun: HashMap<String, Option<Version>>,
}

impl Reader {
    /// Takes the next line. `time` and `version` are what the source knows of it, such as the time of
    /// a log event and the version in the name of its stream; what the line says itself goes first.
    pub fn line(&mut self, line: &str, time: Option<DateTime<Utc>>, version: Option<Version>) {
        let line = line::split(line);
        let time = line.time.or(time);
        let version = line.version.or(version);
        if report::is_report(line.text) {
            self.report(report::parse(line.text), time, version);
        } else if let Some((request_id, version)) = start(line.text) {
            self.begun.insert(request_id.to_owned(), version);
        } else if line.text.starts_with('{') {
            match platform::parse(line.text) {
                platform::Line::Report(invocation) => self.report(invocation, time, version),
                platform::Line::Start {
                    request_id,
                    version,
                } => {
                    let version = version.and_then(|version| version.parse().ok());
                    self.begun.insert(request_id, version);
                }
                platform::Line::Other => {}
            }
        }
    }

    fn report(
        &mut self,
        invocation: Option<Invocation>,
        time: Option<DateTime<Utc>>,
        version: Option<Version>,
    ) {
        let Some(invocation) = invocation else {
            self.records.unreadable += 1;
            return;
        };
        let begun = self.begun.remove(&invocation.request_id);
        self.records.invocations.push(Invocation {
            version: begun.flatten().or(version),
            ended: invocation.ended.or(time),
            ..invocation
        });
    }

    /// Takes all lines of a text without line endings in between invocations to care for.
    pub(super) fn text(&mut self, text: &str, version: Option<Version>) {
        text.lines().for_each(|line| self.line(line, None, version));
    }

    /// What was read.
    #[must_use]
    pub fn finish(self) -> Records {
        self.records
    }
}

/// `START RequestId: ID Version: 7`
fn start(line: &str) -> Option<(&str, Option<Version>)> {
    let (request_id, version) = line
        .strip_prefix("START RequestId: ")?
        .split_once(" Version: ")?;
    Some((request_id, version.trim().parse().ok()))
}
