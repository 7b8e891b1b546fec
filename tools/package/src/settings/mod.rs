//! A function's settings, from its own `Cargo.toml`: the only place where a person writes them.
//!
//! | table | what it holds |
//! | --- | --- |
//! | `[package]` | name and description |
//! | `[package.metadata.lambda.deploy]` | Lambda settings, under cargo-lambda's keys |
//! | `[package.metadata.function]` | the trigger, the tables and queues it uses with the IAM actions, its parameters and further permissions (resources.rs) |
//! | `[package.metadata.tables.*]`, `[package.metadata.queues.*]` | what these are; in that of a library beside the functions where they share them |
//! | `[package.metadata.rollout]` | [`RolloutPolicy`] |
//! | `[package.metadata.replay]` | [`ReplayPolicy`] |

use std::{collections::BTreeMap, path::PathBuf, rc::Rc};

use cargo_metadata::{Metadata, MetadataCommand, Package};
use serde::Deserialize;
use serde_json::Value;

use crate::manifest::{
    Architecture, Artifact, FunctionManifest, NAMESPACE_VARIABLE, ReplayPolicy, RolloutPolicy,
    SCHEMA_VERSION,
};

pub mod environment;
mod resources;

use resources::{Definitions, FunctionTable};

const RUNTIME: &str = "provided.al2023";
const HANDLER: &str = "bootstrap";

/// Lambda's limits on a function's memory, in MiB
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const MEMORY_MIB: std::ops::RangeInclusive<u32> = 128..=10_240;
/// Lambda's limits on a function's timeout, in seconds.
const TIMEOUT_S: std::ops::RangeInclusive<u32> = 1..=900;
/// Lambda's limits on the size of `/tmp`, in MiB.
const EPHEMERAL_STORAGE_MIB: std::ops::RangeInclusive<u32> = 512..=10_240;
/// The longest description of a function that Lambda takes, in characters
/// (<https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>).
const DESCRIPTION_CHARACTERS: usize = 256;

/// Why a function on Lambda Managed Instances is refused
/// (<https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances.html>).
const MANAGED_INSTANCES: &str = "capacity_provider_config: a function on Lambda Managed Instances cannot be built and \
     rolled out here: several invocations share an environment, which neither the functions nor the sandbox expect, and \
     nobody has confirmed that a weighted alias works there. Leave the key out";

/// Why a function's settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// `cargo metadata` failed.
    #[error("cannot read the workspace")]
    Workspace(#[from] cargo_metadata::Error),
    /// A package with programs, and none that would be the function.
    #[error(
        "{folder}/Cargo.toml: package {name} has the binaries {binaries}, and none of its own name, which is what \
         Lambda runs: call one {name}, or make the package a library"
    )]
    NoBinary {
        /// The package's folder, from the workspace's root.
        folder: String,
        /// The package.
        name: String,
        /// The binaries that it has, joined by commas.
        binaries: String,
    },
    /// No such folder under `functions/`.
    #[error("there is no function {name:?}: functions/ has {known}")]
    UnknownFunction {
        /// What was asked for.
        name: String,
        /// The functions that exist, joined by commas.
        known: String,
    },
    /// The project's own table does not fit.
    #[error("Cargo.toml: [workspace.metadata.project] {0}")]
    Project(String),
    /// Lambda would refuse the description.
    #[error(
        "{crate_name}/Cargo.toml: [package] description has {characters} characters: Lambda takes {DESCRIPTION_CHARACTERS}"
    )]
    Description {
        /// The function.
        crate_name: String,
        /// How many it has.
        characters: usize,
    },
    /// A table does not fit.
    #[error("{crate_name}/Cargo.toml: [package.metadata.{table}] {reason}")]
    Table {
        /// The crate: a function, or a library.
        crate_name: String,
        /// The table below `package.metadata`.
        table: &'static str,
        /// The key and what is wrong with it.
        reason: String,
    },
}

