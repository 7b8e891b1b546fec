//! The sample events of a function, sent to a build of it.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, Result};
use aws_sdk_lambda::{Client, client::Waiters as _, primitives::Blob, types};
use package::{
    Architecture, FunctionManifest,
    replay::{Answer, SampleEvent},
};

use super::apply::{self, Clients};

/// What is not published yet, and what no alias of ours points at.
const LATEST: &str = "$LATEST";

/// How long an update of the code may take.
const READY_WITHIN: Duration = Duration::from_secs(60);

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
    let update = lambda.update_function_code().function_name(name);
    let updated = update
        .architectures(types::Architecture::from(architecture.as_str()))
        .zip_file(apply::code(dist, manifest, architecture).await?)
        .send()
        .await;
    updated.with_context(|| format!("cannot update {name} to its {architecture} build"))?;
    let updated = lambda.wait_until_function_updated_v2().function_name(name);
    let updated = updated.wait(READY_WITHIN).await;
    updated.with_context(|| format!("the update of {name} does not come to an end"))?;
    answers(lambda, name, LATEST, events).await
}
