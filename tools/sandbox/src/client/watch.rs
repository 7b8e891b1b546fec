//! A function in the making: its files, its build for this machine, and who works on it.

use std::{
    collections::BTreeMap,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    process::Stdio,
    time::SystemTime,
};

use anyhow::{Context as _, Result};
use package::{
    Artifact, FunctionManifest,
    archive::{code_sha256, zip_bootstrap_at},
    settings::Function,
};
use serde::Deserialize;
use tokio::process::Command;

use crate::execution::emulation::HOST;

/// Speed of the zip counts, and not its size.
const COMPRESSION_LEVEL: i64 = 1;

/// The files of some folders, with what tells that one has changed. Asking for it again and again sees changes where the
/// system does not tell of them, as in a container whose files are another system's.
#[derive(Debug, PartialEq, Eq)]
pub struct Snapshot(BTreeMap<PathBuf, (SystemTime, u64)>);

impl Snapshot {
    /// How they are now. What is hidden, and what cargo makes, does not count.
    #[must_use]
    pub fn of(folders: &[PathBuf]) -> Self {
        let mut files = BTreeMap::new();
        let mut left = folders.to_vec();
        while let Some(folder) = left.pop() {
            // What goes away meanwhile is gone with the next look, too.
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            for entry in entries {
                let name = entry.file_name();
                if name.as_encoded_bytes().starts_with(b".") || name == "target" {
                    continue;
                }
                match entry.metadata() {
                    Ok(found) if found.is_dir() => left.push(entry.path()),
                    Ok(found) => {
                        let modified = found.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                        files.insert(entry.path(), (modified, found.len()));
                    }
                    Err(_) => {}
                }
            }
        }
        Self(files)
    }
}

/// The part of a line of cargo's `--message-format json` that names a program.
#[derive(Deserialize)]
struct Message {
    target: Option<Target>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Builds a function for this machine in the dev profile, and writes its zip to `dist`, where `apply` finds it. None when
/// it does not compile: cargo has said why.
///
/// # Errors
/// When there is no such function or its settings are wrong, cargo cannot be run, or the zip cannot be written.
pub async fn build(function: &str, dist: &Path) -> Result<Option<FunctionManifest>> {
    let mut manifest = Function::find(function)?.manifest(BTreeMap::new())?;
    let cargo = Command::new("cargo")
        .args(["build", "--quiet", "--package", function, "--bin", function])
        .args(["--message-format", "json-render-diagnostics"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("cannot run cargo")?;
    let built = cargo.wait_with_output().await.context("cannot run cargo")?;
    if !built.status.success() {
        return Ok(None);
    }
    let executable = executable(&built.stdout, function)
        .with_context(|| format!("cargo does not say where the program {function} is"))?;
    let bootstrap =
        fs::read(&executable).with_context(|| format!("cannot read {}", executable.display()))?;
    let zip = zip_bootstrap_at(COMPRESSION_LEVEL, &bootstrap)?;
    let artifact = Artifact {
        zip: format!("{HOST}.zip"),
        code_sha256: code_sha256(&zip),
        zip_bytes: zip.len() as u64,
        bootstrap_bytes: bootstrap.len() as u64,
        commit: "unknown".to_owned(),
    };
    let folder = dist.join(function);
    let write = || {
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(&artifact.zip), &zip)
    };
    write().with_context(|| format!("cannot write to {}", folder.display()))?;
    manifest.artifacts.insert(HOST, artifact);
    Ok(Some(manifest))
}

/// The program that cargo has built, or found up to date.
fn executable(messages: &[u8], function: &str) -> Option<PathBuf> {
    let lines = messages.split(|byte| *byte == b'\n');
    let mut programs = lines.filter_map(|line| {
        let message: Message = serde_json::from_slice(line).ok()?;
        (message.target?.name == function).then_some(message.executable)?
    });
    programs.next()
}

/// Held while a function is watched: released when the process that has it ends, however it ends.
#[derive(Debug)]
pub struct Watched(#[expect(dead_code, reason = "held")] File);

impl Watched {
    /// Marks a function as watched; none when it is already.
    ///
    /// # Errors
    /// When the folder of the sandbox cannot be written to.
    pub fn mark(sandbox: &Path, function: &str) -> io::Result<Option<Self>> {
        let path = lock_path(sandbox, function);
        fs::create_dir_all(path.parent().unwrap_or(sandbox))?;
        let file = File::create(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// Whether somebody watches a function.
#[must_use]
pub fn is_watched(sandbox: &Path, function: &str) -> bool {
    let file = File::open(lock_path(sandbox, function));
    file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Where `build` writes for a sandbox.
#[must_use]
pub fn dist(sandbox: &Path) -> PathBuf {
    sandbox.join("watch")
}

fn lock_path(sandbox: &Path, function: &str) -> PathBuf {
    dist(sandbox).join(format!("{function}.lock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_watched_once_and_until_the_watch_ends() {
        let sandbox = tempfile::tempdir().unwrap();
        let mark = || Watched::mark(sandbox.path(), "f").unwrap();
        assert!(!is_watched(sandbox.path(), "f"));
        let watched = mark().unwrap();
        assert!(is_watched(sandbox.path(), "f") && mark().is_none());
        drop(watched);
        assert!(!is_watched(sandbox.path(), "f") && mark().is_some());
    }

    #[test]
    fn any_change_of_a_file_is_seen_but_not_what_cargo_and_editors_make() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let snapshot = || Snapshot::of(&[folder.path().to_owned()]);
        fs::create_dir_all(path("src/deep")).unwrap();
        fs::create_dir_all(path("target")).unwrap();
        let mut before = snapshot();
        for name in ["src/main.rs", "src/deep/new.rs", "Cargo.toml"] {
            fs::write(path(name), "x").unwrap();
            assert_ne!(snapshot(), before, "{name}");
            before = snapshot();
        }
        fs::write(path("target/x"), "x").unwrap();
        fs::write(path("src/.main.rs.swp"), "x").unwrap();
        assert_eq!(snapshot(), before);
        fs::write(path("src/main.rs"), "longer").unwrap();
        assert_ne!(snapshot(), before);
        before = snapshot();
        fs::remove_file(path("src/main.rs")).unwrap();
        assert_ne!(snapshot(), before);
    }
}