/// The keys of cargo-lambda's deploy table that this template reads
/// (<https://www.cargo-lambda.info/commands/deploy.html>).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Deploy {
    memory: u32,
    timeout: u32,
    /// Size of `/tmp` in MiB; cargo-lambda has no key for it.
    ephemeral_storage: u32,
    env: BTreeMap<String, String>,
    /// Lambda Managed Instances: refused, with the reason.
    capacity_provider_config: Option<Value>,
}

impl Default for Deploy {
    fn default() -> Self {
        Self {
            memory: 128,
            timeout: 30,
            ephemeral_storage: 512,
            env: BTreeMap::new(),
            capacity_provider_config: None,
        }
    }
}

/// One function of the workspace.
#[derive(Debug)]
pub struct Function {
    package: Package,
    /// The crates of the workspace that are no functions, which may define what functions share.
    libraries: Rc<[Package]>,
    /// Of the metrics of functions that name none.
    namespace: Rc<str>,
}

impl Function {
    /// All functions of the workspace that the current folder belongs to, by name.
    ///
    /// # Errors
    /// [`SettingsError::Workspace`] when `cargo metadata` fails, [`SettingsError::NoBinary`].
    pub fn all() -> Result<Vec<Self>, SettingsError> {
        Self::all_of(&MetadataCommand::new().no_deps().exec()?)
    }

    fn all_of(metadata: &Metadata) -> Result<Vec<Self>, SettingsError> {
        let all = functions_of(metadata)?;
        let packages = metadata.workspace_packages().into_iter();
        let libraries =
            packages.filter(|package| all.iter().all(|function| function.id != package.id));
        let libraries: Rc<[Package]> = libraries.cloned().collect();
        let namespace = namespace_of(metadata);
        let functions = all.into_iter().map(|package| Self {
            namespace: Rc::clone(&namespace),
            package,
            libraries: Rc::clone(&libraries),
        });
        Ok(functions.collect())
    }

    /// The function `name`, or the tool of that name that is one: the controller, which is in no list.
    ///
    /// # Errors
    /// [`SettingsError::UnknownFunction`], with those that exist.
    pub fn find(name: &str) -> Result<Self, SettingsError> {
        let metadata = MetadataCommand::new().no_deps().exec()?;
        let mut functions = Self::all_of(&metadata)?;
        let found = functions
            .iter()
            .position(|function| function.name() == name);
        if let Some(index) = found {
            return Ok(functions.swap_remove(index));
        }
        if let Some(tool) = tool(&metadata, name)? {
            return Ok(Self {
                namespace: namespace_of(&metadata),
                package: tool,
                libraries: Rc::from([]),
            });
        }
        Err(SettingsError::UnknownFunction {
            name: name.to_owned(),
            known: functions
                .iter()
                .map(Self::name)
                .collect::<Vec<_>>()
                .join(", "),
        })
    }

