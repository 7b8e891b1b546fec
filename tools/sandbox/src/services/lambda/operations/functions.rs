//! CreateFunction, GetFunction, GetFunctionConfiguration, UpdateFunctionConfiguration, UpdateFunctionCode,
//! DeleteFunction, ListFunctions, GetFunctionCodeSigningConfig.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, State, rejection::BytesRejection},
    http::StatusCode,
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use package::Architecture;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    execution::{
        code::Code,
        version::{Settings, Version},
    },
    services::lambda::{
        Lambda, emulated,
        error::LambdaError,
        model::{
            function::{Function, Tags, UnderWay, check_count},
            names::{self, FunctionRef},
            settings::SettingsPatch,
            state::FunctionState,
        },
        wire::{Answer, Query, configuration, json, listed, page, parse, whole},
    },
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
pub(super) async fn create(
    State(lambda): State<Lambda>,
    query: Query,
    body: Result<Bytes, BytesRejection>,
) -> Answer {
    let request: CreateFunction = parse(&whole(body, "CreateFunction")?)?;
    let name = FunctionRef::new_name(&request.function_name, &query.region)?;
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
    let tags = request.tags.unwrap_or_default();
    check_count(&tags)?;
    let code = store(&lambda, request.code).await?;
    let mut functions = lambda.write();
    let function = functions.insert(Function::new(&name, &query.region, settings, code, tags))?;
    let version = finish(&lambda, function, None, request.publish)?;
    let state = function.state(&version);
    // Without the version's number in the ARN, also when it is published.
    let body = configuration(&version, None, state);
    Ok(json(StatusCode::CREATED, &body))
}

/// `GET /functions/{name}`
pub(super) async fn get(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
) -> Answer {
    let reference = query.function(&name)?;
    let functions = lambda.read();
    let function = functions.function_of(&reference, &query.region)?;
    let version = function.resolve(reference.qualifier.as_deref(), || 1.0)?;
    let location = format!(
        "{}/_sandbox/code/{}.zip?emulated={}",
        lambda.endpoint,
        version.code.id,
        emulated()
    );
    let mut body = json!({
        "Configuration": configuration(version, reference.qualifier.as_deref(), function.state(version)),
        "Code": {"RepositoryType": "S3", "Location": location},
    });
    if !function.tags.is_empty() {
        body["Tags"] = json!(function.tags);
    }
    if let Some(reserved) = function.reserved {
        body["Concurrency"] = json!({"ReservedConcurrentExecutions": reserved});
    }
    Ok(json(StatusCode::OK, &body))
}

/// `GET /functions/{name}/configuration`
pub(super) async fn get_configuration(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
) -> Answer {
    let reference = query.function(&name)?;
    let functions = lambda.read();
    let function = functions.function_of(&reference, &query.region)?;
    let version = function.resolve(reference.qualifier.as_deref(), || 1.0)?;
    Ok(json(
        StatusCode::OK,
        &configuration(
            version,
            reference.qualifier.as_deref(),
            function.state(version),
        ),
    ))
}

/// `GET /2020-06-30/functions/{name}/code-signing-config`: nothing is signed here, and a function without a
/// configuration is answered like this.
pub(super) async fn get_code_signing(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
) -> Answer {
    let reference = query.function(&name)?;
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
    let FunctionRef { name, .. } = query.function(&name)?;
    let mut functions = lambda.write();
    let function = functions.function_mut(&name, &query.region)?;
    function.check_settled()?;
    function.check_revision(request.revision_id.as_deref())?;
    let settings = request.settings.apply(function.latest.settings.clone())?;
    let code = Arc::clone(&function.latest.code);
    let replaced = function.replace_latest(settings, code);
    let latest = finish(&lambda, function, Some(replaced), false)?;
    let body = configuration(&latest, None, function.state(&latest));
    Ok(json(StatusCode::OK, &body))
}

/// `PUT /functions/{name}/code`
pub(super) async fn update_code(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
    body: Result<Bytes, BytesRejection>,
) -> Answer {
    let request: UpdateCode = parse(&whole(body, "UpdateFunctionCode")?)?;
    let FunctionRef { name, .. } = query.function(&name)?;
    let architecture = one_architecture(request.architectures.as_deref())?;
    let check = |function: &Function| {
        function.check_settled()?;
        function.check_revision(request.revision_id.as_deref())
    };
    check(lambda.read().function(&name, &query.region)?)?;
    let code = store(&lambda, request.source).await?;
    let mut functions = lambda.write();
    let function = functions.function_mut(&name, &query.region)?;
    // Again: another update may have been faster while the code was unpacked.
    check(function)?;
    let mut settings = function.latest.settings.clone();
    settings.architecture = architecture.unwrap_or(settings.architecture);
    if request.dry_run {
        let version = Version::latest(&name, &function.latest.region, settings, code);
        let body = configuration(&version, None, FunctionState::Settled);
        return Ok(json(StatusCode::OK, &body));
    }
    let replaced = function.replace_latest(settings, code);
    let version = finish(&lambda, function, Some(replaced), request.publish)?;
    let number = request.publish.then(|| version.number.to_string());
    let body = configuration(&version, number.as_deref(), function.state(&version));
    Ok(json(StatusCode::OK, &body))
}

