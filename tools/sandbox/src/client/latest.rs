//! What a build answers that is not published: from `$LATEST`, which no alias of ours points at.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, Result};
use aws_sdk_lambda::{client::Waiters as _, primitives::Blob, types};
use package::{
    Architecture, FunctionManifest,
    replay::{Answer, SampleEvent},
};

use super::apply::{self, Clients};

/// How long an update of the code may take.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// Puts the build of one architecture into `$LATEST`, and gives its answer to each event.
///
/// # Errors
/// When the build lacks the zip, or the sandbox cannot be reached or refuses.
pub async fn answers(
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

    let mut answers = Vec::new();
    for event in events {
        let invoke = lambda.invoke().function_name(name);
        let output = invoke.payload(Blob::new(event.payload.clone())).send();
        let output = output.await.with_context(|| {
            format!(
                "cannot invoke the {architecture} build of {name} with {}",
                event.name
            )
        })?;
        let payload = output.payload().map_or(&[][..], AsRef::as_ref);
        answers.push(Answer::new(payload, output.function_error().is_some()));
    }
    Ok(answers)
}
