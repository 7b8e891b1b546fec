//! `rollout report`: both versions side by side.
//!
//! Only traffic through `live` is compared: there chance decided which version an invocation
//! went to. Whoever calls the aliases `arm64` and `x86_64` has chosen the version. After
//! a promotion both versions are still there as far back as `--since` reaches.

use std::{fs, path::PathBuf, time::Duration};

use anstyle::{AnsiColor, Style};
use anyhow::{Context as _, bail};
use chrono::{TimeDelta, Utc};
use clap::Args;
use package::RolloutPolicy;

use super::{
    args::{PriceArgs, milliseconds, region},
    context::{Context, Outcome},
    journal,
    output::folded,
};
use crate::{
    aws::{
        LIVE,
        alias::{self, Alias},
        function::{self, Build},
        metrics::{self, Period, Query, Sample},
        routing::Version,
        versions::{self, PublishedVersion, Settings},
    },
    delivery::{periods::is_pure, policy::Policy, record::Record, scope::Scope},
    release::publish,
    report::{
        comparison::{Comparison, Findings, Pricing, Row, Window},
        differences::{Differences, Limit},
        page::Report,
        prices::{Costs, PricesError},
    },
};
use analysis::Terms;

/// How far back to look when no rollout says when it began.
const WITHOUT_A_ROLLOUT: TimeDelta = TimeDelta::hours(1);

/// Arguments of `rollout report`.
#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// Name of the function
    #[arg(value_name = "FUNCTION")]
    pub function: String,
    /// The two versions [default: those of the last rollout, or else of the newest pair]
    #[arg(long, value_name = "BASELINE,CANDIDATE", value_parser = pair)]
    versions: Option<[Version; 2]>,
    /// How far back to look [default: since the rollout began, or else 1h]
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    since: Option<Duration>,
    /// Length of one metric period for the analysis [default: the function's policy]
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    period: Option<Duration>,
    /// Invocations that take longer are slow [default: the function's policy]
    #[arg(long, value_name = "DURATION", value_parser = milliseconds)]
    slow: Option<f64>,
    #[command(flatten)]
    price: PriceArgs,
    /// Write a page with plots, which opens offline, to this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write Markdown for a pull request
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
}

fn pair(text: &str) -> Result<[Version; 2], String> {
    let versions = text.split_once(',').map(|(baseline, candidate)| {
        let version = |text: &str| text.trim().parse().map_err(|error| format!("{error}"));
        Ok([version(baseline)?, version(candidate)?])
    });
    versions.unwrap_or_else(|| Err("give two versions, such as 1,2".to_owned()))
}

/// Runs it.
///
/// # Errors
/// When the versions, their metrics or prices cannot be read.
pub(super) async fn report(args: ReportArgs, context: &Context) -> anyhow::Result<Outcome> {
    let subject = Subject::find(&args, context).await?;
    let evidence = subject.evidence(context).await?;
    let comparison = subject.comparison(&args, context, &evidence)?;

    if let Some(path) = &args.html {
        let html = subject.report(context, &comparison, &evidence).await?;
        fs::write(path, html).with_context(|| format!("cannot write {}", path.display()))?;
    }
    context.output.json(&comparison)?;
    if args.markdown {
        context.output.line(comparison.markdown())?;
    } else {
        context.output.line(coloured(&comparison))?;
    }
    if let Some(path) = &args.html {
        let path = path.display();
        context
            .output
            .line(format!("The page with plots is in {path}"))?;
    }
    Ok(Outcome::Done)
}

/// The table with its header in bold, and the text with its sentence in the verdict's colour.
fn coloured(comparison: &Comparison) -> String {
    let colour = match comparison.findings.analysis.verdict {
        analysis::Verdict::Worse { .. } => AnsiColor::Red,
        analysis::Verdict::NotWorse { .. } => AnsiColor::Green,
        analysis::Verdict::Inconclusive { .. } => AnsiColor::Yellow,
    };
    let (bold, verdict) = (Style::new().bold(), colour.on_default());
    let (table, sentence) = (comparison.table(), folded(&comparison.sentence));
    let (header, lines) = table.split_once('\n').unwrap_or((&table, ""));
    let notes = folded(&comparison.notes().join("\n"));
    format!("{bold}{header}{bold:#}\n{lines}\n{verdict}{sentence}{verdict:#}\n{notes}")
}

