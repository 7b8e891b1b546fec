//! `rollout run --all`: one rollout for every function that is built, side by side in one process.
//!
//! They share the clients, so that one call asks `CloudWatch` for the metrics of many, and calls of
//! Lambda's control plane take turns (`pace.rs`). What one of them meets is no concern of the others;
//! an interrupt concerns all.

use std::{fmt, fs, io, path::Path, sync::Arc};

use anyhow::{Context as _, bail, ensure};
use futures::future::join_all;
use package::manifest::MANIFEST_FILE;
use serde::Serialize;
use tokio::sync::broadcast::{self, Sender};

use super::{Goal, RunArgs, journey::Journey, outcome};
use crate::{
    aws::Clients,
    context::Context,
    controller::{Wish, Wishes, event::Ending},
    outcome::Outcome,
    output::{self, Output},
    view,
};

/// Wishes that a rollout may be behind: people have few.
const WISHES: usize = 16;

/// How it has ended for one function.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum End {
    /// Its path was printed.
    Previewed,
    /// Its rollout has ended.
    Ended(Ending),
    /// It could not run.
    Failed { error: String },
}

/// The last line for one function.
#[derive(Debug, Serialize)]
struct Closing<'a> {
    event: &'static str,
    function: &'a str,
    #[serde(flatten)]
    end: &'a End,
}

/// Runs them all; the worst outcome.
///
/// # Errors
/// When there is no function, or a version's number was asked for, which means one function.
pub(super) async fn run(args: RunArgs, context: &Context) -> anyhow::Result<Outcome> {
    ensure!(
        !matches!(args.to, Some(Goal::Version(_))),
        "--to with a version's number means one function: with --all it takes arm64 or x86_64"
    );
    let functions = built(&context.dist)?;
    let mut wishes = Wishes::listen(&context.output)?;
    let (relay, _) = broadcast::channel(WISHES);
    let all = watch_all(args, &functions, context, &relay);
    tokio::pin!(all);
    let ends = loop {
        tokio::select! {
            ends = &mut all => break ends,
            wish = wishes.next() => pass_on(wish, &relay, &context.output),
        }
    };
    close(&functions, &ends, &context.output)?;
    Ok(worst(&ends))
}

/// The functions in the dist folder, by name.
fn built(dist: &Path) -> anyhow::Result<Vec<String>> {
    let listed = || -> io::Result<Vec<String>> {
        let mut functions = Vec::new();
        for entry in fs::read_dir(dist)? {
            let entry = entry?;
            if entry.path().join(MANIFEST_FILE).is_file() {
                functions.extend(entry.file_name().into_string().ok());
            }
        }
        functions.sort();
        Ok(functions)
    };
    let functions = listed().with_context(|| format!("cannot read {}", dist.display()))?;
    ensure!(
        !functions.is_empty(),
        "{} has no function: build one first (scripts/build.sh)",
        dist.display()
    );
    Ok(functions)
}

/// One task for each of them: to judge takes a while, and nobody waits for another's verdict.
async fn watch_all(
    args: RunArgs,
    functions: &[String],
    context: &Context,
    relay: &Sender<Wish>,
) -> Vec<End> {
    let args = Arc::new(args);
    let clients: Clients = context.clients.shared();
    let rollouts = functions.iter().map(|function| {
        let own = context.of(function, &clients);
        let wishes = Wishes::relayed(relay.subscribe());
        tokio::spawn(one(Arc::clone(&args), function.clone(), own, wishes))
    });
    let ends = join_all(rollouts).await.into_iter();
    ends.map(|end| end.unwrap_or_else(|panic| End::failed(&panic)))
        .collect()
}

async fn one(args: Arc<RunArgs>, function: String, context: Context, wishes: Wishes) -> End {
    let ended = journey(&args, &function, context, wishes).await;
    ended.unwrap_or_else(|error| {
        let failed = End::failed(&format!("{error:#}"));
        output::error(&error.context(function));
        failed
    })
}

