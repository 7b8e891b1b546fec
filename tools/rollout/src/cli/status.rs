//! `rollout status`: versions, aliases, weight and recent counts.

use std::{collections::HashMap, time::Duration};

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use package::{Architecture, manifest::CountedMetric};
use serde::Serialize;
use serde_json::json;

use super::{
    context::{Context, Outcome},
    journal::{self, LastAnalysis},
};
use crate::{
    aws::{
        LIVE,
        alarm::AlarmState,
        alias::{self, Alias},
        function::{self, Build},
        metrics::{self, Query, Sample},
        routing::{Percent, Version},
        tagged::{self, Tagged},
        versions::{self, PublishedVersion},
    },
    delivery::{
        decision::Cause,
        frozen::{Frozen, Next},
        record::Record,
        tags::{NEXT, RUN, TagsError},
        wording::number,
    },
    report::table,
};

/// Arguments of `rollout status`.
#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// Name of the function
    #[arg(
        value_name = "FUNCTION",
        required_unless_present = "all",
        default_value = "",
        hide_default_value = true
    )]
    pub function: String,
    /// Of all functions of the region: the rollouts that are under way
    #[arg(long, conflicts_with = "last")]
    all: bool,
    /// How far back to count invocations
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = humantime::parse_duration)]
    last: Duration,
}

/// Where a function stands.
#[derive(Debug, Serialize)]
struct Status {
    function: String,
    /// When the rollout that is under way began.
    rollout_since: Option<DateTime<Utc>>,
    /// Whether it is paused.
    paused: bool,
    /// Whether somebody has to approve it before the first weight.
    awaits_approval: bool,
    /// What its run has last found, if it runs where the journal is.
    last_analysis: Option<LastAnalysis>,
    versions: Vec<VersionStatus>,
    /// What the function counts itself as failed, in the order of the versions' own figures.
    counted: Vec<String>,
    /// The alarm on the candidate, when it is armed.
    alarm: Option<AlarmState>,
    /// The version whose rollout comes after the one under way.
    next: Option<Version>,
    /// Why the last rollout was rolled back, if it was.
    rolled_back: Option<Cause>,
}

/// A version that an alias points at.
#[derive(Debug, Serialize)]
struct VersionStatus {
    version: Version,
    architecture: Option<Architecture>,
    emulated: bool,
    commit: Option<String>,
    aliases: Vec<&'static str>,
    /// Its share of `live`, in percent.
    live_percent: Percent,
    #[serde(flatten)]
    recent: Sample,
}

/// The three aliases, as far as they exist.
struct Aliases {
    live: Option<Alias>,
    newest: Vec<(Architecture, Alias)>,
}

/// Runs it.
///
/// # Errors
/// When the function does not exist, or AWS does not answer.
pub(super) async fn status(args: StatusArgs, context: &Context) -> anyhow::Result<Outcome> {
    if args.all {
        return all(context).await;
    }
    let status = read(&args, context).await?;
    context.output.json(&status)?;
    if status.versions.is_empty() {
        let sentence = format!("{0} has no pair yet: rollout publish {0}", status.function);
        context.output.line(sentence)?;
        return Ok(Outcome::Done);
    }
    context.output.line(status.table())?;
    context.output.line(match status.rollout_since {
        Some(since) if status.paused => {
            format!("a rollout is under way since {since}, paused until rollout resume")
        }
        Some(since) if status.awaits_approval => {
            format!("a rollout awaits approval since {since}: rollout promote, or abort")
        }
        Some(since) => format!("a rollout is under way since {since}"),
        None => "no rollout is under way".to_owned(),
    })?;
    if let Some(next) = status.next {
        let line = format!("version {next} comes after it; rollout abort ends both");
        context.output.line(line)?;
    }
    for line in status.counted() {
        context.output.prose(&line)?;
    }
    for line in status.guard() {
        context.output.line(line)?;
    }
    if let Some(last) = status.last_analysis {
        let LastAnalysis {
            time,
            percent,
            sentence,
            ..
        } = last;
        let time = time.format("%H:%M:%S");
        let line = format!("last analysis at {time} UTC, at {percent}: {sentence}");
        context.output.prose(&line)?;
    }
    Ok(Outcome::Done)
}

/// A rollout that is under way.
#[derive(Debug, Serialize)]
struct UnderWay {
    function: String,
    candidate: Version,
    percent: Percent,
    since: DateTime<Utc>,
    /// What it waits for, if for somebody.
    waits: Option<&'static str>,
    /// The version whose rollout comes after it.
    next: Option<Version>,
}

