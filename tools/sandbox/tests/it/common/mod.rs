//! What the tests of the Lambda API share: a sandbox in this process, a client, and functions to give it.
#![allow(dead_code, unreachable_pub)] // every test file uses its own part of it
#![allow(clippy::unwrap_used, clippy::expect_used)] // a helper that panics fails its test

use std::{
    io::{Cursor, Write as _},
    ops::Deref,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::Duration,
};

use aws_sdk_lambda::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::{
        create_function::builders::CreateFunctionFluentBuilder,
        invoke::{InvokeOutput, builders::InvokeFluentBuilder},
    },
    primitives::Blob,
    types::{Architecture, FunctionCode, Runtime},
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use sandbox::{
    client::{admin::AdminClient, endpoint::sdk_config},
    execution::{emulation::HOST, faults::FaultPlan},
    server::Options,
    testing,
};
use serde_json::{Value, json};
use statrs::distribution::{Binomial, DiscreteCDF as _};

pub mod batches;
pub mod external;
pub mod program;
pub mod queues;

/// Name of the function of most tests.
pub const FUNCTION: &str = "probe";

/// Its role.
pub const ROLE: &str = "arn:aws:iam::000000000000:role/probe";

/// A sandbox of [`sandbox::testing`], and what the tests of the Lambda API do with it.
pub struct Sandbox(testing::Sandbox);

impl Deref for Sandbox {
    type Target = testing::Sandbox;

    fn deref(&self) -> &testing::Sandbox {
        &self.0
    }
}

impl Sandbox {
    /// One with Lambda's limits, but that waits for a function's first initialisation for half a second only.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(change: impl FnOnce(&mut Options)) -> Self {
        let sandbox = testing::Sandbox::start_with(|options| {
            options.init_limit = Duration::from_millis(500);
            options.seed = Some(7);
            change(options);
        });
        Self(sandbox.await.unwrap())
    }

    /// One with the probe as `$LATEST` of [`FUNCTION`].
    pub async fn with_probe() -> Self {
        let sandbox = Self::start().await;
        sandbox.create(host(), probe_zip()).await;
        sandbox
    }

    /// Creates [`FUNCTION`] with a time limit of 3 s.
    pub async fn create(&self, architecture: Architecture, zip: Vec<u8>) {
        let create = create_function(&self.lambda, zip).architectures(architecture);
        create.send().await.unwrap();
    }

    /// Sets the time limit of `$LATEST` to one second.
    pub async fn limit_to_one_second(&self) {
        let update = self.lambda.update_function_configuration();
        let update = update.function_name(FUNCTION).timeout(1);
        update.send().await.unwrap();
    }

    /// Publishes `$LATEST`; gives the number.
    pub async fn publish(&self) -> String {
        let version = self
            .lambda
            .publish_version()
            .function_name(FUNCTION)
            .send()
            .await
            .unwrap();
        version.version.unwrap()
    }

    /// Changes `$LATEST`, so that the next version is another.
    pub async fn change(&self, description: &str) {
        let update = self
            .lambda
            .update_function_configuration()
            .function_name(FUNCTION);
        update.description(description).send().await.unwrap();
    }

    /// An invocation of [`FUNCTION`] with this event.
    pub fn ask(&self, event: &Value) -> InvokeFluentBuilder {
        self.lambda
            .invoke()
            .function_name(FUNCTION)
            .payload(Blob::new(event.to_string()))
    }

    /// The response of `$LATEST` to this event; fails when it is an error.
    pub async fn answer(&self, event: Value) -> Value {
        let output = self.ask(&event).send().await.unwrap();
        assert_eq!(output.function_error, None, "{}", payload(&output));
        payload(&output)
    }

    /// The function error of `$LATEST` for this event.
    pub async fn error(&self, event: Value) -> Value {
        let output = self.ask(&event).send().await.unwrap();
        assert_eq!(output.status_code, 200);
        assert_eq!(
            output.function_error.as_deref(),
            Some("Unhandled"),
            "{}",
            payload(&output)
        );
        payload(&output)
    }

    /// Everything that the logs of [`FUNCTION`] say.
    pub fn logs(&self) -> String {
        self.0.logs(FUNCTION).unwrap()
    }

    /// Injects faults into the host's build of [`FUNCTION`].
    pub async fn inject(&self, plan: FaultPlan) {
        AdminClient::new(&self.endpoint)
            .unwrap()
            .set_faults(FUNCTION, HOST, &plan)
            .await
            .unwrap();
    }

    /// Stops it as a signal does, and waits until it has stopped.
    pub async fn stop(&mut self) {
        self.0.stop().await.unwrap();
    }
}

