//! `rollout bench`: synthetic load on both builds, with a sweep over memory sizes.

use std::{collections::BTreeMap, fs, path::PathBuf, time::Duration};

use anyhow::{Context as _, bail};
use chrono::{TimeDelta, Utc};
use clap::Args;
use package::{Architecture, FunctionManifest};
use serde::Serialize;

use super::{
    args::PriceArgs,
    context::{Context, Outcome},
    signals,
};
use crate::{
    aws::{
        function::{self, Function},
        mark::Target,
        routing::Version,
        versions::{self, PublishedVersion},
    },
    release::{
        bench::{Code, Plan, Sample, Stop, Sweep, sample},
        publish,
    },
    report::{
        bench::{Prices, Summary, Tally},
        prices::Rates,
    },
};

/// Arguments of `rollout bench`.
#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    /// Name of the function
    #[arg(value_name = "FUNCTION")]
    pub function: String,
    /// File with the event to send, as JSON
    #[arg(long, value_name = "FILE")]
    event: PathBuf,
    /// Memory sizes in MiB to compare, such as 128,512,1769,3008 [default: each build's own]
    #[arg(long, value_name = "MIB", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(128..=10_240))]
    memory: Vec<u32>,
    /// How often each build is invoked at each size
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u32).range(2..=100_000))]
    invocations: u32,
    /// Seed of the order, to repeat one [default: drawn, and printed]
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Limit of its cost at list price in US dollars, assuming that every invocation takes its whole timeout
    #[arg(long, value_name = "USD", default_value_t = 1.0)]
    most_usd: f64,
    #[command(flatten)]
    price: PriceArgs,
    /// How long it may take. If it is killed, the next benchmark after that time removes what it has left
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = humantime::parse_duration)]
    within: Duration,
    /// Remove what another benchmark has left, although it may still run: it is known to be dead
    #[arg(long)]
    take_over: bool,
    /// Print what would be invoked and what it costs at most, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the table as Markdown
    #[arg(long)]
    markdown: bool,
}

/// Everything that a benchmark needs, read before anything is changed.
struct Setting {
    manifest: FunctionManifest,
    function: Function,
    /// The versions that the aliases arm64 and x86_64 point at.
    builds: BTreeMap<Architecture, PublishedVersion>,
    plan: Plan,
    payload: Vec<u8>,
    rates: Rates,
    most_usd: f64,
}

/// What is shown before the first invocation.
#[derive(Debug, Serialize)]
struct Announcement<'a> {
    function: &'a str,
    #[serde(flatten)]
    plan: &'a Plan,
    invocations: u64,
    most_usd: f64,
}

/// A target, and how it is reached.
struct Route {
    target: Target,
    version: Version,
    temporary: bool,
    qualifier: String,
}

/// Runs it.
///
/// # Errors
/// When the pair is not published, another benchmark is under way, it could cost too much, or AWS
/// refuses. Temporary versions are deleted and `$LATEST` is put back in any case.
pub(super) async fn bench(args: BenchArgs, context: &Context) -> anyhow::Result<Outcome> {
    let setting = Setting::read(&args, context).await?;
    setting.announce(context)?;
    if args.dry_run {
        return Ok(Outcome::Done);
    }
    if setting.most_usd > args.most_usd {
        bail!(
            "that may cost up to {:.2} USD if every invocation takes its time limit of {} s: allow it with \
             --most-usd {:.0}, or ask for fewer --invocations",
            setting.most_usd,
            setting.manifest.timeout_s,
            setting.most_usd.ceil()
        );
    }
    let stop = signals::stop_within(args.within).context("cannot listen for signals")?;
    let sweep = setting.sweep(&args, context)?;
    let left = sweep.remove_leftovers(args.take_over).await?;
    if left > 0 {
        context.output.line(format!(
            "removed {left} versions of a benchmark that was killed"
        ))?;
    }
    let tallies = setting.measure(&sweep, &stop, context).await;
    let tidied = sweep.tidy_up().await.with_context(|| {
        format!(
            "versions of the benchmark are left: rollout bench {} --take-over removes them",
            args.function
        )
    });
    // What went wrong first says more.
    let tallies = tallies?;
    tidied?;
    setting.show(&tallies, &args, context)?;
    Ok(Outcome::Done)
}

