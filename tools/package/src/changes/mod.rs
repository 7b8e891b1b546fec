//! Which functions a push has changed: what `deploy.yml` deploys.
//!
//! ```text
//! mod.rs      the rule (no I/O)
//! history.rs  what differs between two commits, asked of git
//! parts.rs    what a function is made of, asked of cargo
//! ```
//!
//! A function has changed when a file of its own, a crate that it is built from, or a package that
//! `Cargo.lock` gives it has changed; and all of them have when what builds or deploys every
//! function has. Deploying one function too many costs minutes and changes nothing, since builds are
//! reproducible and `rollout publish` publishes nothing that is there already; so every doubt is
//! settled that way.

mod history;
mod parts;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

pub use history::{Changes, HistoryError};
pub use parts::{Package, Parts};

use crate::settings::SettingsError;

/// What builds or deploys every function, from the workspace's root. A folder ends with `/`.
const EVERY_FUNCTION: [&str; 8] = [
    ".cargo/",
    "Cargo.toml",
    "infra/function/",
    "rust-toolchain.toml",
    "scripts/build.sh",
    "scripts/common.sh",
    "scripts/requirements.txt",
    "tools/package/",
];

/// Folders of a crate that are in no artifact and no deploy.
const NOT_DEPLOYED: [&str; 4] = ["benches", "examples", "tests", "traffic"];

/// Why it cannot be said what has changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangesError {
    /// The workspace cannot be read.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// `cargo metadata` failed.
    #[error("cannot read the workspace's dependencies")]
    Workspace(#[from] cargo_metadata::Error),
}

/// The functions that changed, by name.
#[must_use]
pub fn changed_functions(functions: &[Parts], changes: &Changes) -> Vec<String> {
    functions
        .iter()
        .filter(|function| has_changed(function, changes))
        .map(|function| function.name.clone())
        .collect()
}

fn has_changed(function: &Parts, changes: &Changes) -> bool {
    let built_from = |path: &PathBuf| concerns_all(path) || concerns(function, path);
    changes.paths.iter().any(built_from)
        || changes
            .packages
            .iter()
            .any(|changed| function.packages.contains(changed))
}

fn concerns_all(path: &Path) -> bool {
    EVERY_FUNCTION
        .iter()
        .any(|place| match place.strip_suffix('/') {
            Some(folder) => path.starts_with(folder),
            None => path == Path::new(place),
        })
}

/// Whether a path lies in a crate that the function is built from, in a part of it that counts.
fn concerns(function: &Parts, path: &Path) -> bool {
    let inside = |folder: &PathBuf| path.strip_prefix(folder).ok();
    let is_note = path.extension().is_some_and(|extension| extension == "md");
    let mut inside = function.folders.iter().filter_map(inside);
    !is_note && inside.any(|rest| !NOT_DEPLOYED.iter().any(|folder| rest.starts_with(folder)))
}

/// The packages that stand in one lock file and not in the other: added, removed, or of another version.
fn differing(before: BTreeSet<Package>, after: BTreeSet<Package>) -> BTreeSet<Package> {
    &before ^ &after
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn package(name: &str, version: &str) -> Package {
        Package {
            name: name.to_owned(),
            version: version.to_owned(),
        }
    }

    fn functions() -> Vec<Parts> {
        let parts = |name: &str, folders: &[&str], packages: &[Package]| Parts {
            name: name.to_owned(),
            folders: folders.iter().map(PathBuf::from).collect(),
            packages: packages.iter().cloned().collect(),
        };
        vec![
            parts(
                "api",
                &["functions/api", "shared"],
                &[package("axum", "0.8.9")],
            ),
            parts("plain", &["functions/plain"], &[]),
        ]
    }

    fn after(paths: &[&str], packages: &[Package]) -> Vec<String> {
        let changes = Changes {
            paths: paths.iter().map(PathBuf::from).collect(),
            packages: packages.iter().cloned().collect(),
        };
        changed_functions(&functions(), &changes)
    }

    #[test]
    fn a_change_in_shared_deploys_the_functions_that_depend_on_it() {
        assert_eq!(after(&["shared/src/document/mod.rs"], &[]), ["api"]);
    }

    #[test]
    fn a_change_in_a_function_deploys_that_function() {
        assert_eq!(after(&["functions/plain/src/main.rs"], &[]), ["plain"]);
        assert_eq!(after(&["functions/plain/events/one.json"], &[]), ["plain"]);
        assert_eq!(after(&["functions/plain/Cargo.toml"], &[]), ["plain"]);
    }

    #[test]
    fn documents_tests_and_other_tools_deploy_none() {
        for path in [
            "README.md",
            "functions/api/README.md",
            "shared/tests/document.rs",
            "functions/api/traffic/one.json",
            "tools/rollout/src/main.rs",
            "functions/api-of-another-name/src/main.rs",
            "scripts/test.sh",
            "infra/platform/main.tf",
        ] {
            assert!(after(&[path], &[]).is_empty(), "{path}");
        }
    }

    #[test]
    fn what_builds_or_deploys_every_function_deploys_all() {
        for path in [
            "Cargo.toml",
            "rust-toolchain.toml",
            "scripts/build.sh",
            "tools/package/src/archive.rs",
            "infra/function/alias.tf",
        ] {
            assert_eq!(after(&[path], &[]), ["api", "plain"], "{path}");
        }
    }

    #[test]
    fn a_new_version_of_a_dependency_deploys_the_functions_that_are_built_from_it() {
        let lock = |axum: &str| BTreeSet::from([package("axum", axum), package("clap", "4.5.0")]);
        let packages: Vec<_> = differing(lock("0.8.8"), lock("0.8.9"))
            .into_iter()
            .collect();
        assert_eq!(after(&["Cargo.lock"], &packages), ["api"]);
        assert!(after(&["Cargo.lock"], &[package("clap", "4.6.0")]).is_empty());
    }

    proptest! {
        #[test]
        fn more_changes_never_deploy_less(
            some in proptest::collection::vec("(functions/(api|plain)|shared|tools|docs)/[a-c]", 0..4),
            more in proptest::collection::vec("(functions/(api|plain)|shared|tools|docs)/[a-c]", 0..4),
        ) {
            let few: Vec<&str> = some.iter().map(String::as_str).collect();
            let all: Vec<&str> = some.iter().chain(&more).map(String::as_str).collect();
            let [few, all] = [few, all].map(|paths| after(&paths, &[]));
            prop_assert!(few.iter().all(|function| all.contains(function)));
        }
    }
}
