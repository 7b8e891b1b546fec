//! CreateFunction, GetFunction, GetFunctionConfiguration, UpdateFunctionConfiguration, UpdateFunctionCode,
//! DeleteFunction, ListFunctions, GetFunctionCodeSigningConfig.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use package::Architecture;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Query, json, page, parse};
use crate::lambda::{
    EMULATED_TAG, Lambda,
    code::Code,
    emulated,
    error::LambdaError,
    function::{Function, check_revision},
    names::{self, FunctionRef},
    settings::{Settings, SettingsPatch},
    version::{Tags, Version, VersionNumber},
};

/// `CreateFunction`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateFunction {
    function_name: String,
    code: CodeSource,
    #[serde(default)]
    architectures: Option<Vec<String>>,
    #[serde(default)]
    publish: bool,
    #[serde(default)]
    tags: Option<Tags>,
    #[serde(default)]
    package_type: Option<String>,
    #[serde(flatten)]
    settings: SettingsPatch,
}

/// `FunctionCode`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CodeSource {
    #[serde(default)]
    zip_file: Option<String>,
}

/// `UpdateFunctionCode`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateCode {
    #[serde(flatten)]
    source: CodeSource,
    #[serde(default)]
    architectures: Option<Vec<String>>,
    #[serde(default)]
    publish: bool,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    revision_id: Option<String>,
}

/// `UpdateFunctionConfiguration`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateConfiguration {
    #[serde(default)]
    revision_id: Option<String>,
    #[serde(flatten)]
    settings: SettingsPatch,
}

/// `POST /functions`
pub(super) async fn create(State(lambda): State<Lambda>, query: Query, body: Bytes) -> Answer {
    let request: CreateFunction = parse(&body)?;
    let FunctionRef { name, .. } = FunctionRef::parse(&request.function_name, None)?;
    lambda.read().check_free(&name)?;
    if let Some(other) = request.package_type.filter(|kind| kind != "Zip") {
        return Err(LambdaError::invalid(format!(
            "The sandbox does not support PackageType {other}: use Zip."
        )));
    }
    let architecture =
        one_architecture(request.architectures.as_deref())?.unwrap_or(Architecture::X86_64);
    let settings = request.settings.apply(Settings {
        architecture,
        ..Settings::default()
    })?;
    let code = store(&lambda, request.code).await?;
    let mut tags = request.tags.unwrap_or_default();
    tags.insert(EMULATED_TAG.to_owned(), emulated());
    let mut account = lambda.write();
    let function = account.insert(Function::new(&name, &query.region, settings, code, tags))?;
    let version = match request.publish {
        true => function.publish(None, None, None)?,
        false => Arc::clone(&function.latest),
    };
    Ok(json(StatusCode::CREATED, &version.to_json(false)))
}

/// `GET /functions/{name}`
pub(super) async fn get(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
) -> Answer {
    let reference = FunctionRef::parse(&name, query.get("Qualifier"))?;
    let account = lambda.read();
    let function = account.function(&reference.name, &query.region)?;
    let version = function.resolve(reference.qualifier.as_deref(), || 1.0)?;
    let location = format!("{}/_sandbox/code/{}.zip", lambda.endpoint, version.code.id);
    let body = json!({
        "Configuration": version.to_json(reference.qualifier.is_some()),
        "Code": {"RepositoryType": "S3", "Location": location},
        "Tags": function.tags,
    });
    Ok(json(StatusCode::OK, &body))
}

/// `GET /functions/{name}/configuration`
pub(super) async fn get_configuration(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
) -> Answer {
    let reference = FunctionRef::parse(&name, query.get("Qualifier"))?;
    let account = lambda.read();
    let function = account.function(&reference.name, &query.region)?;
    let version = function.resolve(reference.qualifier.as_deref(), || 1.0)?;
    Ok(json(
        StatusCode::OK,
        &version.to_json(reference.qualifier.is_some()),
    ))
}

/// `GET /2020-06-30/functions/{name}/code-signing-config`: nothing is signed here, and a function without a
/// configuration is answered like this.
pub(super) async fn get_code_signing(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
) -> Answer {
    let reference = FunctionRef::parse(&name, None)?;
    lambda.read().function(&reference.name, &query.region)?;
    let body = json!({"FunctionName": reference.name, "CodeSigningConfigArn": ""});
    Ok(json(StatusCode::OK, &body))
}

/// `PUT /functions/{name}/configuration`
pub(super) async fn update_configuration(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
    body: Bytes,
) -> Answer {
    let request: UpdateConfiguration = parse(&body)?;
    let FunctionRef { name, .. } = FunctionRef::parse(&name, None)?;
    let mut account = lambda.write();
    let function = account.function_mut(&name, &query.region)?;
    function.check_revision(request.revision_id.as_deref())?;
    let settings = request.settings.apply(function.latest.settings.clone())?;
    let code = Arc::clone(&function.latest.code);
    let replaced = function.replace_latest(settings, code);
    lambda.environments.retire(replaced.id);
    Ok(json(StatusCode::OK, &function.latest.to_json(false)))
}

