//! What is measured: a function's build for this machine, or a bare program.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use package::{
    Architecture, FunctionManifest,
    archive::zip_bootstrap,
    replay::{SampleEvent, read_events},
};

/// A program that speaks the Runtime API.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    /// What the table calls it.
    pub(crate) name: String,
    /// The program.
    pub(crate) program: PathBuf,
    /// Size of its zip in bytes.
    pub(crate) zip_bytes: u64,
    /// Variables besides those that Lambda sets for every function.
    pub(crate) variables: BTreeMap<String, String>,
    /// Memory setting in MiB.
    pub(crate) memory_mib: u32,
    /// The commit that it was built from; none of a bare program.
    pub(crate) commit: Option<String>,
    /// Sample events by name; one that says nothing for a bare program.
    pub(crate) events: Vec<(String, Bytes)>,
}

/// The build that runs on this machine without an emulator.
pub(crate) const NATIVE: Architecture = if cfg!(target_arch = "aarch64") {
    Architecture::Arm64
} else {
    Architecture::X86_64
};

/// Parses `NAME=PATH`.
pub(crate) fn bare(text: &str) -> Result<Subject, String> {
    let (name, program) = text
        .split_once('=')
        .ok_or("must be NAME=PATH, like hello=target/release/hello")?;
    let program = PathBuf::from(program);
    let bytes = fs::read(&program)
        .map_err(|error| format!("cannot read {}: {error}", program.display()))?;
    let zip = zip_bootstrap(&bytes).map_err(|error| error.to_string())?;
    Ok(Subject {
        name: name.to_owned(),
        program,
        zip_bytes: zip.len() as u64,
        variables: BTreeMap::new(),
        memory_mib: 128,
        commit: None,
        events: vec![("null".to_owned(), Bytes::from_static(b"null"))],
    })
}

/// This machine's build of a function, unpacked from its zip.
pub(crate) fn function(
    dist: &Path,
    name: &str,
    endpoint_url: &str,
    unpacked: &Path,
) -> Result<Subject> {
    let manifest = FunctionManifest::read(dist, name)?;
    let artifact = manifest.artifacts.get(&NATIVE);
    let artifact = artifact.with_context(|| format!("{name} has no artifact for {NATIVE}"))?;
    Ok(Subject {
        name: name.to_owned(),
        program: unpack(&dist.join(name).join(&artifact.zip), &unpacked.join(name))?,
        zip_bytes: artifact.zip_bytes,
        variables: variables(&manifest, endpoint_url),
        memory_mib: manifest.memory_mib,
        commit: Some(artifact.commit.clone()),
        events: events(&dist.join(name).join("events"))?,
    })
}

/// The same that a deploy sets.
fn variables(manifest: &FunctionManifest, endpoint_url: &str) -> BTreeMap<String, String> {
    let mut variables = manifest.environment.clone();
    for table in &manifest.tables {
        variables.insert(table.variable.clone(), table.name.clone());
    }
    for queue in manifest.queues.iter().filter(|queue| queue.is_sent_to()) {
        let url = format!("{endpoint_url}/000000000000/{}", queue.queue_name);
        variables.insert(queue.variable.clone(), url);
    }
    for (name, value) in [
        ("AWS_ENDPOINT_URL", endpoint_url),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "bench"),
        ("AWS_SECRET_ACCESS_KEY", "bench"),
    ] {
        variables.insert(name.to_owned(), value.to_owned());
    }
    variables
}

fn unpack(zip: &Path, folder: &Path) -> Result<PathBuf> {
    let file = fs::File::open(zip).with_context(|| format!("cannot open {}", zip.display()))?;
    let mut archive = zip::ZipArchive::new(file)?;
    archive
        .extract(folder)
        .with_context(|| format!("cannot unpack {}", zip.display()))?;
    let bootstrap = folder.join("bootstrap");
    fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o755))?;
    Ok(bootstrap)
}

fn events(folder: &Path) -> Result<Vec<(String, Bytes)>> {
    let events = read_events(folder)?.into_iter();
    let named = |event: SampleEvent| {
        let name = event.name.trim_end_matches(".json").to_owned();
        (name, Bytes::from(event.payload))
    };
    Ok(events.map(named).collect())
}
