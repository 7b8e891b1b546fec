//! `sandbox watch`: every save of a function's code becomes its `$LATEST`.

use std::{
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use package::{FunctionManifest, settings::Function};

use super::terminal;
use crate::{
    LIVE,
    client::{
        apply,
        endpoint::{Clients, EndpointArgs},
        lambda,
        settings::Variables,
        watch::{self, Snapshot, Watched},
    },
    execution::emulation::HOST,
};

/// How often files are looked at; and for how long they must not change before a build begins, since an editor may write
/// several.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// For `--help`.
const HELP: &str = "\
Builds for this machine alone, in the dev profile of cargo, whenever a file in functions/<FUNCTION> or shared changes. \
A function that is not in the sandbox is made, as by `sandbox apply`. Where it has no alias live, live is made to follow \
$LATEST, so that its HTTP API and its queue reach the new code; a live that is there stays where it is. \
`sandbox invoke` goes to $LATEST while this runs.

What does not compile changes nothing. Ends on Ctrl-C.";

/// Arguments of `sandbox watch`.
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub struct WatchArgs {
    /// Name of the function
    function: String,
    #[command(flatten)]
    variables: Variables,
    #[command(flatten)]
    endpoint: EndpointArgs,
}

/// Runs the subcommand, until SIGINT or SIGTERM.
///
/// # Errors
/// When there is no such function, somebody watches it already, or no sandbox runs.
pub async fn run(args: WatchArgs) -> Result<ExitCode> {
    let stop = terminal::stop_signal()?;
    let folders = Function::find(&args.function)?.code_folders();
    let sandbox = &args.endpoint.folder;
    let clients = Clients::new(&args.endpoint.sdk_config()?)?;
    let marked = Watched::mark(sandbox, &args.function)
        .with_context(|| format!("cannot write to {}", sandbox.display()))?;
    let Some(_watched) = marked else {
        bail!("{} is watched already", args.function);
    };
    terminal::line(format_args!(
        "watching {}; a first build takes its time",
        args.function
    ));
    let mut watch = Watch {
        dist: watch::dist(sandbox),
        args,
        clients,
        current: None,
        said: Vec::new(),
    };
    tokio::select! {
        () = watch.follow(&folders) => {}
        () = stop => {}
    }
    Ok(ExitCode::SUCCESS)
}

struct Watch {
    args: WatchArgs,
    clients: Clients,
    dist: PathBuf,
    /// What `$LATEST` is of.
    current: Option<FunctionManifest>,
    /// What the last apply said.
    said: Vec<String>,
}

impl Watch {
    /// Builds now and after every change. What goes wrong is said, and the next change is waited for.
    async fn follow(&mut self, folders: &[PathBuf]) {
        loop {
            // Before the build: what changes meanwhile is built again.
            let before = Snapshot::of(folders);
            if let Err(error) = self.update().await {
                terminal::error_line(format_args!("error: {error:#}"));
            }
            changed(folders, &before).await;
        }
    }

    /// Builds, and updates `$LATEST` where something differs.
    async fn update(&mut self) -> Result<()> {
        let (begun, function) = (Instant::now(), self.args.function.clone());
        let Some(manifest) = watch::build(&function, &self.dist).await? else {
            terminal::error_line(format_args!(
                "{function} does not compile, and stays as it is"
            ));
            return Ok(());
        };
        if self.current.as_ref() == Some(&manifest) {
            return Ok(());
        }
        self.apply(&manifest).await?;
        let lambda = &self.clients.lambda;
        apply::put_build(lambda, &self.dist, &manifest, HOST, false).await?;
        terminal::line(format_args!(
            "{function}: $LATEST updated in {:.1} s",
            begun.elapsed().as_secs_f64()
        ));
        self.current = Some(manifest);
        Ok(())
    }

    /// The function and what it uses, with a `live`.
    async fn apply(&mut self, manifest: &FunctionManifest) -> Result<()> {
        let (lambda, function) = (&self.clients.lambda, &self.args.function);
        let apply = || apply::apply(&self.clients, &self.dist, manifest, &self.args.variables);
        let mut said = apply().await?;
        if !lambda::has_alias(lambda, function, LIVE).await? {
            lambda::make_live_follow_latest(lambda, function).await?;
            // Again: a trigger needs `live`.
            let is_of_trigger = |line: &String| line.starts_with("trigger of ");
            said.retain(|line| !is_of_trigger(line));
            said.extend(apply().await?.into_iter().filter(is_of_trigger));
            said.push(format!("{function}:{LIVE} follows $LATEST"));
        } else if self.current.is_none() && !lambda::live_follows_latest(lambda, function).await? {
            said.push(format!(
                "{function}:{LIVE} serves what was published: its HTTP API or queue goes there, and `sandbox invoke` to $LATEST"
            ));
        }
        let is_news = |line: &&String| !line.ends_with("unchanged") && !self.said.contains(line);
        said.iter().filter(is_news).for_each(terminal::line);
        self.said = said;
        Ok(())
    }
}

/// Is over when files have changed and then not for a while.
async fn changed(folders: &[PathBuf], before: &Snapshot) {
    let mut last = Snapshot::of(folders);
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let now = Snapshot::of(folders);
        if now != *before && now == last {
            return;
        }
        last = now;
    }
}