    /// Its name: of the crate, of the folder, on Lambda.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.package.name
    }

    /// A folder of its own, like `events` (one payload a file) or `traffic` (one scenario a file).
    #[must_use]
    pub fn folder(&self, name: &str) -> PathBuf {
        let folder = self.package.manifest_path.parent();
        folder
            .unwrap_or(&self.package.manifest_path)
            .join(name)
            .into()
    }

    /// The folders that its code is in: its own, and those of what functions share.
    #[must_use]
    pub fn code_folders(&self) -> Vec<PathBuf> {
        let packages = std::iter::once(&self.package).chain(&*self.libraries);
        let folders = packages.filter_map(|package| package.manifest_path.parent());
        folders.map(|folder| folder.into()).collect()
    }

    /// The manifest for these artifacts.
    ///
    /// # Errors
    /// [`SettingsError::Table`] with the key that is unknown, of the wrong type or out of range.
    pub fn manifest(
        &self,
        artifacts: BTreeMap<Architecture, Artifact>,
    ) -> Result<FunctionManifest, SettingsError> {
        let description = self.description()?;
        let build: BTreeMap<String, Value> = self.table("lambda.build")?;
        if let Some(key) = build.keys().next() {
            return Err(self.wrong("lambda.build", not_for_builds(key)));
        }
        let mut deploy: Deploy = self.table("lambda.deploy")?;
        if deploy.capacity_provider_config.is_some() {
            return Err(self.wrong("lambda.deploy", MANAGED_INSTANCES.to_owned()));
        }
        if !self.namespace.is_empty() {
            let namespace = deploy.env.entry(NAMESPACE_VARIABLE.to_owned());
            namespace.or_insert_with(|| self.namespace.to_string());
        }
        self.in_range("memory", deploy.memory, MEMORY_MIB)?;
        self.in_range("timeout", deploy.timeout, TIMEOUT_S)?;
        self.in_range(
            "ephemeral_storage",
            deploy.ephemeral_storage,
            EPHEMERAL_STORAGE_MIB,
        )?;
        let function: FunctionTable = self.table("function")?;
        let rollout = self.table::<RolloutPolicy>("rollout")?;
        let rollout = rollout.with_metrics_of(&function.trigger);
        rollout
            .check()
            .map_err(|reason| self.wrong("rollout", reason))?;
        let definitions = self.definitions()?;
        let wrong = |reason| self.wrong("function", reason);
        let tables = function.tables(&definitions).map_err(wrong)?;
        let queues = function.queues(&definitions, deploy.timeout);
        let queues = queues.map_err(wrong)?;
        let parameters = function.parameters().map_err(wrong)?;
        environment::check(&deploy.env, &tables, &queues, &parameters)
            .map_err(|reason| self.wrong("lambda.deploy", reason))?;
        Ok(FunctionManifest {
            schema_version: SCHEMA_VERSION,
            name: self.name().to_owned(),
            description,
            runtime: RUNTIME.to_owned(),
            handler: HANDLER.to_owned(),
            memory_mib: deploy.memory,
            timeout_s: deploy.timeout,
            ephemeral_storage_mib: deploy.ephemeral_storage,
            environment: deploy.env,
            tables,
            queues,
            parameters,
            permissions: function.permissions().map_err(wrong)?,
            trigger: function.trigger,
            replay: self.table::<ReplayPolicy>("replay")?,
            rollout,
            artifacts,
        })
    }

    fn description(&self) -> Result<String, SettingsError> {
        let description = self.package.description.clone().unwrap_or_default();
        let characters = description.chars().count();
        if characters > DESCRIPTION_CHARACTERS {
            return Err(SettingsError::Description {
                crate_name: self.name().to_owned(),
                characters,
            });
        }
        Ok(description)
    }

    /// The tables and queues that this function and the libraries define.
    fn definitions(&self) -> Result<Definitions, SettingsError> {
        let mut all = definitions_of(&self.package)?;
        for library in &*self.libraries {
            all = all
                .join(definitions_of(library)?, &library.name)
                .map_err(|reason| self.wrong("function", reason))?;
        }
        Ok(all)
    }

    fn table<T: Default + for<'a> Deserialize<'a>>(
        &self,
        table: &'static str,
    ) -> Result<T, SettingsError> {
        table_of(&self.package, table)
    }

    fn in_range(
        &self,
        key: &str,
        value: u32,
        range: std::ops::RangeInclusive<u32>,
    ) -> Result<(), SettingsError> {
        if range.contains(&value) {
            return Ok(());
        }
        let reason = format!(
            "{key} = {value}: Lambda takes {} to {}",
            range.start(),
            range.end()
        );
        Err(self.wrong("lambda.deploy", reason))
    }

    fn wrong(&self, table: &'static str, reason: String) -> SettingsError {
        wrong(&self.package, table, reason)
    }
}

/// Of the metrics of functions that name none.
fn namespace_of(metadata: &Metadata) -> Rc<str> {
    let name = metadata.workspace_metadata["project"]["name"].as_str();
    name.unwrap_or_default().into()
}

/// The package of the tools that is a function of this name, where there are tools.
fn tool(metadata: &Metadata, name: &str) -> Result<Option<Package>, SettingsError> {
    let manifest = metadata.workspace_root.join("tools/Cargo.toml");
    if !manifest.exists() {
        return Ok(None);
    }
    let tools = MetadataCommand::new()
        .manifest_path(manifest)
        .no_deps()
        .exec()?;
    let mut packages = tools.workspace_packages().into_iter();
    let is_it =
        |package: &&Package| package.name == name && !package.metadata["function"].is_null();
    Ok(packages.find(is_it).cloned())
}