/// `PUT /functions/{name}/code`
pub(super) async fn update_code(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
    body: Bytes,
) -> Answer {
    let request: UpdateCode = parse(&body)?;
    let FunctionRef { name, .. } = FunctionRef::parse(&name, None)?;
    let architecture = one_architecture(request.architectures.as_deref())?;
    lambda
        .read()
        .function(&name, &query.region)?
        .check_revision(request.revision_id.as_deref())?;
    let code = store(&lambda, request.source).await?;
    let mut account = lambda.write();
    let function = account.function_mut(&name, &query.region)?;
    // Again: another update may have been faster while the code was unpacked.
    check_revision(request.revision_id.as_deref(), &function.latest.revision_id)?;
    let mut settings = function.latest.settings.clone();
    settings.architecture = architecture.unwrap_or(settings.architecture);
    if request.dry_run {
        let in_flight = Arc::clone(&function.latest.in_flight);
        let version = Version::latest(&name, &function.latest.region, settings, code, in_flight);
        return Ok(json(StatusCode::OK, &version.to_json(false)));
    }
    let replaced = function.replace_latest(settings, code);
    lambda.environments.retire(replaced.id);
    let version = match request.publish {
        true => function.publish(None, None, None)?,
        false => Arc::clone(&function.latest),
    };
    Ok(json(StatusCode::OK, &version.to_json(false)))
}

/// `DELETE /functions/{name}`
pub(super) async fn remove(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
) -> Answer {
    let reference = FunctionRef::parse(&name, query.get("Qualifier"))?;
    let mut account = lambda.write();
    match reference.qualifier.as_deref() {
        None => {
            let function = account.remove(&reference.name, &query.region)?;
            let versions = function.published.values().chain([&function.latest]);
            versions.for_each(|version| lambda.environments.retire(version.id));
        }
        Some("$LATEST") => {
            return Err(LambdaError::invalid(
                "$LATEST version cannot be deleted without deleting the function.",
            ));
        }
        Some(number) if names::is_version_number(number) => {
            let function = account.function_mut(&reference.name, &query.region)?;
            if let Some(version) = function.delete_version(number.parse().unwrap_or(u64::MAX))? {
                lambda.environments.retire(version.id);
            }
        }
        Some(_) => {
            return Err(LambdaError::invalid(
                "Deletion of aliases is not currently supported.",
            ));
        }
    }
    Ok(json(StatusCode::NO_CONTENT, &Value::Null))
}

/// `GET /functions`
pub(super) async fn list(State(lambda): State<Lambda>, query: Query) -> Answer {
    let all = query.get("FunctionVersion") == Some("ALL");
    let account = lambda.read();
    let mut functions = Vec::new();
    for function in account.functions() {
        functions.push(function.latest.to_json(all));
        if all {
            functions.extend(
                function
                    .published
                    .values()
                    .map(|version| version.to_json(true)),
            );
        }
    }
    let (functions, marker) = page(functions, &query, 50)?;
    Ok(json(
        StatusCode::OK,
        &json!({"Functions": functions, "NextMarker": marker}),
    ))
}

async fn store(lambda: &Lambda, source: CodeSource) -> Result<Arc<Code>, LambdaError> {
    let encoded = source.zip_file.ok_or_else(|| {
        LambdaError::invalid("Please provide the code as ZipFile: the sandbox does not take it from S3 or a registry.")
    })?;
    let zip = BASE64
        .decode(encoded)
        .map_err(|error| LambdaError::invalid(format!("ZipFile is not base64: {error}")))?;
    lambda.code.put(zip.into()).await
}

fn one_architecture(architectures: Option<&[String]>) -> Result<Option<Architecture>, LambdaError> {
    let invalid = |value: &dyn std::fmt::Debug| {
        let constraint =
            "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64]]";
        LambdaError::validation("architectures", format!("{value:?}"), constraint)
    };
    match architectures {
        None => Ok(None),
        Some([one]) => one.parse().map(Some).map_err(|_| invalid(&[one])),
        Some(other) => Err(invalid(&other)),
    }
}

impl Function {
    /// The version behind a number, as `FunctionConfiguration`s: `$LATEST` first.
    pub(super) fn versions_json(&self) -> Vec<Value> {
        let published = self
            .published
            .keys()
            .map(|number| VersionNumber::Published(*number));
        std::iter::once(VersionNumber::Latest)
            .chain(published)
            .filter_map(|number| self.version(number))
            .map(|version| version.to_json(true))
            .collect()
    }
}
