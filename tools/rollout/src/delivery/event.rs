//! What happens in a run: what is shown, and what is written to the journal.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    decision::{Cause, Waiting},
    path::Change,
    scope::Scope,
};
use crate::aws::{function::Build, routing::Percent};
use analysis::Analysis;

/// A command to a run, from a signal or the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// The weight goes back to 0.
    Abort,
    /// The run ends, the weight stays.
    Detach,
    /// The run goes on: the question is answered with "resume".
    Resume,
    /// Ask which of these (a first SIGINT on a terminal).
    Ask,
}

/// Durations of one version since the rollout began.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Latency {
    /// Half of the invocations took at most this, in milliseconds.
    pub p50_ms: f64,
    /// 99 of 100 took at most this, in milliseconds.
    pub p99_ms: f64,
}

/// What one tick has found in the metrics.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Analysed {
    /// The candidate's weight.
    pub percent: Percent,
    /// What the step still needs.
    pub waiting: Option<Waiting>,
    /// How long the step has been watched, in seconds.
    pub baked_s: i64,
    /// Its bake time: how long it is watched at least, in seconds.
    pub bake_s: i64,
    /// How long it may wait for its samples, in seconds.
    pub step_timeout_s: i64,
    /// Invocations of the candidate seen in this step.
    pub step_samples: u64,
    /// How many it is to have.
    pub min_samples: u64,
    /// The verdict and its numbers.
    pub analysis: Analysis,
    /// The verdict in a sentence.
    pub sentence: String,
    /// The verdict in a few words.
    pub brief: String,
    /// Invocations so far that were counted after their period was analysed, and so are not.
    pub late: u64,
    /// Durations of the baseline; absent when it is emulated or nothing was measured.
    pub baseline_latency: Option<Latency>,
    /// Durations of the candidate, likewise.
    pub candidate_latency: Option<Latency>,
}

/// How a run has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "ending", content = "cause", rename_all = "snake_case")]
pub enum Ending {
    /// `live` served the candidate alone from the beginning.
    NothingToMove,
    /// The candidate serves alone.
    Promoted,
    /// The step given by `--until` is over; the weight stays.
    Reached,
    /// The baseline serves alone.
    RolledBack(Cause),
    /// The step needs this, and nobody waits for it; the weight stays.
    Paused(Waiting),
    /// Somebody has interrupted the run and wants the weight to stay.
    Detached,
    /// Somebody else has changed the alias, or it cannot be used; nothing was touched.
    Stopped,
    /// The weight should have gone back to 0, and AWS did not answer.
    RollbackFailed(Cause),
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NothingToMove => "nothing to move",
            Self::Promoted => "promoted",
            Self::Reached => "reached",
            Self::RolledBack(_) => "rolled back",
            Self::Paused(_) => "paused",
            Self::Detached => "detached",
            Self::Stopped => "stopped",
            Self::RollbackFailed(_) => "rollback failed",
        })
    }
}

/// One move of a path, with what is known of both versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedMove {
    /// The version that serves before.
    pub baseline: Build,
    /// The version that traffic moves to.
    pub candidate: Build,
    /// What the two differ in.
    pub change: Change,
}

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The goal takes more than one rollout.
    Path {
        /// The moves in order; each has its own `started` and `ended`.
        moves: Vec<PlannedMove>,
    },
    /// The alarm on the candidate is armed.
    Armed {
        /// Its name.
        alarm: String,
        /// What it goes off at.
        at: String,
    },
    /// The run knows what it has to do.
    Started {
        /// The version that serves before.
        baseline: Build,
        /// The version that traffic moves to.
        candidate: Build,
        /// The weights that it goes through.
        steps: Vec<Percent>,
        /// When the rollout began, which may be long before this run.
        since: DateTime<Utc>,
        /// The weight that a run before this one has left.
        resumed_at: Option<Percent>,
        /// What is analysed.
        scope: Scope,
    },
    /// The candidate has another weight.
    Weight {
        /// The weight.
        percent: Percent,
    },
    /// The metrics were analysed.
    Analysed(Analysed),
    /// A step is over without "worse".
    StepOver {
        /// The weight.
        percent: Percent,
        /// Invocations of the candidate in the step.
        step_samples: u64,
        /// How many it was to have.
        min_samples: u64,
        /// About the smallest failure rate that would have been found by now; absent when none would.
        least_found: Option<f64>,
        /// The same for people.
        sentence: String,
    },
    /// There are calls that the metrics do not show: the rollout waits for them.
    NoData {
        /// Which, in words.
        what: String,
        /// For how long, in seconds.
        no_data_s: i64,
        /// After how long the rollout is rolled back, in seconds.
        no_data_timeout_s: i64,
    },
    /// The candidate serves alone; alarms and limits stay armed.
    Serving {
        /// For how long that has been watched, in seconds.
        baked_s: i64,
        /// How long it is watched at least, in seconds.
        bake_after_s: i64,
        /// Calls since the promotion.
        samples: u64,
        /// How many it is to have.
        min_samples: u64,
    },
    /// Somebody has paused the rollout, or resumed it.
    Paused {
        /// Which of the two.
        paused: bool,
    },
    /// The run was given a command.
    Command {
        /// The command.
        command: Command,
    },
    /// The metrics or the alias could not be read or written.
    NoAnswer {
        /// What failed.
        cause: String,
        /// For how long, in seconds.
        no_answer_s: i64,
        /// After how long the rollout is rolled back, in seconds.
        no_data_timeout_s: i64,
    },
    /// The run is over.
    Ended {
        /// How it has ended.
        #[serde(flatten)]
        ending: Ending,
        /// The same for people, with the numbers.
        sentence: String,
    },
}