/// Why a key of cargo-lambda's build table is refused: `build_crate` of `scripts/common.sh` gives what counts itself, and
/// `pack` takes the bootstrap alone. What is left would make another build than `sandbox watch` makes.
fn not_for_builds(key: &str) -> String {
    let reason = match key {
        "include" => {
            "has no effect, the zip holds the bootstrap alone: embed files with include_bytes!"
        }
        _ => {
            "is not looked at here, scripts/common.sh builds every function in the same way: leave it out"
        }
    };
    format!("{key} {reason}")
}

fn definitions_of(package: &Package) -> Result<Definitions, SettingsError> {
    Ok(Definitions {
        tables: table_of(package, "tables")?,
        queues: table_of(package, "queues")?,
    })
}

fn table_of<T: Default + for<'a> Deserialize<'a>>(
    package: &Package,
    table: &'static str,
) -> Result<T, SettingsError> {
    let pointer = format!("/{}", table.replace('.', "/"));
    match package.metadata.pointer(&pointer) {
        None | Some(Value::Null) => Ok(T::default()),
        Some(value) => {
            T::deserialize(value).map_err(|error| wrong(package, table, error.to_string()))
        }
    }
}

fn wrong(package: &Package, table: &'static str, reason: String) -> SettingsError {
    SettingsError::Table {
        crate_name: package.name.to_string(),
        table,
        reason,
    }
}