async fn journey(
    args: &RunArgs,
    function: &str,
    context: Context,
    mut wishes: Wishes,
) -> anyhow::Result<End> {
    let journey = tokio::select! {
        journey = Journey::prepare(args, function, context) => journey?,
        _ = wishes.next() => bail!(
            "interrupted before it began: live is as it was, with what an earlier run has left \
             (rollout status {function}, rollout abort {function})"
        ),
    };
    if args.dry_run {
        journey.preview()?;
        return Ok(End::Previewed);
    }
    Ok(End::Ended(journey.make(&mut wishes).await?))
}

/// Asks once for all of them, and tells them what was answered.
fn pass_on(wish: Wish, relay: &Sender<Wish>, output: &Output) {
    match wish {
        Wish::TakeBack | Wish::Leave => {
            // Where nobody listens any more, all have ended.
            let _ = relay.send(wish);
        }
        Wish::Ask | Wish::GoOn => {
            if let Some(text) = view::wished(wish) {
                // A reader that goes away does not end a rollout.
                let _ = output.line(text);
            }
        }
    }
}

fn close(functions: &[String], ends: &[End], output: &Output) -> io::Result<()> {
    let ended = functions.iter().zip(ends);
    for (function, end) in ended.filter(|(_, end)| !matches!(end, End::Previewed)) {
        output.line(format!("{function}: {end}"))?;
        output.json(&Closing {
            event: "closing",
            function,
            end,
        })?;
    }
    Ok(())
}

/// To run a part of them is not to have done it: what could not run outweighs what was taken back.
fn worst(ends: &[End]) -> Outcome {
    let outcomes = ends.iter().map(End::outcome);
    outcomes.max().unwrap_or(Outcome::Done)
}

impl End {
    fn failed(why: &impl ToString) -> Self {
        Self::Failed {
            error: why.to_string(),
        }
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::Previewed => Outcome::Done,
            Self::Ended(ending) => outcome(*ending),
            Self::Failed { .. } => Outcome::CouldNotRun,
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Previewed => f.write_str("previewed"),
            Self::Ended(ending) => ending.fmt(f),
            Self::Failed { error } => write!(f, "could not run: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controller::event::Cause;

    #[test]
    fn to_be_unable_to_run_is_worse_than_to_be_taken_back_and_that_than_to_be_promoted() {
        let promoted = || End::Ended(Ending::Promoted);
        let taken_back = || End::Ended(Ending::TakenBack(Cause::Worse));
        let failed = End::failed(&"no alias live");
        assert_eq!(worst(&[promoted(), promoted()]), Outcome::Done);
        assert_eq!(worst(&[promoted(), taken_back()]), Outcome::Held);
        assert_eq!(
            worst(&[failed, taken_back(), promoted()]),
            Outcome::CouldNotRun
        );
    }

    #[test]
    fn a_function_is_a_folder_with_a_manifest() {
        let dist = tempfile::tempdir().expect("a folder");
        assert!(built(dist.path()).is_err());
        for (folder, file) in [
            ("second", MANIFEST_FILE),
            ("first", MANIFEST_FILE),
            ("other", "x"),
        ] {
            fs::create_dir(dist.path().join(folder)).expect("a folder");
            fs::write(dist.path().join(folder).join(file), "").expect("is written");
        }
        assert_eq!(built(dist.path()).expect("two"), ["first", "second"]);
    }

    #[test]
    fn the_last_line_says_how_it_has_ended() {
        let closing = |end: &End| {
            let closing = Closing {
                event: "closing",
                function: "hasher",
                end,
            };
            serde_json::to_value(closing).expect("JSON")
        };
        let ended = closing(&End::Ended(Ending::TakenBack(Cause::Worse)));
        assert_eq!(
            ended,
            serde_json::json!({"event": "closing", "function": "hasher", "ending": "taken_back", "cause": "worse"})
        );
        let failed = closing(&End::failed(&"no alias live"));
        assert_eq!(failed["error"], "no alias live");
    }
}
