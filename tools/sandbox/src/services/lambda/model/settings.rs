//! What callers may set of a function, and its limits.

use std::{collections::BTreeMap, ops::RangeInclusive};

use package::settings::environment;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::function::check_description;
use crate::{
    execution::version::{Logging, Settings},
    services::lambda::error::LambdaError,
};

/// Runtimes that the sandbox can run: those whose whole runtime is the `bootstrap` in the zip.
const RUNTIMES: [&str; 2] = ["provided.al2023", "provided.al2"];

/// Lambda's runtimes, as AWS was recorded to list them.
const LAMBDAS_RUNTIMES: &str = "nodejs20.x, python3.14, provided.al2023, python3.12, python3.13, nodejs24.x, nodejs22.x, java25, \
    python3.10, python3.11, java21, ruby3.3, ruby3.4, ruby3.2, python3.8, python3.9, java17, nodejs16.x, dotnet10, dotnet8, \
    java11, dotnet6, nodejs18.x, provided.al2, java8.al2";

/// Runtimes that functions can no longer be created with. Source: "Lambda runtimes" of the Developer Guide.
const DEPRECATED_RUNTIMES: [&str; 20] = [
    "dotnetcore1.0",
    "dotnetcore2.0",
    "dotnetcore2.1",
    "dotnetcore3.1",
    "go1.x",
    "java8",
    "nodejs",
    "nodejs4.3",
    "nodejs4.3-edge",
    "nodejs6.10",
    "nodejs8.10",
    "nodejs10.x",
    "nodejs12.x",
    "nodejs14.x",
    "provided",
    "python2.7",
    "python3.6",
    "python3.7",
    "ruby2.5",
    "ruby2.7",
];

/// `Environment` on the wire.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Environment {
    /// The variables.
    #[serde(default)]
    pub variables: Option<BTreeMap<String, String>>,
}

/// `EphemeralStorage` on the wire.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct EphemeralStorage {
    size: i64,
}

/// `TracingConfig` on the wire.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Tracing {
    mode: String,
}

/// The settings in a `CreateFunction` or `UpdateFunctionConfiguration` request.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SettingsPatch {
    role: Option<String>,
    handler: Option<String>,
    runtime: Option<String>,
    description: Option<String>,
    timeout: Option<i64>,
    memory_size: Option<i64>,
    environment: Option<Environment>,
    ephemeral_storage: Option<EphemeralStorage>,
    tracing_config: Option<Tracing>,
    logging_config: Option<Logging>,
    /// What the sandbox does not know: refused unless it is empty.
    #[serde(flatten)]
    other: Map<String, Value>,
}

impl SettingsPatch {
    /// `settings` with what this request sets, checked.
    ///
    /// # Errors
    /// With the error that Lambda gives, or one that says what the sandbox cannot do.
    pub fn apply(self, mut settings: Settings) -> Result<Settings, LambdaError> {
        refuse_unsupported(&self.other)?;
        let Self {
            role,
            handler,
            runtime,
            description,
            ..
        } = self;
        settings.role = role.unwrap_or(settings.role);
        settings.handler = handler.unwrap_or(settings.handler);
        settings.runtime = runtime.unwrap_or(settings.runtime);
        settings.description = description.unwrap_or(settings.description);
        if let Some(timeout) = self.timeout {
            settings.timeout_s = within("timeout", timeout, 1..=900)?;
        }
        if let Some(memory) = self.memory_size {
            settings.memory_mib = within("memorySize", memory, 128..=10_240)?;
        }
        if let Some(storage) = self.ephemeral_storage {
            settings.ephemeral_storage_mib =
                within("ephemeralStorage.size", storage.size, 512..=10_240)?;
        }
        if let Some(environment) = self.environment {
            settings.environment = Some(environment.variables.unwrap_or_default());
        }
        if let Some(tracing) = self.tracing_config {
            settings.tracing_mode = tracing.mode;
        }
        settings.logging = self.logging_config.unwrap_or(settings.logging);
        check(&settings)?;
        Ok(settings)
    }
}

/// Refuses fields that would change what a function does and that the sandbox does not have. Null and empty values are
/// accepted: clients send them without meaning anything.
fn refuse_unsupported(other: &Map<String, Value>) -> Result<(), LambdaError> {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(|field| {
            field.is_null()
                || field.as_array().is_some_and(Vec::is_empty)
                || field.as_str() == Some("None")
        }),
        Value::String(text) => text.is_empty(),
        _ => false,
    };
    match other.iter().find(|(_, value)| !is_empty(value)) {
        Some((name, _)) => Err(LambdaError::invalid(format!(
            "The sandbox does not support {name}: leave it out."
        ))),
        None => Ok(()),
    }
}