/// All rollouts under way, by the functions' tags.
async fn all(context: &Context) -> anyhow::Result<Outcome> {
    let found = tagged::functions(&context.clients.tagging, &RUN.key(1)).await;
    let mut found = found.map_err(anyhow::Error::msg)?;
    found.retain(|tagged| tagged.name.starts_with(&context.prefix));
    let mut rows = Vec::new();
    for tagged in &found {
        let function = context.local(&tagged.name);
        let under_way = match under_way(tagged, function, context).await {
            Ok(Some(under_way)) => under_way,
            Ok(None) => continue,
            // Of this one; the others are shown.
            Err(error) => {
                let error = error.to_string();
                context
                    .output
                    .json(&json!({"function": function, "error": error}))?;
                let [candidate, percent, since, next] = [(); 4].map(|()| "-".to_owned());
                rows.push([function.to_owned(), candidate, percent, since, error, next]);
                continue;
            }
        };
        context.output.json(&under_way)?;
        rows.push([
            under_way.function,
            under_way.candidate.to_string(),
            under_way.percent.to_string(),
            under_way.since.to_string(),
            under_way.waits.unwrap_or("-").to_owned(),
            under_way
                .next
                .map_or_else(|| "-".to_owned(), |next| next.to_string()),
        ]);
    }
    if rows.is_empty() {
        context.output.line("no rollout is under way")?;
    } else {
        let header = [
            "function",
            "candidate",
            "of live",
            "since",
            "waits for",
            "next",
        ];
        context.output.line(table::plain(header, rows))?;
    }
    Ok(Outcome::Done)
}

async fn under_way(
    Tagged { name, tags, .. }: &Tagged,
    function: &str,
    context: &Context,
) -> anyhow::Result<Option<UnderWay>> {
    let live = alias::read(&context.clients.lambda, name, LIVE).await?;
    let Ok(record) = live.description.parse::<Record>() else {
        return Ok(None);
    };
    let waits = match record.paused {
        _ if record.awaits_approval() => Some("approval"),
        Some(_) => Some("resume"),
        None => pauses_here(tags, record.percent())?.then_some("promotion"),
    };
    Ok(Some(UnderWay {
        function: function.to_owned(),
        candidate: record.candidate,
        percent: record.percent(),
        since: record.since,
        waits,
        next: next(tags)?,
    }))
}

/// The version whose rollout waits for the end of the one under way.
fn next(tags: &HashMap<String, String>) -> Result<Option<Version>, TagsError> {
    Ok(NEXT.read::<Next>(tags)?.map(|next| next.goal))
}

/// Whether the policy of a rollout leaves the candidate at this weight until it is promoted.
fn pauses_here(tags: &HashMap<String, String>, percent: Percent) -> anyhow::Result<bool> {
    let frozen = RUN.read::<Frozen>(tags)?;
    let policy = frozen.map(|frozen| frozen.policy(0)).transpose()?;
    Ok(policy.is_some_and(|policy| policy.pause_at.contains(&percent)))
}

async fn read(args: &StatusArgs, context: &Context) -> anyhow::Result<Status> {
    let lambda = &context.clients.lambda;
    let function = function::read(lambda, &args.function).await?;
    let published = versions::list(lambda, &args.function).await?.published;
    let aliases = Aliases::read(context, &args.function).await?;
    let (names, counted): (Vec<String>, Vec<CountedMetric>) = context
        .policy(&args.function)
        .await?
        .unwrap_or_default()
        .metrics
        .into_iter()
        .unzip();
    let mut versions = Vec::new();
    for version in aliases.versions() {
        let build = versions::build(&function, version, &published);
        let settings = versions::find(&published, version).map(|found| found.settings.namespace());
        let namespace = settings.unwrap_or_default();
        let recent = recent(context, args, version, &namespace, &counted).await?;
        versions.push(VersionStatus::new(build, &published, &aliases, recent));
    }
    let under_way = aliases.under_way();
    let rollout_since = under_way.as_ref().map(|record| record.since);
    Ok(Status {
        function: args.function.clone(),
        rollout_since,
        paused: under_way
            .as_ref()
            .is_some_and(|record| record.paused.is_some()),
        awaits_approval: under_way.is_some_and(|record| record.awaits_approval()),
        last_analysis: rollout_since.and_then(|since| {
            journal::last_analysis(&context.dist, context.local(&args.function), since)
        }),
        versions,
        alarm: alarm(context, &args.function).await,
        counted: names,
        next: next(&function.tags)?,
        rolled_back: aliases.record().and_then(|record| record.cause),
    })
}

/// The state of the alarm. Without the permission to read alarms, the rest is shown.
async fn alarm(context: &Context, function: &str) -> Option<AlarmState> {
    let alarm = context.candidate_alarm(function);
    alarm.state().await.unwrap_or_else(|error| {
        tracing::warn!("{error}");
        None
    })
}

