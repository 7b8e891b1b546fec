//! What is shown and written to the journal.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;

pub use super::{
    path::Change,
    plan::{Cause, Waiting},
    wishes::Wish,
};
pub use crate::function::Half;
use crate::{percent::Percent, scope::Scope};
use analysis::Judgement;

/// Durations of one half since the rollout began.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Latency {
    /// Half of the invocations took at most this, in milliseconds.
    pub p50_ms: f64,
    /// 99 of 100 took at most this, in milliseconds.
    pub p99_ms: f64,
}

/// What one look at the metrics has shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Watched {
    /// The candidate's weight.
    pub percent: Percent,
    /// What the step still needs.
    pub waiting: Option<Waiting>,
    /// How long the step has been watched, in seconds.
    pub watched_s: i64,
    /// How long it is watched at least, in seconds.
    pub bake_s: i64,
    /// How long it may wait for a proof, in seconds.
    pub step_timeout_s: i64,
    /// Invocations of the candidate seen in this step.
    pub step_invocations: u64,
    /// How many it needs.
    pub min_samples: u64,
    /// The verdict and its numbers.
    pub judgement: Judgement,
    /// The verdict in a sentence.
    pub sentence: String,
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
    /// The step that was asked for is over; the weight stays.
    Reached,
    /// The baseline serves alone.
    TakenBack(Cause),
    /// The step's time was over without this; the weight stays.
    Held(Waiting),
    /// Somebody has interrupted the run and wants the weight to stay.
    Left,
    /// Somebody else has changed the alias, or it cannot be used; nothing was touched.
    Stopped,
    /// The weight should have been taken back, and the endpoint did not answer.
    OutOfReach(Cause),
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NothingToMove => "nothing to move",
            Self::Promoted => "promoted",
            Self::Reached => "reached",
            Self::TakenBack(_) => "taken back",
            Self::Held(_) => "held",
            Self::Left => "left",
            Self::Stopped => "stopped",
            Self::OutOfReach(_) => "out of reach",
        })
    }
}

/// One move of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Leg {
    /// The version that serves before.
    pub baseline: Half,
    /// The version that traffic moves to.
    pub candidate: Half,
    /// What the two differ in.
    pub change: Change,
}

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The goal takes more than one rollout.
    Path {
        /// One after the other; each of them begins and ends.
        moves: Vec<Leg>,
    },
    /// The run knows what it has to do.
    Began {
        /// The version that serves before.
        baseline: Half,
        /// The version that traffic moves to.
        candidate: Half,
        /// The weights that it goes through.
        steps: Vec<Percent>,
        /// When the rollout began, which may be long before this run.
        since: DateTime<Utc>,
        /// The weight that a run before this one has left.
        goes_on_at: Option<Percent>,
        /// What is judged.
        judged: Scope,
    },
    /// The candidate has another weight.
    Weight {
        /// The weight.
        percent: Percent,
    },
    /// A look at the metrics.
    Watched(Watched),
    /// Somebody wants something of the run.
    Wish {
        /// What.
        wish: Wish,
    },
    /// The metrics or the alias could not be read or written.
    Trouble {
        /// What failed.
        cause: String,
        /// How long ago both versions were last seen, in seconds.
        blind_s: i64,
        /// After how long the weight is taken back, in seconds.
        no_data_timeout_s: i64,
    },
    /// The run is over.
    Ended {
        /// How.
        #[serde(flatten)]
        ending: Ending,
        /// The same for people, with the numbers.
        sentence: String,
    },
}