impl Setting {
    async fn read(args: &BenchArgs, context: &Context) -> anyhow::Result<Self> {
        let lambda = &context.clients.lambda;
        let manifest = context.manifest(&args.function)?;
        let payload = event(&args.event)?;
        let rates = args.price.rates(&args.price.list()?, context)?;
        let function = function::read(lambda, &args.function).await?;
        let builds = builds(context, &manifest).await?;
        let own = builds.values().map(|build| build.settings.memory_mib);
        let memory = match args.memory.as_slice() {
            [] => own.collect(),
            sizes => sizes.to_vec(),
        };
        let seed = args.seed.unwrap_or_else(rand::random);
        let plan = Plan::new(&memory, args.invocations, seed);
        let timeout_ms = f64::from(manifest.timeout_s) * 1e3;
        Ok(Self {
            most_usd: plan.most_usd(timeout_ms, |architecture, memory_mib, ms| {
                rates.million_usd(architecture, memory_mib, ms)
            }),
            rates,
            manifest,
            function,
            builds,
            plan,
            payload,
        })
    }

    fn announce(&self, context: &Context) -> anyhow::Result<()> {
        let invocations = self.plan.invocations();
        context.output.json(&Announcement {
            function: &self.function.name,
            plan: &self.plan,
            invocations,
            most_usd: self.most_usd,
        })?;
        let targets: Vec<_> = self.plan.targets.iter().map(ToString::to_string).collect();
        context.output.line(format!(
            "{invocations} invocations of {}: {} of each of {}, in random order (seed {}); at most {:.2} USD at \
             list price, if every one took its time limit of {} s",
            self.function.name,
            self.plan.rounds,
            targets.join(", "),
            self.plan.seed,
            self.most_usd,
            self.manifest.timeout_s
        ))?;
        Ok(())
    }

    fn sweep<'a>(&'a self, args: &BenchArgs, context: &'a Context) -> anyhow::Result<Sweep<'a>> {
        let folder = context.dist.join(context.local(&self.function.name));
        let mut code = BTreeMap::new();
        for (architecture, artifact) in &self.manifest.artifacts {
            let path = folder.join(&artifact.zip);
            let zip = fs::read(&path)
                .with_context(|| format!("cannot read {}: run scripts/build.sh", path.display()))?;
            let sha256 = artifact.code_sha256.clone();
            code.insert(*architecture, Code { sha256, zip });
        }
        Ok(Sweep {
            client: &context.clients.lambda,
            function: &self.function.name,
            run: rand::random(),
            until: Utc::now() + TimeDelta::from_std(args.within).context("--within is too long")?,
            code,
        })
    }

    /// `$LATEST` is back before the first invocation.
    async fn measure(
        &self,
        sweep: &Sweep<'_>,
        stop: &Stop,
        context: &Context,
    ) -> anyhow::Result<Vec<Tally>> {
        let own = |target: &Target| {
            self.builds[&target.architecture].settings.memory_mib == target.memory_mib
        };
        let temporary: Vec<_> = self
            .plan
            .targets
            .iter()
            .copied()
            .filter(|t| !own(t))
            .collect();
        let versions = if temporary.is_empty() {
            BTreeMap::new()
        } else {
            let versions = sweep.publish(&temporary, stop).await?;
            sweep.put_back().await?;
            context
                .output
                .line(format!("published {} temporary versions", versions.len()))?;
            versions
        };
        let routes: Vec<_> = self
            .plan
            .targets
            .iter()
            .map(|t| self.route(*t, &versions))
            .collect();
        self.load(&routes, stop, context).await
    }