/// What came through `live` in the last minutes.
async fn recent(
    context: &Context,
    args: &StatusArgs,
    version: Version,
    namespace: &str,
    counted: &[CountedMetric],
) -> anyhow::Result<Sample> {
    let end = Utc::now();
    let query = Query {
        function: args.function.clone(),
        alias: LIVE.to_owned(),
        versions: [version; 2],
        start: end - TimeDelta::from_std(args.last).context("--last is too long")?,
        end,
        period_s: 60,
        slow_ms: None,
        namespace: namespace.to_owned(),
        counted: counted.to_vec(),
        sources: Vec::new(),
    };
    let [sample, _] = metrics::whole(&context.clients.cloudwatch, &query).await?;
    Ok(sample)
}

impl Aliases {
    async fn read(context: &Context, function: &str) -> anyhow::Result<Self> {
        let lambda = &context.clients.lambda;
        let mut newest = Vec::new();
        for architecture in Architecture::ALL {
            let alias = alias::find(lambda, function, architecture.as_str()).await?;
            newest.extend(alias.map(|alias| (architecture, alias)));
        }
        let live = alias::find(lambda, function, LIVE).await?;
        Ok(Self { live, newest })
    }

    /// Every version that an alias points at, oldest first.
    fn versions(&self) -> Vec<Version> {
        let routings = self.newest.iter().map(|(_, alias)| alias).chain(&self.live);
        let mut versions: Vec<_> = routings
            .flat_map(|alias| {
                let additional = alias.routing.additional.map(|(version, _)| version);
                additional.into_iter().chain([alias.routing.primary])
            })
            .collect();
        versions.sort();
        versions.dedup();
        versions
    }

    fn names_of(&self, version: Version) -> Vec<&'static str> {
        let live = self
            .live
            .as_ref()
            .filter(|alias| alias.routing.routes_to(version));
        let newest = self
            .newest
            .iter()
            .filter(|(_, alias)| alias.routing.primary == version);
        live.map(|_| LIVE)
            .into_iter()
            .chain(newest.map(|(architecture, _)| architecture.as_str()))
            .collect()
    }

    /// What the last rollout has written.
    fn record(&self) -> Option<Record> {
        self.live.as_ref()?.description.parse().ok()
    }

    /// The rollout that is under way.
    fn under_way(&self) -> Option<Record> {
        let has_weight = self.live.as_ref()?.routing.candidate().is_some();
        let record = self.record()?;
        (has_weight || record.awaits_approval()).then_some(record)
    }
}

impl VersionStatus {
    fn new(
        build: Build,
        published: &[PublishedVersion],
        aliases: &Aliases,
        recent: Sample,
    ) -> Self {
        let version = versions::find(published, build.version);
        let live = aliases.live.as_ref();
        Self {
            version: build.version,
            architecture: build.architecture,
            emulated: build.emulated,
            commit: version
                .and_then(|version| version.commit())
                .map(str::to_owned),
            aliases: aliases.names_of(build.version),
            live_percent: live.map_or(Percent::ZERO, |alias| alias.routing.share(build.version)),
            recent,
        }
    }

    fn cells(&self) -> [String; 9] {
        let dash = || "-".to_owned();
        let p50 = match (self.emulated, self.recent.duration) {
            (true, _) => "emulated".to_owned(),
            (false, Some(duration)) => format!("{:.1}", duration.p50_ms),
            (false, None) => dash(),
        };
        [
            self.architecture
                .map_or_else(dash, |architecture| architecture.to_string()),
            self.version.to_string(),
            self.aliases.join(" "),
            self.commit.as_deref().map_or_else(dash, table::commit),
            self.live_percent.to_string(),
            self.recent.invocations.to_string(),
            self.recent
                .errors
                .map_or_else(dash, |errors| errors.to_string()),
            self.recent
                .throttles
                .map_or_else(dash, |throttles| throttles.to_string()),
            p50,
        ]
    }
}

impl Status {
    /// The lines about the alarm, and about the last rollout's end.
    fn guard(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(AlarmState {
            name, state, since, ..
        }) = &self.alarm
        {
            let since = since.map_or_else(String::new, |since| format!(" since {since}"));
            lines.push(format!("alarm {name}: {state}{since}"));
        }
        if let Some(cause) = self.rolled_back {
            lines.push(format!("the last rollout was rolled back: {cause}"));
        }
        lines
    }

    /// What the function counts itself, a line for each of its metrics.
    fn counted(&self) -> impl Iterator<Item = String> {
        self.counted.iter().enumerate().map(|(index, name)| {
            let version = |version: &VersionStatus| {
                let count = version.recent.counted[index].count();
                let (failed, of) = (number(count.failures()), number(count.invocations()));
                format!("{failed} of {of} in version {}", version.version)
            };
            let versions: Vec<_> = self.versions.iter().map(version).collect();
            format!("{}: {}", name.replace('_', " "), versions.join(", "))
        })
    }

    fn table(&self) -> String {
        let header = [
            "architecture",
            "version",
            "aliases",
            "commit",
            "of live",
            "invocations",
            "errors",
            "throttles",
            "p50 ms",
        ];
        table::plain(header, self.versions.iter().map(VersionStatus::cells))
    }
}