/// What both versions have done.
struct Evidence {
    /// Baseline and candidate over the whole window.
    samples: [Sample; 2],
    /// Period by period, oldest first.
    periods: Vec<Period>,
}

/// What is compared, and by what.
struct Subject {
    policy: Policy,
    record: Option<Record>,
    query: Query,
    published: Vec<PublishedVersion>,
    builds: [Build; 2],
    scope: Scope,
}

impl Subject {
    async fn find(args: &ReportArgs, context: &Context) -> anyhow::Result<Self> {
        let lambda = &context.clients.lambda;
        let policy = context.policy(&args.function).await?.unwrap_or_default();
        let live = alias::read(lambda, &args.function, LIVE).await?;
        let record = live.description.parse::<Record>().ok();
        let mut query = query(args, context, &live, record.as_ref(), &policy).await?;
        let published = versions::list(lambda, &args.function).await?.published;
        let builds = builds(context, &query, &published).await?;
        // Periods of less than a minute are the sandbox's, which sends its metrics at once.
        let period_s = u64::from(query.period_s);
        let metric_delay_s = match period_s {
            ..60 => period_s,
            _ => policy.metric_delay_s,
        };
        let policy = Policy::try_from(&RolloutPolicy {
            slow_ms: args.slow.or(policy.slow_ms),
            period_s,
            metric_delay_s,
            ..policy
        })?;
        let settings = query.versions.map(|version| {
            let found = versions::find(&published, version)?;
            Some(&found.settings)
        });
        let timeouts = settings.iter().flatten().map(|settings| settings.timeout_s);
        let longest = TimeDelta::seconds(timeouts.max().unwrap_or_default().into());
        let policy = policy.with_timeout(longest);
        let scope = Scope::new(&policy, builds.each_ref());
        query.slow_ms = scope.slow_ms();
        query.counted = policy
            .counted
            .iter()
            .map(|(_, metric)| metric.clone())
            .collect();
        query.namespace = settings[1].map(Settings::namespace).unwrap_or_default();
        Ok(Self {
            policy,
            record,
            query,
            published,
            builds,
            scope,
        })
    }

    async fn evidence(&self, context: &Context) -> anyhow::Result<Evidence> {
        let cloudwatch = &context.clients.cloudwatch;
        Ok(Evidence {
            samples: metrics::whole(cloudwatch, &self.query).await?,
            periods: metrics::periods(cloudwatch, &self.query).await?,
        })
    }

    fn comparison(
        &self,
        args: &ReportArgs,
        context: &Context,
        evidence: &Evidence,
    ) -> anyhow::Result<Comparison> {
        let pricing = pricing(args, context)?;
        let rows = [0, 1].map(|index| self.row(index, evidence, &pricing));
        let charged = rows
            .each_ref()
            .map(|row| (row.architecture, row.memory_mib));
        let costs = pricing.rates().and_then(|rates| Costs::new(charged, rates));
        let findings = self.findings(evidence, costs.as_ref());
        let window = Window {
            since: self.query.start,
            until: self.query.end,
        };
        let function = &self.query.function;
        Ok(Comparison::new(function, window, rows, pricing, findings))
    }

    /// The settings of a version, unless it was deleted.
    fn settings(&self, index: usize) -> Option<&Settings> {
        let found = versions::find(&self.published, self.builds[index].version);
        found.map(|published| &published.settings)
    }

    fn row(&self, index: usize, evidence: &Evidence, pricing: &Pricing) -> Row {
        let build = self.builds[index];
        let memory_mib = self.settings(index).map(|settings| settings.memory_mib);
        Row::new(build, memory_mib, evidence.samples[index], pricing.rates())
    }

    fn findings(&self, evidence: &Evidence, costs: Option<&Costs>) -> Findings {
        let terms = self.terms();
        let periods = self.at_one_weight(&evidence.periods);
        Findings {
            analysis: analysis::analyse(periods.iter().map(|period| period.blocks()), &terms),
            differences: Differences::new(&periods, self.limit(), &self.scope, costs, terms.alpha),
            scope: self.scope.clone(),
            period_s: self.query.period_s,
        }
    }

