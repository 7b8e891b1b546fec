//! `sandbox traffic`: scenarios or invocations at a steady rate.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use aws_sdk_lambda::{
    Client, operation::get_function_configuration::GetFunctionConfigurationError,
};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{
    client::{
        admin::Admin,
        apply::queue_url,
        endpoint::EndpointArgs,
        http::HttpClient,
        if_there,
        json::JsonClient,
        traffic::{self, Load, Scenarios, SharedTotals, Targets, lock},
    },
    output,
};

/// How often the picture on a terminal is renewed.
const REDRAW: Duration = Duration::from_millis(200);

/// The alias that HTTP goes through.
const LIVE: &str = "live";

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
    let stop = stopped_by_signals()?;
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
    let picture = (!args.quiet).then(|| tokio::spawn(show(Arc::clone(&totals))));
    traffic::send(&targets, &load, &scenarios, &totals, &stop).await;
    if let Some(picture) = picture {
        picture.abort();
    }
    let totals = lock(&totals);
    for warning in totals.warnings() {
        output::error_line(format_args!("warning: {warning}"));
    }
    output::line(format_args!(
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

/// Everything that the scenarios call; says at once what is missing.
async fn targets(args: &TrafficArgs, scenarios: &Scenarios) -> Result<Targets> {
    let lambda = args.endpoint.lambda()?;
    must_exist(&lambda, args).await?;
    let endpoint = args.endpoint.url()?;
    let mut front = None;
    if scenarios.use_http() {
        front = Admin::new(&endpoint)?
            .http_fronts()
            .await?
            .remove(&args.function);
        let name = &args.function;
        if front.is_none() {
            bail!(
                "nothing invokes {name} over HTTP: `sandbox apply {name}` opens its port, when its trigger is http"
            );
        }
        if args.qualifier != LIVE {
            bail!(
                "HTTP goes through {LIVE}, not through {}: leave out --qualifier, or send --events",
                args.qualifier
            );
        }
    }
    Ok(Targets {
        lambda,
        function: args.function.clone(),
        qualifier: args.qualifier.clone(),
        http: HttpClient::new(),
        front,
        json: JsonClient::new(&endpoint),
        queue_urls: queue_urls(args, scenarios).await?,
    })
}

/// The URLs of the queues that the scenarios name, each a FIFO queue or not.
async fn queue_urls(args: &TrafficArgs, scenarios: &Scenarios) -> Result<BTreeMap<String, String>> {
    let client = JsonClient::new(&args.endpoint.url()?);
    let mut urls = BTreeMap::new();
    for name in scenarios.queues() {
        for queue in [name.clone(), format!("{name}.fifo")] {
            let url = queue_url(&client, &queue).await?;
            urls.extend(url.map(|url| (name.clone(), url)));
        }
        if !urls.contains_key(&name) {
            bail!("there is no queue {name}: `sandbox apply` makes the queues of a function");
        }
    }
    Ok(urls)
}

/// Cancelled by the first SIGINT or SIGTERM: what is under way is still waited for.
fn stopped_by_signals() -> Result<CancellationToken> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let stop = CancellationToken::new();
    let cancel = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        cancel.cancel();
    });
    Ok(stop)
}

/// Says at once what thousands of failed invocations would say.
async fn must_exist(client: &Client, args: &TrafficArgs) -> Result<()> {
    let (function, qualifier) = (&args.function, &args.qualifier);
    let found = client
        .get_function_configuration()
        .function_name(function)
        .qualifier(qualifier);
    let missing = GetFunctionConfigurationError::is_resource_not_found_exception;
    let found = if_there(found.send().await, missing);
    let found = found.with_context(|| format!("cannot ask the sandbox about {function}"))?;
    found.map(drop).with_context(|| {
        format!(
            "there is no {function}:{qualifier}: `sandbox apply` creates functions, `rollout publish` versions and aliases"
        )
    })
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
