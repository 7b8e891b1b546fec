//! The sample events of a function, sent to a build of it.

use std::path::Path;

use anyhow::{Context as _, Result};
use aws_sdk_lambda::{Client, primitives::Blob};
use package::{
    Architecture, FunctionManifest,
    replay::{Answer, SampleEvent},
};

use super::{apply, endpoint::Clients};

/// What is not published yet, and what no alias of ours points at.
const LATEST: &str = "$LATEST";

/// What a version answers to each event; the qualifier is an alias, a version or `$LATEST`.
///
/// # Errors
/// When the sandbox cannot be reached or refuses. A function's own error is an answer.
pub async fn answers(
    lambda: &Client,
    function: &str,
    qualifier: &str,
    events: &[SampleEvent],
) -> Result<Vec<Answer>> {
    let mut answers = Vec::new();
    for event in events {
        let invoke = lambda.invoke().function_name(function).qualifier(qualifier);
        let output = invoke.payload(Blob::new(event.payload.clone())).send();
        let output = output
            .await
            .with_context(|| format!("cannot invoke {function}:{qualifier} with {}", event.name))?;
        let payload = output.payload().map_or(&[][..], AsRef::as_ref);
        answers.push(Answer::new(payload, output.function_error().is_some()));
    }
    Ok(answers)
}

/// What a build answers that is not published: puts it into `$LATEST` and invokes that.
///
/// # Errors
/// As [`answers`], and when there is no zip of this architecture.
pub async fn answers_unpublished(
    clients: &Clients,
    dist: &Path,
    manifest: &FunctionManifest,
    architecture: Architecture,
    events: &[SampleEvent],
) -> Result<Vec<Answer>> {
    let (lambda, name) = (&clients.lambda, &manifest.name);
    apply::put_build(lambda, dist, manifest, architecture, false).await?;
    answers(lambda, name, LATEST, events).await
}