/// The functions of the workspace, by name: the packages in `functions/` that have a binary of their
/// name. One without binaries is a library beside them; binaries that need features are its benchmarks.
pub(crate) fn functions_of(metadata: &Metadata) -> Result<Vec<Package>, SettingsError> {
    let functions = metadata.workspace_root.join("functions");
    let mut found = Vec::new();
    for package in metadata.workspace_packages() {
        if !package.manifest_path.starts_with(&functions) {
            continue;
        }
        let targets = package.targets.iter();
        let binaries: Vec<&str> = targets
            .filter(|target| target.is_bin() && target.required_features.is_empty())
            .map(|target| target.name.as_str())
            .collect();
        if binaries.contains(&package.name.as_str()) {
            found.push(package.clone());
        } else if !binaries.is_empty() {
            let folder = package.manifest_path.parent();
            let folder = folder.and_then(|it| it.strip_prefix(&metadata.workspace_root).ok());
            return Err(SettingsError::NoBinary {
                folder: folder.map(ToString::to_string).unwrap_or_default(),
                name: package.name.to_string(),
                binaries: binaries.join(", "),
            });
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::manifest::Trigger;

    fn function(metadata: Value) -> Function {
        let package = json!({
            "name": "greeter", "version": "0.1.0", "id": "path+file:///greeter#0.1.0",
            "description": "Greets", "dependencies": [], "targets": [], "features": {},
            "manifest_path": "/w/functions/greeter/Cargo.toml", "metadata": metadata,
        });
        let package: Package = serde_json::from_value(package).unwrap();
        Function {
            package,
            libraries: Rc::from([]),
            namespace: Rc::from("notary"),
        }
    }

    fn manifest(metadata: Value) -> Result<FunctionManifest, SettingsError> {
        function(metadata).manifest(BTreeMap::new())
    }

    #[test]
    fn a_function_without_metadata_gets_the_defaults() {
        let manifest = manifest(Value::Null).unwrap();
        assert_eq!((manifest.memory_mib, manifest.timeout_s), (128, 30));
        assert_eq!(manifest.rollout, RolloutPolicy::default());
        assert_eq!(manifest.trigger, Trigger::None);
    }

    #[test]
    fn the_code_of_a_function_is_its_own_and_what_is_shared() {
        let mut function = function(Value::Null);
        assert_eq!(
            function.code_folders(),
            [PathBuf::from("/w/functions/greeter")]
        );
        function.libraries = Rc::from([function.package.clone()]);
        assert_eq!(function.code_folders().len(), 2);
    }

    #[test]
    fn settings_come_from_the_functions_own_tables() {
        let manifest = manifest(json!({
            "lambda": {"deploy": {"memory": 1769, "timeout": 9, "env": {"TABLE": "documents"}}},
            "rollout": {"steps_percent": [10, 100], "bake_s": 60},
            "replay": {"ignore": ["/milliseconds"]},
        }))
        .unwrap();
        assert_eq!((manifest.memory_mib, manifest.timeout_s), (1769, 9));
        assert_eq!(manifest.environment["TABLE"], "documents");
        assert_eq!(manifest.environment[NAMESPACE_VARIABLE], "notary");
        assert_eq!(manifest.rollout.steps_percent, [10.0, 100.0]);
        assert_eq!(manifest.rollout.period_s, RolloutPolicy::default().period_s);
        assert_eq!(manifest.replay.ignore, ["/milliseconds"]);
    }

    #[test]
    fn a_trigger_brings_the_failures_that_shared_counts_and_the_policy_may_limit_them() {
        let http = json!({"function": {"trigger": {"kind": "http"}}});
        let metrics = manifest(http).unwrap().rollout.metrics;
        assert_eq!(metrics["server_errors"].failed.name, "ServerErrors");
        let own = json!({"failed": {"name": "ServerErrors"}, "of": {"name": "Requests"}, "at_most_percent": 2});
        let limited = manifest(json!({
            "function": {"trigger": {"kind": "http"}},
            "rollout": {"metrics": {"server_errors": own}},
            "lambda": {"deploy": {"env": {NAMESPACE_VARIABLE: "shop"}}},
        }))
        .unwrap();
        let metrics = &limited.rollout.metrics;
        assert_eq!(
            (metrics.len(), metrics["server_errors"].at_most_percent),
            (1, Some(2.0))
        );
        assert_eq!(limited.environment[NAMESPACE_VARIABLE], "shop");
        assert!(manifest(Value::Null).unwrap().rollout.metrics.is_empty());
    }

    #[test]
    fn a_description_has_at_most_256_characters() {
        let described = |characters: usize| {
            let mut function = function(Value::Null);
            function.package.description = Some("é".repeat(characters));
            function.manifest(BTreeMap::new())
        };
        assert!(described(256).is_ok());
        let said = described(257).unwrap_err().to_string();
        assert!(said.contains("description has 257 characters"), "{said}");
    }

    #[test]
    fn wrong_settings_are_named_with_table_and_key() {
        for (metadata, message) in [
            (
                json!({"lambda": {"deploy": {"memory": 64}}}),
                "greeter/Cargo.toml: [package.metadata.lambda.deploy] memory = 64: Lambda takes 128 to 10240",
            ),
            (
                json!({"lambda": {"deploy": {"timeout": 901}}}),
                "greeter/Cargo.toml: [package.metadata.lambda.deploy] timeout = 901: Lambda takes 1 to 900",
            ),
            (
                json!({"rollout": {"steps_percent": [50, 25, 100]}}),
                "greeter/Cargo.toml: [package.metadata.rollout] steps_percent = [50.0, 25.0, 100.0]: \
                 weights rise from above 0 to 100",
            ),
        ] {
            assert_eq!(manifest(metadata).unwrap_err().to_string(), message);
        }
        for (metadata, message) in [
            (
                json!({"lambda": {"build": {"include": ["a"]}}}),
                "include_bytes!",
            ),
            (
                json!({"lambda": {"build": {"compiler": {"type": "cargo"}}}}),
                "[package.metadata.lambda.build] compiler is not looked at",
            ),
            (
                json!({"lambda": {"deploy": {"capacity_provider_config": {}}}}),
                "Lambda Managed Instances",
            ),
            (
                json!({"lambda": {"deploy": {"env": {"my-var": "1"}}}}),
                "[package.metadata.lambda.deploy] env: my-var",
            ),
        ] {
            let said = manifest(metadata).unwrap_err().to_string();
            assert!(said.contains(message), "{said}");
        }
        let unknown = manifest(json!({"rollout": {"stepz": []}}))
            .unwrap_err()
            .to_string();
        assert!(
            unknown.contains("[package.metadata.rollout] unknown field `stepz`"),
            "{unknown}"
        );
    }
}
