//! What has to be moved for `live` to serve a goal, and whether it may be.

use chrono::{DateTime, TimeDelta, Utc};
use package::RolloutPolicy;

use super::{
    event::PlannedMove,
    frozen::{Frozen, MOST_SUPERSEDED},
    path,
    record::{self, Record},
    rollout::LONGEST_AFTER,
    situation::{Refusal, Situation},
    tags::{RUN, TagsError},
};
use crate::aws::{
    LIVE,
    alias::{self, Alias, AliasError},
    client::Clients,
    function::{self, Build, Function, FunctionError},
    metrics::{self, Source},
    provisioned::{self, ProvisionedAlias},
    routing::{Percent, Routing, Version},
    versions::{self, NotTogether, PublishedVersion},
};

/// Why nothing is moved.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The same artifacts were tried before.
    #[error(
        "version {version} of {function} was rolled back{}: what has not changed is not tried again. To do so \
         all the same: rollout retry {function}. Each try has an alpha of its own",
        .since.map_or_else(String::new, |since| format!(" on {since}"))
    )]
    RolledBack {
        /// The function.
        function: String,
        /// The candidate.
        version: Version,
        /// When its last rollout began, if a rollout has rolled it back.
        since: Option<DateTime<Utc>>,
    },
    /// A weight that no rollout has set.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// So many rollouts before it were superseded that this one is not to supersede the one under way.
    #[error(
        "{} releases of {function} in a row were superseded before any of them was promoted: the rollout of version \
         {under_way} goes on, and version {goal} comes after it",
        MOST_SUPERSEDED
    )]
    Waits {
        /// The function.
        function: String,
        /// The candidate of the rollout that goes on.
        under_way: Version,
        /// The version that comes after it.
        goal: Version,
    },
    /// A version that there is not.
    #[error("version {version} of {function} does not exist: see rollout status {function}")]
    NoVersion {
        /// The function.
        function: String,
        /// Its number.
        version: Version,
    },
    /// `live` cannot have a weight.
    #[error(transparent)]
    Provisioned(#[from] ProvisionedAlias),
    /// Both versions of a move cannot be behind one alias.
    #[error(transparent)]
    NotTogether(#[from] NotTogether),
    /// `live` cannot be read.
    #[error(transparent)]
    Alias(#[from] AliasError),
    /// The function cannot be read.
    #[error(transparent)]
    Function(#[from] FunctionError),
    /// The tags of the rollout under way are not as they were written.
    #[error(transparent)]
    Tags(#[from] TagsError),
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The version that `live` shall serve in the end.
    pub goal: Version,
    /// How.
    pub policy: RolloutPolicy,
    /// The step to go no further than.
    pub until: Option<Percent>,
    /// Whether a candidate that was rolled back may be tried again.
    pub retry: bool,
}

/// What has to be moved.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The function.
    pub function: Function,
    /// `live` as it was read.
    pub live: Alias,
    /// The rollout; `None` when there is nothing to move.
    pub frozen: Option<Frozen>,
    /// How its first move begins.
    pub first: First,
}

/// How the first move begins.
#[derive(Debug, Clone, PartialEq)]
pub enum First {
    /// It is under way, with this record; or the candidate has a weight that no rollout has set, or none yet.
    Move(Option<Record>),
    /// Another rollout is under way, which ends.
    Supersede(Record),
}

/// Finds out what has to be moved. Nothing is changed.
///
/// # Errors
/// [`PlanError`].
pub async fn plan(clients: &Clients, name: &str, asked: Asked) -> Result<Plan, PlanError> {
    let lambda = &clients.lambda;
    let live = alias::read(lambda, name, LIVE).await?;
    provisioned::check(&provisioned::list(lambda, name).await?, name, LIVE)?;
    let published = versions::list(lambda, name).await?.published;
    let function = function::read(lambda, name).await?;
    let before: Option<Frozen> = RUN.read(&function.tags).unwrap_or_else(|error| {
        tracing::warn!("{error}");
        None
    });
    let versions = Versions {
        function: &function,
        published: &published,
        goal: asked.goal,
        retry: asked.retry,
    };
    versions.build(asked.goal)?;
    let other = versions.superseded(&live)?;
    let routing = match &other {
        Some(record) => Routing::alone(record.baseline),
        None => live.routing,
    };
    let moves = versions.moves(&routing)?;
    let (moves, first) = match (other, moves.first()) {
        (Some(record), _) => (moves, First::Supersede(record)),
        (None, Some(first)) => {
            let under_way = versions.begin(&live, first.candidate.version)?;
            (moves, First::Move(under_way))
        }
        (None, None) => match versions.promoted(&live, &asked.policy, before.as_ref())? {
            Some((planned, record)) => (vec![planned], First::Move(Some(record))),
            None => (moves, First::Move(None)),
        },
    };
    let superseded = match (&first, &before) {
        (First::Supersede(_), Some(before)) => before.superseded + 1,
        (First::Move(Some(_)), Some(before)) => before.superseded,
        _ => 0,
    };
    let timeouts = published.iter().map(|it| it.settings.timeout_s);
    let namespace = versions::find(&published, asked.goal).map(|goal| goal.settings.namespace());
    let frozen = if moves.is_empty() {
        None
    } else {
        Some(Frozen {
            started: Utc::now(),
            moves,
            policy: asked.policy,
            until: asked.until,
            timeout_s: timeouts.max().unwrap_or_default(),
            namespace: namespace.unwrap_or_default(),
            sources: sources(clients, name).await,
            // One that is gone on with is not started against what has gone off since.
            ignored_alarms: match (&first, before) {
                (First::Move(Some(_)), Some(before)) => before.ignored_alarms,
                _ => Vec::new(),
            },
            superseded,
        })
    };
    match (&first, &frozen) {
        (First::Supersede(record), Some(_)) if superseded > MOST_SUPERSEDED => {
            Err(PlanError::Waits {
                function: name.to_owned(),
                under_way: record.candidate,
                goal: asked.goal,
            })
        }
        _ => Ok(Plan {
            function,
            live,
            frozen,
            first,
        }),
    }
}

/// Who else counts the calls. Without the permission to find out, the metrics of `live` itself have to do.
async fn sources(clients: &Clients, function: &str) -> Vec<Source> {
    let found = metrics::sources(&clients.lambda, function, LIVE).await;
    found.unwrap_or_else(|error| {
        tracing::warn!(
            "{error}; the calls of the API and of queues are not compared with the metrics"
        );
        Vec::new()
    })
}

struct Versions<'a> {
    function: &'a Function,
    published: &'a [PublishedVersion],
    goal: Version,
    retry: bool,
}

impl Versions<'_> {
    /// What a version was built for, and whether it is emulated.
    fn build(&self, version: Version) -> Result<Build, PlanError> {
        let build = versions::build(self.function, version, self.published);
        match build.architecture {
            Some(_) => Ok(build),
            None => Err(PlanError::NoVersion {
                function: self.function.name.clone(),
                version,
            }),
        }
    }

    /// The moves from what `live` serves to the goal.
    fn moves(&self, routing: &Routing) -> Result<Vec<PlannedMove>, PlanError> {
        let planned = |next: &path::Move| {
            let version = |number| versions::find(self.published, number);
            if let (Some(from), Some(to)) = (version(next.from), version(next.to)) {
                from.can_share_alias_with(to)?;
            }
            Ok(PlannedMove {
                baseline: self.build(next.from)?,
                candidate: self.build(next.to)?,
                change: next.change,
            })
        };
        path::find(self.published, routing, self.goal)
            .iter()
            .map(planned)
            .collect()
    }

    /// The rollout of another candidate that is under way; its place is taken. One whose last move leads to the goal goes
    /// on, also in its first.
    fn superseded(&self, live: &Alias) -> Result<Option<Record>, PlanError> {
        let Some((candidate, _)) = live.routing.candidate() else {
            return Ok(None);
        };
        let next = path::find(self.published, &live.routing, self.goal)
            .first()
            .map(|it| it.to);
        if next == Some(candidate) {
            return Ok(None);
        }
        let record = live.description.parse::<Record>().ok();
        Ok(record.filter(|record| record.routing() == live.routing))
    }

    /// How a move begins.
    fn begin(&self, live: &Alias, candidate: Version) -> Result<Option<Record>, PlanError> {
        let (routing, description) = (&live.routing, &live.description);
        let situation = Situation::read(&self.function.name, routing, description, candidate)?;
        match situation {
            Situation::Arrived | Situation::Promoted(_) => Ok(None),
            Situation::RolledBack { since, .. } if !self.retry => {
                Err(self.rolled_back(candidate, since))
            }
            Situation::New { .. } => match record::rolled_back(description) {
                // From further back than its own move: the move that comes first would lead to it again.
                Some(it) if it.version == self.goal && !self.retry => {
                    Err(self.rolled_back(it.version, it.since))
                }
                _ => Ok(None),
            },
            Situation::RolledBack { .. } | Situation::Adopted { .. } => Ok(None),
            Situation::UnderWay(record) => Ok(Some(record)),
        }
    }

    fn rolled_back(&self, version: Version, since: Option<DateTime<Utc>>) -> PlanError {
        PlanError::RolledBack {
            function: self.function.name.clone(),
            version,
            since,
        }
    }

    /// The move that has led to the goal, while alarms and limits stay armed, also when another process has made it: as
    /// long as the tags have the rollout, which may still wait for its samples.
    fn promoted(
        &self,
        live: &Alias,
        policy: &RolloutPolicy,
        before: Option<&Frozen>,
    ) -> Result<Option<(PlannedMove, Record)>, PlanError> {
        let (routing, description) = (&live.routing, &live.description);
        match Situation::read(&self.function.name, routing, description, self.goal)? {
            Situation::Promoted(record) => {
                let age = Utc::now() - record.last_change();
                let bake_after = i64::try_from(policy.bake_after_s).unwrap_or(i64::MAX);
                let longest = match before.and_then(Frozen::goal) {
                    Some(goal) if goal == self.goal && bake_after > 0 => LONGEST_AFTER,
                    _ => TimeDelta::try_seconds(bake_after).unwrap_or(LONGEST_AFTER),
                };
                if age >= longest {
                    return Ok(None);
                }
                let planned = PlannedMove {
                    baseline: self.build(record.baseline)?,
                    candidate: self.build(record.candidate)?,
                    change: path::change(self.published, record.baseline, record.candidate),
                };
                Ok(Some((planned, record)))
            }
            _ => Ok(None),
        }
    }
}
