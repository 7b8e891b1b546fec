//! A function's settings, as its manifest wants them and as Lambda has them.

use std::collections::BTreeMap;

use aws_sdk_lambda::{
    operation::get_function_configuration::GetFunctionConfigurationOutput,
    types::{
        ApplicationLogLevel, Environment, EphemeralStorage, LogFormat, LoggingConfig,
        SystemLogLevel, TracingConfig, TracingMode,
    },
};
use clap::Args;
use package::FunctionManifest;

use crate::aws::ACCOUNT_ID;

/// The variables of `infra/function` that change how a function runs here, with Terraform's defaults.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Variables {
    /// Lowest level of the function's own log lines, as the variable log_level of infra/function
    #[arg(long, default_value = "INFO", value_parser = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"], ignore_case = true)]
    pub log_level: String,
    /// Tracing by X-Ray, as the variable tracing
    #[arg(long, default_value = "PassThrough", value_parser = ["Active", "PassThrough"])]
    pub tracing: String,
    /// How many invocations may run at once, of all versions together, as the variable reserved_concurrency
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    pub reserved_concurrency: Option<i32>,
}

impl Default for Variables {
    fn default() -> Self {
        Self {
            log_level: "INFO".to_owned(),
            tracing: "PassThrough".to_owned(),
            reserved_concurrency: None,
        }
    }
}

/// What Terraform would set on the function, and what an update may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// One line on what the function does.
    pub description: String,
    /// Lambda runtime identifier.
    pub runtime: String,
    /// Lambda handler.
    pub handler: String,
    /// ARN of the execution role.
    pub role: String,
    /// Memory in MiB.
    pub memory_mib: i32,
    /// Time limit of one invocation in seconds.
    pub timeout_s: i32,
    /// Size of `/tmp` in MiB.
    pub ephemeral_storage_mib: i32,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// `Text` or `JSON`.
    pub log_format: String,
    /// Lowest level of the function's own log lines.
    pub log_level: String,
    /// Lowest level of Lambda's log lines about it.
    pub system_log_level: String,
    /// Mode of X-Ray.
    pub tracing: String,
}

impl Settings {
    /// What manifest and variables want, with the environment that only the deployer knows. The sandbox has no roles: one
    /// is named after the function.
    #[must_use]
    pub fn wanted(
        manifest: &FunctionManifest,
        variables: &Variables,
        deployed: BTreeMap<String, String>,
    ) -> Self {
        let mut environment = manifest.environment.clone();
        environment.extend(deployed);
        // Beyond what Lambda takes anyway: it says so, with the limits.
        let number = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
        Self {
            description: manifest.description.clone(),
            runtime: manifest.runtime.clone(),
            handler: manifest.handler.clone(),
            role: format!("arn:aws:iam::{ACCOUNT_ID}:role/{}", manifest.name),
            memory_mib: number(manifest.memory_mib),
            timeout_s: number(manifest.timeout_s),
            ephemeral_storage_mib: number(manifest.ephemeral_storage_mib),
            environment,
            log_format: "JSON".to_owned(),
            log_level: variables.log_level.to_ascii_uppercase(),
            system_log_level: "INFO".to_owned(),
            tracing: variables.tracing.clone(),
        }
    }

    /// What Lambda has now, in `$LATEST`.
    #[must_use]
    pub fn current(configuration: &GetFunctionConfigurationOutput) -> Self {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let variables = configuration
            .environment()
            .and_then(|environment| environment.variables());
        let logging = configuration.logging_config();
        let format = logging.and_then(|logging| logging.log_format());
        let level = logging.and_then(|logging| logging.application_log_level());
        let system_level = logging.and_then(|logging| logging.system_log_level());
        let tracing = configuration.tracing_config();
        let tracing = tracing.and_then(|tracing| tracing.mode());
        Self {
            description: text(configuration.description()),
            runtime: text(configuration.runtime().map(|runtime| runtime.as_str())),
            handler: text(configuration.handler()),
            role: text(configuration.role()),
            memory_mib: configuration.memory_size().unwrap_or_default(),
            timeout_s: configuration.timeout().unwrap_or_default(),
            ephemeral_storage_mib: configuration
                .ephemeral_storage()
                .map_or(0, EphemeralStorage::size),
            environment: variables.cloned().unwrap_or_default().into_iter().collect(),
            log_format: text(format.map(LogFormat::as_str)),
            log_level: text(level.map(ApplicationLogLevel::as_str)),
            system_log_level: text(system_level.map(SystemLogLevel::as_str)),
            tracing: text(tracing.map(TracingMode::as_str)),
        }
    }

