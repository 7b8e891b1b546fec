//! What needs the sandbox: functions through their real bootstraps, and the document store through
//! DynamoDB's wire protocol. A folder in `tests/` is about the function of that name, and takes
//! `dist/<function>` as `scripts/build.sh` made it.
//!
//! What a function's handler can be asked alone is tested beside it, and its sample events with their
//! expected answers are run by `sandbox test`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use package::Architecture;
use serde_json::Value;
use tempfile::TempDir;

/// The folder that has `functions/`, `tools/` and `dist/`.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files of a function's folder, by name, with what is in them.
///
/// # Panics
/// When there are none.
#[must_use]
pub fn files(function: &str, folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = root().join("functions").join(function).join(folder);
    let files = fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = files
        .filter_map(|file| {
            let name = file.file_name().into_string().ok()?;
            Some((name, fs::read(file.path()).ok()?))
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files
}

/// [`files`] that are JSON; others are left out.
#[must_use]
pub fn events(function: &str, folder: &str) -> Vec<(String, Value)> {
    files(function, folder)
        .into_iter()
        .filter_map(|(name, text)| Some((name, serde_json::from_slice(&text).ok()?)))
        .collect()
}

/// A folder like `dist/` that has the build of `function` and its sample events under another name or with other
/// settings.
///
/// # Panics
/// When `scripts/build.sh` was not run.
#[must_use]
pub fn changed_build(function: &str, name: &str, change: impl FnOnce(&mut Value)) -> TempDir {
    let built = root().join("dist").join(function);
    let copy = || -> std::io::Result<TempDir> {
        let dist = tempfile::tempdir()?;
        let folder = dist.path().join(name);
        fs::create_dir(&folder)?;
        let mut manifest: Value = serde_json::from_slice(&fs::read(built.join("function.json"))?)?;
        manifest["name"] = name.into();
        change(&mut manifest);
        fs::write(folder.join("function.json"), manifest.to_string())?;
        for build in Architecture::ALL {
            let zip = format!("{build}.zip");
            fs::copy(built.join(&zip), folder.join(&zip))?;
        }
        fs::create_dir(folder.join("events"))?;
        for event in fs::read_dir(built.join("events"))? {
            let event = event?;
            fs::copy(event.path(), folder.join("events").join(event.file_name()))?;
        }
        Ok(dist)
    };
    copy().unwrap_or_else(|error| panic!("run scripts/build.sh {function}: {error}"))
}

#[cfg(test)]
mod locks {
    use std::collections::BTreeMap;

    use cargo_lock::{Lockfile, Version};

    /// The version of every crate that cargo takes for all requirements that it fits.
    fn versions(lock: &str) -> BTreeMap<(String, u64, u64, u64), Version> {
        let lock = Lockfile::load(super::root().join(lock)).unwrap();
        let packages = lock.packages.into_iter();
        let compatible = |version: &Version| match (version.major, version.minor) {
            (0, 0) => (0, 0, version.patch),
            (0, minor) => (0, minor, 0),
            (major, _) => (major, 0, 0),
        };
        packages
            .map(|package| {
                let (major, minor, patch) = compatible(&package.version);
                let key = (package.name.to_string(), major, minor, patch);
                (key, package.version)
            })
            .collect()
    }

    #[test]
    fn a_crate_in_both_lock_files_has_one_version() {
        let (ships, helps) = (versions("Cargo.lock"), versions("tools/Cargo.lock"));
        let differ: Vec<_> = ships
            .iter()
            .filter_map(|(key, version)| {
                let other = helps.get(key).filter(|other| *other != version)?;
                Some(format!("{} {version}, and {other} in tools/", key.0))
            })
            .collect();
        assert!(
            differ.is_empty(),
            "take one of each by `cargo update --precise`: {differ:?}"
        );
    }
}
