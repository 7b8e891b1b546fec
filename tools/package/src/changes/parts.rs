//! What a function is made of, asked of cargo.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    path::PathBuf,
};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Node, PackageId};

use super::ChangesError;
use crate::settings::functions_of;

/// A package in `Cargo.lock`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl From<&cargo_lock::Package> for Package {
    fn from(package: &cargo_lock::Package) -> Self {
        Self {
            name: package.name.to_string(),
            version: package.version.to_string(),
        }
    }
}

impl From<&cargo_metadata::Package> for Package {
    fn from(package: &cargo_metadata::Package) -> Self {
        Self {
            name: package.name.to_string(),
            version: package.version.to_string(),
        }
    }
}

/// What a function is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// The function.
    pub name: String,
    /// The folders of the workspace's crates that it is built from, from the workspace's root.
    pub folders: BTreeSet<PathBuf>,
    /// All packages that it is built from, on any platform, with their build scripts'.
    pub packages: BTreeSet<Package>,
}

impl Parts {
    /// Those of all functions of the workspace that the current folder belongs to, by name.
    ///
    /// # Errors
    /// When `cargo metadata` fails, or a package in `functions/` is no function and no library.
    pub fn of_all_functions() -> Result<Vec<Self>, ChangesError> {
        let locked = vec!["--locked".to_owned()];
        let metadata = MetadataCommand::new().other_options(locked).exec()?;
        let functions = functions_of(&metadata)?;
        Ok(functions
            .iter()
            .map(|function| Self::of(&metadata, function))
            .collect())
    }

    fn of(metadata: &Metadata, function: &cargo_metadata::Package) -> Self {
        let built_from = built_from(metadata, &function.id);
        let packages = metadata
            .packages
            .iter()
            .filter(|package| built_from.contains(&package.id));
        let folders = packages.clone().filter_map(|package| {
            let folder = package.manifest_path.parent()?;
            let folder = folder.strip_prefix(&metadata.workspace_root).ok()?;
            Some(folder.into())
        });
        Self {
            name: function.name.to_string(),
            folders: folders.collect(),
            packages: packages.map(Package::from).collect(),
        }
    }
}

/// A package and everything that it is built from: what only tests use is not part of it.
fn built_from<'a>(metadata: &'a Metadata, root: &'a PackageId) -> HashSet<&'a PackageId> {
    let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
    let nodes: HashMap<&PackageId, &Node> = nodes.map(|node| (&node.id, node)).collect();
    let mut found = HashSet::from([root]);
    let mut todo = vec![root];
    while let Some(id) = todo.pop() {
        let dependencies = nodes.get(id).into_iter().flat_map(|node| &node.deps);
        for dependency in dependencies {
            let is_built =
                |kind: &cargo_metadata::DepKindInfo| kind.kind != DependencyKind::Development;
            if dependency.dep_kinds.iter().any(is_built) && found.insert(&dependency.pkg) {
                todo.push(&dependency.pkg);
            }
        }
    }
    found
}