    fn is_emulated(&self) -> bool {
        self.builds.iter().any(|build| build.emulated)
    }

    /// The limit that durations are cut at: `slow_ms`, or else the function's timeout.
    fn limit(&self) -> Option<Limit> {
        if self.is_emulated() {
            return None;
        }
        let timeout_ms = |index| Some(f64::from(self.settings(index)?.timeout_s) * 1e3);
        let timeout = || {
            let limit_ms = timeout_ms(0)?.max(timeout_ms(1)?);
            Some(Limit::Timeout { limit_ms })
        };
        let slow = self
            .scope
            .slow_ms()
            .map(|limit_ms| Limit::Slow { limit_ms });
        slow.or_else(timeout)
    }

    async fn report(
        &self,
        context: &Context,
        comparison: &Comparison,
        evidence: &Evidence,
    ) -> anyhow::Result<String> {
        let distributions =
            metrics::distributions(&context.clients.cloudwatch, &self.query).await?;
        let journal = journal::read(&context.dist, context.local(&self.query.function));
        let report = Report {
            comparison,
            periods: &evidence.periods,
            terms: self.terms(),
            record: self.record(),
            distributions,
            journal: &journal,
        };
        Ok(report.html())
    }

    fn terms(&self) -> Terms {
        self.policy.terms(self.scope.metrics())
    }

    /// The rollout between these versions, if there was one.
    fn record(&self) -> Option<&Record> {
        let of_these =
            |record: &&Record| [record.baseline, record.candidate] == self.query.versions;
        self.record.as_ref().filter(of_these)
    }

    /// The periods that a run would analyse: those that are over, and in which the weight was the same throughout.
    fn at_one_weight<'a>(&self, periods: &'a [Period]) -> Vec<&'a Period> {
        let length = TimeDelta::seconds(self.query.period_s.into());
        let over = self.query.end - self.policy.metric_delay;
        let counts = |period: &&Period| {
            let is_pure = |record| is_pure(period.start, length, record);
            period.start + length <= over && self.record().is_none_or(is_pure)
        };
        periods.iter().filter(counts).collect()
    }
}

async fn query(
    args: &ReportArgs,
    context: &Context,
    live: &Alias,
    record: Option<&Record>,
    policy: &RolloutPolicy,
) -> anyhow::Result<Query> {
    let versions = match (args.versions, record) {
        (Some(versions), _) => versions,
        (_, Some(record)) => [record.baseline, record.candidate],
        (_, None) => newest_pair(context, &live.function).await?,
    };
    let end = Utc::now();
    let start = match (args.since, record) {
        (Some(since), _) => end - TimeDelta::from_std(since).context("--since is too long")?,
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
        namespace: String::new(),
        counted: Vec::new(),
        sources: Vec::new(),
    })
}

async fn newest_pair(context: &Context, function: &str) -> anyhow::Result<[Version; 2]> {
    let pair = publish::newest_pair(&context.clients.lambda, function).await?;
    let missing = || format!("{function} has no pair yet: rollout publish {function}");
    Ok([
        pair.x86_64.with_context(missing)?,
        pair.arm64.with_context(missing)?,
    ])
}

async fn builds(
    context: &Context,
    query: &Query,
    published: &[PublishedVersion],
) -> anyhow::Result<[Build; 2]> {
    let function = function::read(&context.clients.lambda, &query.function).await?;
    Ok(query
        .versions
        .map(|version| versions::build(&function, version, published)))
}

/// A region without prices is compared without costs; a list that cannot be read is an error.
fn pricing(args: &ReportArgs, context: &Context) -> anyhow::Result<Pricing> {
    let list = args.price.list()?;
    match args.price.rates(&list, context) {
        Ok(rates) => Ok(Pricing::Known {
            region: region(context).to_owned(),
            as_of: list.as_of,
            monthly_gb_seconds: args.price.monthly_gb_seconds,
            rates,
        }),
        Err(error @ PricesError::UnknownRegion { .. }) => Ok(Pricing::Unknown {
            problem: error.to_string(),
        }),
        Err(error) => Err(error.into()),
    }
}
