//! `sandbox traffic`: scenarios or invocations at a steady rate.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;

use super::terminal;
use crate::{
    LIVE,
    client::{
        apply::queue_url,
        endpoint::Clients,
        endpoint::EndpointArgs,
        http::{HttpClient, JsonClient},
        lambda,
        traffic::{self, Load, Scenarios, SharedTotals, Targets, lock},
    },
};

/// How often the line on a terminal is renewed.
const REDRAW: Duration = Duration::from_millis(200);

/// Arguments of `sandbox traffic`.
#[derive(Debug, Clone, Args)]
pub struct TrafficArgs {
    /// Name of the function
    function: String,
    /// Alias or version to invoke
    #[arg(long, default_value = LIVE)]
    qualifier: String,
    /// Folder with one payload per file (*.json), each sent as an invocation, in turn
    #[arg(long, value_name = "FOLDER", conflicts_with = "scenarios")]
    events: Option<PathBuf>,
    /// Folder with one scenario of steps per file (*.json), run in turn [default: dist/<FUNCTION>/traffic; without that, --events dist/<FUNCTION>/events]
    #[arg(long, value_name = "FOLDER")]
    scenarios: Option<PathBuf>,
    /// Scenarios a second, begun whether or not earlier ones have ended
    #[arg(long, default_value_t = 100.0, value_parser = rate, value_name = "PER_SECOND")]
    rate: f64,
    /// Scenarios under way at once, at most
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    concurrency: u32,
    /// When to end, like 30s or 5m; without it, at SIGINT or SIGTERM
    #[arg(long, value_parser = humantime::parse_duration)]
    duration: Option<Duration>,
    /// Show no progress, even on a terminal
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    endpoint: EndpointArgs,
}

/// Runs the subcommand: exits with 1 when not a single call succeeded.
///
/// # Errors
/// When there is nothing to send, or the function or its alias does not exist.
pub async fn run(args: TrafficArgs) -> Result<ExitCode> {
    let (stop, signal) = (CancellationToken::new(), terminal::stop_signal()?);
    tokio::spawn({
        let stop = stop.clone();
        // What is under way is still waited for.
        async move {
            signal.await;
            stop.cancel();
        }
    });
    let scenarios = scenarios(&args)?;
    let targets = Arc::new(targets(&args, &scenarios).await?);
    let load = Load {
        rate: args.rate,
        concurrency: args
            .concurrency
            .try_into()
            .context("--concurrency is too large")?,
        duration: args.duration,
    };
    let totals = SharedTotals::default();
    let progress = (!args.quiet).then(|| tokio::spawn(show(Arc::clone(&totals))));
    traffic::send(&targets, &load, &scenarios, &totals, &stop).await;
    if let Some(progress) = progress {
        progress.abort();
    }
    let totals = lock(&totals);
    for warning in totals.warnings() {
        terminal::error_line(format_args!("warning: {warning}"));
    }
    terminal::line(format_args!(
        "{}:{}: {totals}",
        args.function, args.qualifier
    ));
    Ok(if totals.any_success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What the user asked for; else the function's scenarios; else its events.
fn scenarios(args: &TrafficArgs) -> Result<Scenarios> {
    let dist = Path::new("dist").join(&args.function);
    let traffic = dist.join("traffic");
    Ok(match (&args.events, &args.scenarios) {
        (Some(folder), _) => Scenarios::events(folder)?,
        (None, Some(folder)) => Scenarios::steps(folder)?,
        (None, None) if traffic.is_dir() => Scenarios::steps(&traffic)?,
        (None, None) => Scenarios::events(&dist.join("events"))?,
    })
}

/// Everything that the scenarios call; says at once what is missing, instead of after thousands of calls.
async fn targets(args: &TrafficArgs, scenarios: &Scenarios) -> Result<Targets> {
    let Clients {
        lambda,
        json,
        admin,
    } = Clients::new(&args.endpoint.sdk_config()?)?;
    let (function, qualifier) = (&args.function, &args.qualifier);
    let found = lambda::configuration(&lambda, function, Some(qualifier)).await?;
    found.map(drop).with_context(|| {
        format!(
            "there is no {function}:{qualifier}: `sandbox apply` creates functions, `rollout publish` versions and aliases"
        )
    })?;
    let mut http_api = None;
    if scenarios.use_http() {
        http_api = admin.http_apis().await?.remove(function);
        if http_api.is_none() {
            bail!(
                "nothing invokes {function} over HTTP: `sandbox apply {function}` opens its port, when its trigger is http"
            );
        }
        if qualifier != LIVE {
            bail!(
                "HTTP goes through {LIVE}, not through {qualifier}: leave out --qualifier, or send --events"
            );
        }
    }
    Ok(Targets {
        lambda,
        function: function.clone(),
        qualifier: qualifier.clone(),
        http: HttpClient::new(),
        http_api,
        queue_urls: queue_urls(&json, scenarios).await?,
        json,
    })
}

/// The URLs of the queues that the scenarios name, each a FIFO queue or not.
async fn queue_urls(
    client: &JsonClient,
    scenarios: &Scenarios,
) -> Result<BTreeMap<String, String>> {
    let mut urls = BTreeMap::new();
    for name in scenarios.queues() {
        for queue in [name.clone(), format!("{name}.fifo")] {
            let url = queue_url(client, &queue).await?;
            urls.extend(url.map(|url| (name.clone(), url)));
        }
        if !urls.contains_key(&name) {
            bail!("there is no queue {name}: `sandbox apply` makes the queues of a function");
        }
    }
    Ok(urls)
}

/// One line on standard error that is renewed; nothing when that is no terminal.
async fn show(totals: SharedTotals) {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
        bar.set_style(style);
    }
    let mut redraw = tokio::time::interval(REDRAW);
    loop {
        redraw.tick().await;
        bar.set_message(lock(&totals).to_string());
        bar.tick();
    }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse::<f64>().map_err(|error| error.to_string())?;
    if (0.01..=100_000.0).contains(&rate) {
        Ok(rate)
    } else {
        Err("must be from 0.01 to 100000 a second".to_owned())
    }
}