/// A number within its limits.
///
/// # Errors
/// `ValidationException` that names the limit.
pub(crate) fn within(
    field: &str,
    value: i64,
    range: RangeInclusive<u32>,
) -> Result<u32, LambdaError> {
    let checked = u32::try_from(value)
        .ok()
        .filter(|value| range.contains(value));
    checked.ok_or_else(|| {
        let constraint = if value < i64::from(*range.start()) {
            format!(
                "Member must have value greater than or equal to {}",
                range.start()
            )
        } else {
            format!(
                "Member must have value less than or equal to {}",
                range.end()
            )
        };
        LambdaError::validation(field, value, &constraint)
    })
}

fn check(settings: &Settings) -> Result<(), LambdaError> {
    if settings.runtime.is_empty() || settings.handler.is_empty() {
        return Err(LambdaError::invalid(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
        ));
    }
    check_runtime(&settings.runtime)?;
    if !is_role_arn(&settings.role) {
        return Err(LambdaError::validation(
            "role",
            &settings.role,
            "Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+",
        ));
    }
    check_description(&settings.description)?;
    check_logging(&settings.logging)?;
    settings
        .environment
        .as_ref()
        .map_or(Ok(()), check_environment)
}

fn check_runtime(runtime: &str) -> Result<(), LambdaError> {
    if RUNTIMES.contains(&runtime) {
        return Ok(());
    }
    Err(LambdaError::invalid(
        if DEPRECATED_RUNTIMES.contains(&runtime) {
            format!(
                "The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions. \
             We recommend you use a supported runtime while creating or updating functions."
            )
        } else if LAMBDAS_RUNTIMES.split(", ").any(|known| known == runtime) {
            format!(
                "The sandbox runs {} and nothing else, not {runtime}.",
                RUNTIMES.join(" and ")
            )
        } else {
            format!(
                "Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: \
             [{LAMBDAS_RUNTIMES}] or be a valid ARN"
            )
        },
    ))
}

fn is_role_arn(role: &str) -> bool {
    let parts: Vec<&str> = role.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", partition, "iam", "", account, name]
        if partition.starts_with("aws")
            && account.len() == 12
            && account.bytes().all(|byte| byte.is_ascii_digit())
            && name.strip_prefix("role/").is_some_and(|name| !name.is_empty()))
}

fn check_logging(logging: &Logging) -> Result<(), LambdaError> {
    let json = match logging.log_format.as_deref() {
        None | Some("Text") => false,
        Some("JSON") => true,
        Some(other) => {
            return Err(LambdaError::validation(
                "loggingConfig.logFormat",
                other,
                "Member must satisfy enum value set: [JSON, Text]",
            ));
        }
    };
    let has_levels = logging.application_log_level.is_some() || logging.system_log_level.is_some();
    if has_levels && !json {
        return Err(LambdaError::invalid(
            "To use ApplicationLogLevel or SystemLogLevel, you must set LogFormat to JSON.",
        ));
    }
    Ok(())
}