/// A client without retries: tests count.
pub fn client(endpoint: &str) -> Client {
    Client::new(&sdk_config(endpoint, "us-east-1"))
}

/// The creation of [`FUNCTION`] with this code.
pub fn create_function(client: &Client, zip: Vec<u8>) -> CreateFunctionFluentBuilder {
    client
        .create_function()
        .function_name(FUNCTION)
        .role(ROLE)
        .runtime(Runtime::Providedal2023)
        .handler("bootstrap")
        .code(FunctionCode::builder().zip_file(Blob::new(zip)).build())
}

/// The end of the log that an invocation has asked for.
pub fn tail(output: &InvokeOutput) -> String {
    String::from_utf8(BASE64.decode(output.log_result().unwrap()).unwrap()).unwrap()
}

/// Fails unless `count` of `all` is as many as chance allows with this share: outside of that in one of a thousand runs.
pub fn assert_share(count: u64, all: u64, share: f64) {
    let expected = Binomial::new(share, all).unwrap();
    let range = expected.inverse_cdf(0.0005)..=expected.inverse_cdf(0.9995);
    assert!(
        range.contains(&count),
        "{count} of {all} is outside {range:?}"
    );
}

/// The response or error of an invocation as JSON.
pub fn payload(output: &InvokeOutput) -> Value {
    serde_json::from_slice(output.payload.as_ref().unwrap().as_ref()).unwrap()
}

/// Type, status and message of an error of the API.
pub fn refusal<T: std::fmt::Debug, E>(result: Result<T, SdkError<E>>) -> (String, u16, String)
where
    E: ProvideErrorMetadata + std::fmt::Debug,
{
    let error = result.expect_err("should be refused");
    let status = error
        .raw_response()
        .map_or(0, |response| response.status().as_u16());
    (
        error.code().unwrap_or_default().to_owned(),
        status,
        error.message().unwrap_or_default().to_owned(),
    )
}

/// The architecture of this machine, for the client.
pub fn host() -> Architecture {
    Architecture::from(HOST.as_str())
}

/// The other one.
pub fn foreign() -> Architecture {
    Architecture::from(HOST.other().as_str())
}

/// The probe in a zip.
pub fn probe_zip() -> Vec<u8> {
    static ZIP: OnceLock<Vec<u8>> = OnceLock::new();
    ZIP.get_or_init(|| zip(&[("bootstrap", 0o755, &std::fs::read(probe()).unwrap())]))
        .clone()
}

/// The probe, built if need be: `cargo test --test` does not build examples.
fn probe() -> PathBuf {
    let probe = Path::new(env!("CARGO_BIN_EXE_sandbox")).with_file_name("examples/probe");
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let modified = |path: &Path| {
        path.metadata()
            .and_then(|metadata| metadata.modified())
            .ok()
    };
    if modified(&probe) < modified(&package.join("examples/probe.rs")) {
        let mut build = Command::new(env!("CARGO"));
        build.args([
            "build",
            "--quiet",
            "--package",
            "sandbox",
            "--example",
            "probe",
        ]);
        build.current_dir(package);
        external::stdout_of(build);
    }
    probe
}

/// The manifest of a function without tables, queues and trigger. Both builds are the same zip.
pub fn manifest(name: &str, description: &str) -> Value {
    let artifact = json!({
        "zip": "code.zip", "code_sha256": "", "zip_bytes": 1, "bootstrap_bytes": 1, "commit": "0",
    });
    let artifacts = package::Architecture::ALL.map(|build| (build.to_string(), artifact.clone()));
    json!({
        "schema_version": package::manifest::SCHEMA_VERSION,
        "name": name,
        "description": description,
        "runtime": "provided.al2023",
        "handler": "bootstrap",
        "memory_mib": 128,
        "timeout_s": 5,
        "ephemeral_storage_mib": 512,
        "environment": {},
        "trigger": {"kind": "none"},
        "tables": [], "queues": [],
        "replay": {},
        "rollout": {},
        "artifacts": serde_json::Map::from_iter(artifacts),
    })
}

