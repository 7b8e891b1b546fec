//! `rollout compare`: both versions side by side.

use std::time::Duration;

use anyhow::{Context as _, bail};
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use package::{Architecture, ManifestError, RolloutPolicy};

use super::run::milliseconds;
use crate::{
    LIVE,
    alias::{self, Alias, Version},
    comparison::{Comparison, Row, Verdict},
    context::Context,
    controller,
    differences::Differences,
    function::{self, Half},
    judge::{Terms, judge},
    metrics::{self, Period, Query, Sample},
    outcome::Outcome,
    record::Record,
    scope::Scope,
    versions::{self, PublishedVersion},
};

/// How far back to look when no rollout says when it began.
const WITHOUT_A_ROLLOUT: TimeDelta = TimeDelta::hours(1);

/// Arguments of `rollout compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Name of the function
    #[arg(value_name = "FUNCTION")]
    pub function: String,
    /// The two versions [default: those of the last rollout, or else of the newest pair]
    #[arg(
        long,
        value_name = "BASELINE,CANDIDATE",
        value_delimiter = ',',
        num_args = 2
    )]
    versions: Option<Vec<Version>>,
    /// How far back to look [default: since the rollout began, or else 1h]
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    last: Option<Duration>,
    /// Length of one metric period for the verdict on errors [default: the function's policy]
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    period: Option<Duration>,
    /// Invocations that take longer are slow [default: the function's policy]
    #[arg(long, value_name = "DURATION", value_parser = milliseconds)]
    slow: Option<f64>,
    /// Write Markdown for a pull request
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
}

/// Runs it.
///
/// # Errors
/// When the versions or their metrics cannot be read.
pub async fn compare(args: CompareArgs, context: &Context) -> anyhow::Result<Outcome> {
    let policy = policy(context, &args.function)?;
    let live = alias::read(&context.clients.lambda, &args.function, LIVE).await?;
    let record = live.description.parse::<Record>().ok();
    let mut query = query(&args, context, &live, record.as_ref(), &policy).await?;
    let published = versions::list(&context.clients.lambda, &args.function).await?;
    let halves = halves(context, &query, &published.published).await?;
    let scope = Scope::of(args.slow.or(policy.slow_ms), [&halves[0], &halves[1]]);
    query.slow_ms = scope.slow_ms();

    let samples = metrics::whole(&context.clients.cloudwatch, &query).await?;
    let periods = metrics::periods(&context.clients.cloudwatch, &query).await?;
    let terms = Terms {
        alpha: policy.alpha,
        margin: policy.margin_percent / 100.0,
        metrics: scope.metrics(),
    };
    let periods = at_one_weight(&periods, &query, record.as_ref());
    let judgement = judge(periods.iter().map(|period| period.blocks()), &terms);
    let verdict = Verdict {
        judgement,
        differences: Differences::of(&periods, &scope, policy.alpha),
        judged: scope,
        period_s: query.period_s,
    };
    let rows = rows(halves, &published.published, samples);
    let comparison = Comparison::new(&args.function, rows, verdict);

    context.output.json(&comparison)?;
    if args.markdown {
        context.output.line(comparison.markdown())?;
    } else {
        context.output.line(comparison.table())?;
        context.output.line(comparison.text())?;
    }
    Ok(Outcome::Done)
}

/// A function that was built elsewhere is compared by the usual policy.
fn policy(context: &Context, function: &str) -> anyhow::Result<RolloutPolicy> {
    match context.manifest(function) {
        Ok(manifest) => Ok(manifest.rollout),
        Err(ManifestError::Missing { .. }) => Ok(RolloutPolicy::default()),
        Err(error) => Err(error.into()),
    }
}

async fn query(
    args: &CompareArgs,
    context: &Context,
    live: &Alias,
    record: Option<&Record>,
    policy: &RolloutPolicy,
) -> anyhow::Result<Query> {
    let versions = match (args.versions.as_deref(), record) {
        (Some(&[baseline, candidate]), _) => [baseline, candidate],
        (_, Some(record)) => [record.baseline, record.candidate],
        (_, None) => newest_pair(context, &live.function).await?,
    };
    let end = Utc::now();
    let start = match (args.last, record) {
        (Some(last), _) => end - TimeDelta::from_std(last).context("--last is too long")?,
        (None, Some(record)) => record.since,
        (None, None) => end - WITHOUT_A_ROLLOUT,
    };
    let period_s = args
        .period
        .map_or(policy.period_s, |period| period.as_secs());
    if period_s == 0 {
        bail!("--period: at least 1s");
    }
    Ok(Query {
        function: live.function.clone(),
        alias: LIVE.to_owned(),
        versions,
        start,
        end,
        period_s: u32::try_from(period_s).context("--period is too long")?,
        slow_ms: None,
    })
}

async fn newest_pair(context: &Context, function: &str) -> anyhow::Result<[Version; 2]> {
    let lambda = &context.clients.lambda;
    let mut versions = Vec::new();
    for architecture in Architecture::ALL {
        let alias = alias::read(lambda, function, architecture.as_str()).await?;
        versions.push(alias.routing.primary);
    }
    Ok([versions[0], versions[1]])
}

/// The periods that a run would judge: those in which the weight was the same throughout.
fn at_one_weight<'a>(
    periods: &'a [Period],
    query: &Query,
    record: Option<&Record>,
) -> Vec<&'a Period> {
    let length = TimeDelta::seconds(query.period_s.into());
    let of_these = record.filter(|record| [record.baseline, record.candidate] == query.versions);
    let counts = |start: DateTime<Utc>| {
        of_these.is_none_or(|record| controller::is_pure(start, length, record))
    };
    periods
        .iter()
        .filter(|period| counts(period.start))
        .collect()
}

async fn halves(
    context: &Context,
    query: &Query,
    published: &[PublishedVersion],
) -> anyhow::Result<[Half; 2]> {
    let function = function::read(&context.clients.lambda, &query.function).await?;
    Ok(query
        .versions
        .map(|version| function.half(version, published)))
}

fn rows(halves: [Half; 2], published: &[PublishedVersion], samples: [Sample; 2]) -> [Row; 2] {
    [0, 1].map(|index| {
        let half = halves[index];
        let settings = published
            .iter()
            .find(|published| published.version == half.version);
        let memory_mib = settings.map(|published| published.settings.memory_mib);
        Row::new(half, memory_mib, samples[index])
    })
}