    fn route(&self, target: Target, temporary: &BTreeMap<Target, Version>) -> Route {
        match temporary.get(&target) {
            Some(version) => Route {
                target,
                version: *version,
                temporary: true,
                qualifier: version.to_string(),
            },
            None => Route {
                target,
                version: self.builds[&target.architecture].version,
                temporary: false,
                qualifier: target.architecture.to_string(),
            },
        }
    }

    /// One invocation at a time: the builds must not disturb each other.
    async fn load(
        &self,
        routes: &[Route],
        stop: &Stop,
        context: &Context,
    ) -> anyhow::Result<Vec<Tally>> {
        let mut tallies: Vec<_> = routes.iter().map(|route| self.tally(route)).collect();
        for order in self.plan.orders() {
            for index in order {
                let route = &routes[index];
                let lambda = &context.clients.lambda;
                let name = &self.function.name;
                let sample = stop
                    .or(sample(lambda, name, &route.qualifier, &self.payload))
                    .await??;
                note(&mut tallies[index], sample)?;
            }
        }
        Ok(tallies)
    }

    fn tally(&self, route: &Route) -> Tally {
        Tally {
            target: route.target,
            emulated: self.function.emulated.contains(&route.target.architecture),
            version: route.version,
            temporary: route.temporary,
            rounds: Vec::new(),
            throttles: 0,
            unreported: 0,
        }
    }

    fn show(&self, tallies: &[Tally], args: &BenchArgs, context: &Context) -> anyhow::Result<()> {
        let prices = Prices {
            million_usd: &|architecture, memory_mib, ms| {
                self.rates.million_usd(architecture, memory_mib, ms)
            },
        };
        let summary = Summary::new(tallies, &prices, self.plan.seed);
        context.output.json(&summary)?;
        if args.markdown {
            context.output.line(summary.markdown())?;
        } else {
            context.output.line(summary.table())?;
            context.output.line(summary.text())?;
        }
        Ok(())
    }
}

fn event(path: &std::path::Path) -> anyhow::Result<Vec<u8>> {
    let payload =
        fs::read(path).with_context(|| format!("--event: cannot read {}", path.display()))?;
    serde_json::from_slice::<serde::de::IgnoredAny>(&payload).with_context(|| {
        format!(
            "--event: {} is not JSON, which Lambda refuses",
            path.display()
        )
    })?;
    Ok(payload)
}

/// The versions that the aliases arm64 and x86_64 point at: the code that was built here.
async fn builds(
    context: &Context,
    manifest: &FunctionManifest,
) -> anyhow::Result<BTreeMap<Architecture, PublishedVersion>> {
    let name = &manifest.name;
    let pair = publish::newest_pair(&context.clients.lambda, name).await?;
    let published = versions::list(&context.clients.lambda, name)
        .await?
        .published;
    let mut builds = BTreeMap::new();
    for (architecture, artifact) in &manifest.artifacts {
        let version = pair.version(*architecture);
        let build = version.and_then(|version| versions::find(&published, version));
        let build = build.with_context(|| {
            format!(
                "the {architecture} build of {name} is not published: run rollout publish {name}"
            )
        })?;
        if build.code_sha256 != artifact.code_sha256 {
            bail!(
                "the alias {architecture} of {name} points at version {}, which is not the build in {}: run rollout \
                 publish {name}, or build what is published",
                build.version,
                context.dist.display()
            );
        }
        builds.insert(*architecture, build.clone());
    }
    Ok(builds)
}

/// Another version than expected means that the alias was moved meanwhile.
fn note(tally: &mut Tally, sample: Sample) -> anyhow::Result<()> {
    let report = match sample {
        Sample::Throttled => {
            tally.throttles += 1;
            None
        }
        Sample::Ran { version, .. } if version != Some(tally.version) => bail!(
            "{} was to run in version {}, and another one ran: its alias was moved meanwhile",
            tally.target,
            tally.version
        ),
        Sample::Ran { report, .. } => {
            tally.unreported += u32::from(report.is_none());
            report
        }
    };
    tally.rounds.push(report);
    Ok(())
}