/// Writes a build as `scripts/build.sh` does: `dist/<function>/`, with this code.
pub fn write_build(dist: &Path, manifest: &Value, zip: &[u8]) {
    let folder = dist.join(manifest["name"].as_str().unwrap());
    std::fs::create_dir_all(folder.join("events")).unwrap();
    std::fs::write(folder.join("code.zip"), zip).unwrap();
    std::fs::write(folder.join("function.json"), manifest.to_string()).unwrap();
}

/// A build of the probe in `dist/`, with a table and a queue. Both builds are the host's: no emulator is needed.
pub fn build(dist: &Path, change: impl FnOnce(&mut Value)) {
    let mut manifest = manifest(FUNCTION, "Does as it is told");
    manifest["tables"] = json!([{
        "name": "documents",
        "variable": "DOCUMENTS_TABLE",
        "actions": ["GetItem"],
        "partition_key": {"name": "id", "type": "S"},
        "sort_key": null,
        "indexes": [{
            "name": "by_kind",
            "partition_key": {"name": "kind", "type": "S"},
            "sort_key": {"name": "id", "type": "S"},
        }],
        "ttl_attribute": "expires_at",
    }]);
    manifest["queues"] = json!([{
        "name": "new-documents",
        "queue_name": "new-documents",
        "dead_letter_queue_name": "new-documents-dead-letter",
        "variable": "NEW_DOCUMENTS_QUEUE_URL",
        "actions": ["SendMessage"],
        "fifo": false,
        "visibility_timeout_s": 60,
        "max_receive_count": 5,
    }]);
    change(&mut manifest);
    write_build(dist, &manifest, &probe_zip());
}

/// A shell script as the `bootstrap` in a zip.
pub fn script_zip(script: &str) -> Vec<u8> {
    zip(&[(
        "bootstrap",
        0o755,
        format!("#!/bin/sh\n{script}\n").as_bytes(),
    )])
}

/// A zip with these files: name, permissions, content.
pub fn zip(files: &[(&str, u32, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, mode, content) in files {
        let options = zip::write::SimpleFileOptions::default().unix_permissions(*mode);
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Whether a process exists.
pub fn is_alive(pid: u64) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // A zombie is dead and waits for its parent to notice.
    stat.rsplit_once(')')
        .is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

/// Whether a process is stopped.
pub fn is_stopped(pid: u64) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')')
        .is_some_and(|(_, rest)| rest.trim_start().starts_with('T'))
}

/// Waits until something holds; fails after ten seconds.
pub async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..500 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("never: {what}");
}

/// `{"do": what}`
pub fn does(what: &str) -> Value {
    json!({ "do": what })
}

/// A statistic of the last minutes of a metric: `Sum`, `SampleCount` or `Maximum`, 0 where there is none.
pub async fn metric(
    sandbox: &testing::Sandbox,
    (namespace, name): (&str, &str),
    dimensions: &[(&str, &str)],
    statistic: &str,
) -> f64 {
    let dimensions = dimensions.iter().map(|(name, value)| {
        let dimension = aws_sdk_cloudwatch::types::Dimension::builder();
        dimension.name(*name).value(*value).build()
    });
    let now = chrono::Utc::now().timestamp();
    let asked = aws_sdk_cloudwatch::Client::new(&sandbox.sdk_config())
        .get_metric_statistics()
        .namespace(namespace)
        .metric_name(name)
        .set_dimensions(Some(dimensions.collect()))
        .start_time(aws_sdk_cloudwatch::primitives::DateTime::from_secs(
            now - 600,
        ))
        .end_time(aws_sdk_cloudwatch::primitives::DateTime::from_secs(
            now + 60,
        ))
        .period(60)
        .statistics(statistic.into());
    let points = asked.send().await.unwrap().datapoints.unwrap_or_default();
    points
        .iter()
        .filter_map(|point| point.sum.or(point.sample_count).or(point.maximum))
        .sum()
}