fn check_environment(variables: &BTreeMap<String, String>) -> Result<(), LambdaError> {
    if !variables.keys().all(|name| environment::is_name(name)) {
        // The service does not quote the names.
        return Err(LambdaError::violations(&[
            "Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy constraint: \
             [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]"
                .to_owned(),
        ]));
    }
    let prefix = "Lambda was unable to configure your environment variables because the environment variables you have provided";
    let reserved: Vec<&str> = environment::RESERVED
        .into_iter()
        .filter(|name| variables.contains_key(*name))
        .collect();
    if !reserved.is_empty() {
        return Err(LambdaError::invalid(format!(
            "{prefix} contains reserved keys that are currently not supported for modification. Reserved keys used in this request: {}",
            reserved.join(", ")
        )));
    }
    // Lambda measures them as it stores them.
    let stored = json!(variables).to_string();
    if stored.len() > environment::MOST_BYTES {
        return Err(LambdaError::invalid(format!(
            "{prefix} exceeded the 4KB limit. String measured: {stored}"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::lambda::error::ErrorKind;

    fn apply(extra: Value) -> Result<Settings, LambdaError> {
        let mut request = json!({
            "Role": "arn:aws:iam::000000000000:role/f", "Runtime": "provided.al2023", "Handler": "bootstrap",
        });
        for (name, value) in extra.as_object().unwrap() {
            request[name] = value.clone();
        }
        serde_json::from_value::<SettingsPatch>(request)
            .unwrap()
            .apply(Settings::default())
    }

    #[test]
    fn what_is_not_set_has_lambdas_defaults() {
        let settings = apply(json!({})).unwrap();
        assert_eq!(
            (
                settings.timeout_s,
                settings.memory_mib,
                settings.ephemeral_storage_mib
            ),
            (3, 128, 512)
        );
    }

    #[test]
    fn values_outside_lambdas_limits_are_refused() {
        for (field, bad) in [
            ("Timeout", json!(0)),
            ("Timeout", json!(901)),
            ("MemorySize", json!(127)),
            ("MemorySize", json!(10_241)),
            ("EphemeralStorage", json!({"Size": 511})),
            ("Role", json!("nobody")),
            ("Runtime", json!("nodejs22.x")),
            ("Handler", json!("")),
            ("Description", json!("x".repeat(257))),
            ("Environment", json!({"Variables": {"AWS_REGION": "x"}})),
            (
                "Environment",
                json!({"Variables": {"AA": "x".repeat(4096)}}),
            ),
            ("Environment", json!({"Variables": {"A": "x"}})),
            ("Environment", json!({"Variables": {"my-var": "x"}})),
            ("Environment", json!({"Variables": {"1ST": "x"}})),
            ("LoggingConfig", json!({"LogFormat": "XML"})),
            ("LoggingConfig", json!({"ApplicationLogLevel": "INFO"})),
            ("Layers", json!(["arn:aws:lambda:::layer:x:1"])),
            ("VpcConfig", json!({"SubnetIds": ["subnet-1"]})),
        ] {
            assert!(apply(json!({ field: bad })).is_err(), "{field}: {bad}");
        }
    }

    #[test]
    fn variables_are_measured_as_json() {
        let with = |bytes: usize| {
            let variables = json!({"LARGE_VAR": "x".repeat(bytes)});
            (
                apply(json!({"Environment": {"Variables": variables}})),
                variables.to_string(),
            )
        };
        let most = 4096 - r#"{"LARGE_VAR":""}"#.len();
        assert!(with(most).0.is_ok());
        let (refused, measured) = with(most + 1);
        let expected = format!(
            "Lambda was unable to configure your environment variables because the environment variables \
             you have provided exceeded the 4KB limit. String measured: {measured}"
        );
        assert_eq!(refused.unwrap_err().message, expected);
    }

    #[test]
    fn names_of_variables_are_checked() {
        let with = |name: &str| apply(json!({"Environment": {"Variables": {name: "x"}}}));
        for good in ["AB", "a1", "MY_VAR_", "Zz"] {
            assert!(with(good).is_ok(), "{good}");
        }
        for bad in ["A", "", "my-var", "1ST", "_HANDLER", "Ä1", "A B"] {
            assert_eq!(
                with(bad).unwrap_err().message,
                "1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: \
                 Map keys must satisfy constraint: [Member must satisfy regular expression pattern: \
                 [a-zA-Z]([a-zA-Z0-9_])+]",
                "{bad}"
            );
        }
    }

    #[test]
    fn a_runtime_is_refused_as_unknown_or_deprecated_or_not_in_the_sandbox() {
        let refused = |runtime: &str| {
            let error = apply(json!({"Runtime": runtime})).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidParameterValue);
            error.message
        };
        assert_eq!(
            refused("provided"),
            "The runtime parameter of provided is no longer supported for creating or updating AWS Lambda functions. \
             We recommend you use a supported runtime while creating or updating functions."
        );
        assert_eq!(
            refused("PROVIDED.al2023"),
            "Value PROVIDED.al2023 at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: \
             [nodejs20.x, python3.14, provided.al2023, python3.12, python3.13, nodejs24.x, nodejs22.x, java25, \
             python3.10, python3.11, java21, ruby3.3, ruby3.4, ruby3.2, python3.8, python3.9, java17, nodejs16.x, \
             dotnet10, dotnet8, java11, dotnet6, nodejs18.x, provided.al2, java8.al2] or be a valid ARN"
        );
        assert_eq!(
            refused("nodejs22.x"),
            "The sandbox runs provided.al2023 and provided.al2 and nothing else, not nodejs22.x."
        );
    }

    #[test]
    fn empty_fields_are_accepted() {
        assert!(
            apply(json!({"Layers": [], "VpcConfig": {"SubnetIds": []}, "KMSKeyArn": ""})).is_ok()
        );
        assert!(apply(json!({"SnapStart": {"ApplyOn": "None"}})).is_ok());
        assert!(apply(json!({"SnapStart": {"ApplyOn": "PublishedVersions"}})).is_err());
    }
}