    /// What would change on the way to `wanted`, for people; empty when nothing would.
    /// Values of environment variables are left out: they may be secrets.
    #[must_use]
    pub fn changes(&self, wanted: &Self) -> Vec<String> {
        let changes = [
            change("description", &self.description, &wanted.description),
            change("runtime", &self.runtime, &wanted.runtime),
            change("handler", &self.handler, &wanted.handler),
            change("role", &self.role, &wanted.role),
            change("memory_mib", &self.memory_mib, &wanted.memory_mib),
            change("timeout_s", &self.timeout_s, &wanted.timeout_s),
            change(
                "ephemeral_storage_mib",
                &self.ephemeral_storage_mib,
                &wanted.ephemeral_storage_mib,
            ),
            change("log_format", &self.log_format, &wanted.log_format),
            change("log_level", &self.log_level, &wanted.log_level),
            change(
                "system_log_level",
                &self.system_log_level,
                &wanted.system_log_level,
            ),
            change("tracing", &self.tracing, &wanted.tracing),
        ];
        let names = self.environment.keys().chain(wanted.environment.keys());
        let mut changed: Vec<_> = names
            .filter(|name| self.environment.get(*name) != wanted.environment.get(*name))
            .map(|name| format!("environment {name}"))
            .collect();
        changed.sort();
        changed.dedup();
        changes.into_iter().flatten().chain(changed).collect()
    }

    /// The environment in Lambda's shape; none where nothing is to be set or taken away.
    #[must_use]
    pub fn environment(&self, current: &BTreeMap<String, String>) -> Option<Environment> {
        if self.environment.is_empty() && current.is_empty() {
            return None;
        }
        let variables = self.environment.clone().into_iter().collect();
        let environment = Environment::builder().set_variables(Some(variables));
        Some(environment.build())
    }

    /// Format and levels of the log in Lambda's shape.
    #[must_use]
    pub fn logging(&self) -> LoggingConfig {
        LoggingConfig::builder()
            .log_format(LogFormat::from(self.log_format.as_str()))
            .application_log_level(ApplicationLogLevel::from(self.log_level.as_str()))
            .system_log_level(SystemLogLevel::from(self.system_log_level.as_str()))
            .build()
    }

    /// Mode of X-Ray in Lambda's shape.
    #[must_use]
    pub fn tracing(&self) -> TracingConfig {
        let mode = TracingMode::from(self.tracing.as_str());
        TracingConfig::builder().mode(mode).build()
    }

    /// The size of `/tmp` in Lambda's shape.
    ///
    /// # Errors
    /// Never in practice: the one required member is set.
    pub fn ephemeral_storage(&self) -> Result<EphemeralStorage, aws_sdk_lambda::error::BuildError> {
        EphemeralStorage::builder()
            .size(self.ephemeral_storage_mib)
            .build()
    }
}

fn change<T: PartialEq + std::fmt::Debug>(name: &str, from: &T, to: &T) -> Option<String> {
    (from != to).then(|| format!("{name} {from:?} -> {to:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            description: "Hashes".into(),
            runtime: "provided.al2023".into(),
            handler: "bootstrap".into(),
            role: "arn:aws:iam::000000000000:role/hasher".into(),
            memory_mib: 1769,
            timeout_s: 30,
            ephemeral_storage_mib: 512,
            environment: BTreeMap::from([("A".into(), "secret".into())]),
            log_format: "JSON".into(),
            log_level: "INFO".into(),
            system_log_level: "INFO".into(),
            tracing: "PassThrough".into(),
        }
    }

    #[test]
    fn equal_settings_change_nothing() {
        assert!(settings().changes(&settings()).is_empty());
    }

    #[test]
    fn a_change_names_both_values_but_no_variable_s_value() {
        let wanted = Settings {
            memory_mib: 3538,
            environment: BTreeMap::from([("A".into(), "other".into()), ("B".into(), "new".into())]),
            ..settings()
        };
        let changes = settings().changes(&wanted);
        assert_eq!(
            changes,
            ["memory_mib 1769 -> 3538", "environment A", "environment B"]
        );
    }
}