/// `DELETE /functions/{name}`
pub(super) async fn remove(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    query: Query,
) -> Answer {
    let reference = query.function(&name)?;
    let mut functions = lambda.write();
    match reference.qualifier.as_deref() {
        None => {
            let mut function = functions.remove(&reference.name, &query.region)?;
            let replaced = function.settle();
            replaced
                .iter()
                .for_each(|version| lambda.environments.retire(version.id));
            let versions = function.versions();
            versions.for_each(|version| lambda.environments.retire(version.id));
        }
        Some("$LATEST") => {
            return Err(LambdaError::invalid(
                "$LATEST version cannot be deleted without deleting the function.",
            ));
        }
        Some(number) if names::is_version_number(number) => {
            let function = functions.function_mut(&reference.name, &query.region)?;
            if let Some(version) = function.delete_version(number.parse().unwrap_or(u64::MAX))? {
                lambda.environments.retire(version.id);
            }
        }
        Some(_) => {
            functions.function(&reference.name, &query.region)?;
            return Err(LambdaError::invalid(
                "Deletion of aliases is not currently supported.",
            ));
        }
    }
    Ok(json(StatusCode::NO_CONTENT, &Value::Null))
}

/// `GET /functions`
pub(super) async fn list(State(lambda): State<Lambda>, query: Query) -> Answer {
    let all = match query.get("FunctionVersion") {
        None | Some("") => false,
        Some("ALL") => true,
        Some(other) => {
            let constraint = "Member must satisfy enum value set: [ALL]";
            return Err(LambdaError::validation(
                "functionVersion",
                other,
                constraint,
            ));
        }
    };
    let functions = lambda.read();
    let versions = functions.all().flat_map(|function| {
        let versions = function.versions().take(if all { usize::MAX } else { 1 });
        versions.map(move |version| {
            let number = all.then(|| version.number.to_string());
            listed(version, number.as_deref())
        })
    });
    let (versions, marker) = page(versions.collect(), &query, 50)?;
    Ok(json(
        StatusCode::OK,
        &json!({"Functions": versions, "NextMarker": marker}),
    ))
}

/// Publishes `$LATEST` if so asked, and lets the change take its time. Gives what the request answers with: the version that
/// it has published, else `$LATEST`.
fn finish(
    lambda: &Lambda,
    function: &mut Function,
    replaced: Option<Arc<Version>>,
    publish: bool,
) -> Result<Arc<Version>, LambdaError> {
    let before = function.published.len();
    let version = match publish {
        true => Some(function.publish(None, None, None)?),
        false => None,
    };
    // Publishing what is published already gives the version that there is, which is active.
    let new = version
        .as_ref()
        .filter(|_| function.published.len() > before);
    let change = UnderWay {
        previous: replaced,
        published: new.map(|version| version.number),
    };
    lambda.settle_later(function, change);
    Ok(version.unwrap_or_else(|| Arc::clone(&function.latest)))
}

async fn store(lambda: &Lambda, source: CodeSource) -> Result<Arc<Code>, LambdaError> {
    let encoded = source.zip_file.ok_or_else(|| {
        LambdaError::invalid("Please provide the code as ZipFile: the sandbox does not take it from S3 or a registry.")
    })?;
    let zip = BASE64
        .decode(encoded)
        .map_err(|error| LambdaError::invalid(format!("ZipFile is not base64: {error}")))?;
    Ok(lambda.code.put(zip.into()).await?)
}

fn one_architecture(architectures: Option<&[String]>) -> Result<Option<Architecture>, LambdaError> {
    let invalid = |list: &[String], constraint: &str| {
        let list = format!("[{}]", list.join(", "));
        LambdaError::validation("architectures", list, constraint)
    };
    match architectures {
        None => Ok(None),
        Some(list @ [one]) => one.parse().map(Some).map_err(|_| {
            let constraint = "Member must satisfy constraint: \
                [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]";
            invalid(list, constraint)
        }),
        Some(list) => Err(invalid(
            list,
            "Member must have length less than or equal to 1",
        )),
    }
}
