//! A real pair of `hasher` in a dist folder of its own, to be spoiled, and a sandbox to publish it to.

use std::{
    fs,
    io::{Cursor, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use assert_cmd::assert::Assert;
use aws_sdk_lambda::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    primitives::Blob,
    types::AliasRoutingConfiguration,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use package::{Architecture, FunctionManifest};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

/// The function that every test publishes.
pub(crate) const FUNCTION: &str = "hasher";

const SMALL_EVENT: &str = "events/three-bytes.json";
const EXECUTABLE: u32 = 0o755;
const PATIENCE: Duration = Duration::from_secs(60);

/// A dist folder with one built function.
pub(crate) struct Dist {
    folder: TempDir,
    pub(crate) manifest: FunctionManifest,
}

/// One file of a zip.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) mode: u32,
    pub(crate) bytes: Vec<u8>,
}

impl Dist {
    /// A copy of the function's real dist folder.
    pub(crate) fn real() -> Self {
        let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dist");
        let manifest = FunctionManifest::read(&built, FUNCTION)
            .expect("dist/hasher is missing: scripts/build.sh hasher");
        let dist = Self {
            folder: tempfile::tempdir().expect("a folder"),
            manifest,
        };
        fs::create_dir_all(dist.function().join("events")).expect("a folder");
        let built = built.join(FUNCTION);
        for architecture in Architecture::ALL {
            let zip = &dist.manifest.artifacts[&architecture].zip;
            fs::copy(built.join(zip), dist.function().join(zip)).expect("is copied");
        }
        for event in fs::read_dir(built.join("events")).expect("events") {
            let event = event.expect("an event");
            let copy = dist.function().join("events").join(event.file_name());
            fs::copy(event.path(), copy).expect("is copied");
        }
        dist.write_manifest();
        dist
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The function's folder in it.
    pub(crate) fn function(&self) -> PathBuf {
        self.path().join(FUNCTION)
    }

    pub(crate) fn zip(&self, architecture: Architecture) -> PathBuf {
        self.function()
            .join(&self.manifest.artifacts[&architecture].zip)
    }

    /// The bootstrap of a build.
    pub(crate) fn bootstrap(&self, architecture: Architecture) -> Vec<u8> {
        let zip = fs::read(self.zip(architecture)).expect("a zip");
        let mut archive = ZipArchive::new(Cursor::new(zip)).expect("a zip");
        let mut bytes = Vec::new();
        let mut entry = archive.by_name("bootstrap").expect("a bootstrap");
        entry.read_to_end(&mut bytes).expect("is read");
        bytes
    }

    /// Packs a build anew, and says so in the manifest.
    pub(crate) fn pack(&mut self, architecture: Architecture, entries: &[Entry]) {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for entry in entries {
            let options = SimpleFileOptions::default().unix_permissions(entry.mode);
            writer.start_file(&entry.name, options).expect("an entry");
            writer.write_all(&entry.bytes).expect("is written");
        }
        let zip = writer.finish().expect("a zip").into_inner();
        fs::write(self.zip(architecture), &zip).expect("is written");
        let artifact = self
            .manifest
            .artifacts
            .get_mut(&architecture)
            .expect("a build");
        artifact.code_sha256 = BASE64_STANDARD.encode(Sha256::digest(&zip));
        self.write_manifest();
    }

    /// Packs a build anew with another bootstrap.
    pub(crate) fn pack_bootstrap(&mut self, architecture: Architecture, bytes: Vec<u8>) {
        self.pack(architecture, &[bootstrap(bytes)]);
    }

    /// Changes a build's code without changing what it does.
    pub(crate) fn change(&mut self, architecture: Architecture, marker: &str) {
        let entries = [
            bootstrap(self.bootstrap(architecture)),
            Entry {
                name: "marker".to_owned(),
                mode: 0o644,
                bytes: marker.into(),
            },
        ];
        self.pack(architecture, &entries);
    }

    pub(crate) fn write_manifest(&self) {
        let text = serde_json::to_vec(&self.manifest).expect("JSON");
        fs::write(self.function().join("function.json"), text).expect("is written");
    }
}

/// An executable bootstrap.
pub(crate) fn bootstrap(bytes: Vec<u8>) -> Entry {
    Entry {
        name: "bootstrap".to_owned(),
        mode: EXECUTABLE,
        bytes,
    }
}

/// A sandbox of the test's own; dropping it ends it.
pub(crate) struct Sandbox {
    folder: TempDir,
    pub(crate) endpoint: String,
    process: Child,
}

impl Sandbox {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let process = Command::new(sandbox_binary())
            .args(["serve", "--port", "0", "--folder"])
            .arg(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("the sandbox is missing: cargo build -p sandbox");
        let endpoint = endpoint(folder.path());
        Self {
            folder,
            endpoint,
            process,
        }
    }

    /// Stands where Terraform stands: creates or updates the function.
    pub(crate) fn apply(&self, dist: &Dist) {
        self.command(&["apply", FUNCTION, "--dist"], dist.path());
    }

    /// Invokes `live` so many times, one after the other, with the smallest sample event.
    #[tokio::main(flavor = "current_thread")]
    pub(crate) async fn invoke_live(&self, dist: &Dist, times: usize) {
        let event = fs::read(dist.function().join(SMALL_EVENT)).expect("an event");
        let lambda = self.lambda();
        for _ in 0..times {
            let invoke = lambda.invoke().function_name(FUNCTION).qualifier("live");
            let answer = invoke.payload(Blob::new(event.clone())).send().await;
            let answer = answer.expect("answers");
            assert_eq!(answer.function_error(), None, "{:?}", answer.payload());
        }
    }

    /// Sends traffic to `live` until it is dropped: the smallest sample event.
    pub(crate) fn traffic_in_background(&self, dist: &Dist, rate: &str) -> Killed {
        let event = dist.function().join(SMALL_EVENT);
        let events = self.folder.path().join("small");
        fs::create_dir_all(&events).expect("a folder");
        fs::copy(event, events.join("event.json")).expect("is copied");
        let mut command = Command::new(sandbox_binary());
        command
            .args(["traffic", FUNCTION, "--quiet", "--rate", rate, "--events"])
            .arg(events)
            .arg("--folder")
            .arg(self.folder.path())
            .env_remove("AWS_ENDPOINT_URL")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Killed(command.spawn().expect("traffic starts"))
    }

    /// Injects a fault, such as `arm64:errors=50%`.
    pub(crate) fn fault(&self, fault: &str) {
        let mut command = assert_cmd::Command::new(sandbox_binary());
        command
            .args(["fault", FUNCTION, fault, "--folder"])
            .arg(self.folder.path());
        command.env_remove("AWS_ENDPOINT_URL").assert().success();
    }

    /// Gives a version a weight beside version 1, as somebody may by hand.
    #[tokio::main(flavor = "current_thread")]
    pub(crate) async fn give(&self, version: u64, weight: f64) {
        let routing = AliasRoutingConfiguration::builder()
            .additional_version_weights(version.to_string(), weight);
        let update = self.lambda().update_alias().function_name(FUNCTION);
        let update = update.name("live").routing_config(routing.build());
        update.send().await.expect("has a weight");
    }

    /// A client of its own.
    pub(crate) fn lambda(&self) -> Client {
        let config = aws_sdk_lambda::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(&self.endpoint)
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("a", "b", None, None, "test"))
            .build();
        Client::from_conf(config)
    }

    /// `rollout` through another endpoint, as a process to be killed.
    pub(crate) fn rollout_process_through(
        endpoint: &str,
        dist: &Dist,
        arguments: &[&str],
    ) -> Child {
        Command::new(env!("CARGO_BIN_EXE_rollout"))
            .args(["--endpoint-url", endpoint, "--dist"])
            .arg(dist.path())
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("rollout starts")
    }

    /// Waits until a version has a share of `live`.
    pub(crate) fn reaches(&self, dist: &Dist, version: u64, percent: f64) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let status = self.rollout_json(dist, &["status", FUNCTION]);
            let versions = status[0]["versions"].as_array().expect("versions");
            let reached = versions
                .iter()
                .any(|v| v["version"] == version && v["live_percent"] == percent);
            if reached {
                return;
            }
            assert!(Instant::now() < deadline, "never reached: {status:?}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn command(&self, arguments: &[&str], path: &Path) {
        let mut command = assert_cmd::Command::new(sandbox_binary());
        command
            .args(arguments)
            .arg(path)
            .arg("--folder")
            .arg(self.folder.path());
        command.env_remove("AWS_ENDPOINT_URL").assert().success();
    }

    /// Runs `rollout` against it.
    pub(crate) fn rollout(&self, dist: &Dist, arguments: &[&str]) -> Assert {
        self.rollout_in(dist.path(), arguments)
    }

    /// The same with any folder for the builds.
    pub(crate) fn rollout_in(&self, dist: &Path, arguments: &[&str]) -> Assert {
        let arguments = [&["--endpoint-url", &self.endpoint], arguments].concat();
        rollout_in(dist, &arguments)
    }

    /// Runs `rollout --json` against it and reads its lines.
    pub(crate) fn rollout_json(&self, dist: &Dist, arguments: &[&str]) -> Vec<serde_json::Value> {
        let assert = self.rollout(dist, &[&["--json"], arguments].concat());
        String::from_utf8_lossy(&assert.get_output().stdout)
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    }
}

/// A process of a test, killed when it is dropped.
pub(crate) struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let id = nix::unistd::Pid::from_raw(self.process.id() as i32);
        // SIGTERM, so that it ends its functions too.
        let _ = nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM);
        let _ = self.process.wait();
    }
}

/// Runs `rollout` on a dist folder.
pub(crate) fn rollout(dist: &Dist, arguments: &[&str]) -> Assert {
    rollout_in(dist.path(), arguments)
}

fn rollout_in(dist: &Path, arguments: &[&str]) -> Assert {
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_rollout"));
    command.arg("--dist").arg(dist).args(arguments).assert()
}

/// Everything that was said.
pub(crate) fn said(assert: &Assert) -> String {
    let output = assert.get_output();
    [&output.stdout, &output.stderr]
        .map(|bytes| String::from_utf8_lossy(bytes))
        .concat()
        // Lines are folded at their spaces.
        .replace("\n         ", " ")
}

fn sandbox_binary() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_rollout")).with_file_name("sandbox")
}

fn endpoint(folder: &Path) -> String {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let ready = fs::read_to_string(folder.join("sandbox.json")).unwrap_or_default();
        if let Ok(ready) = serde_json::from_str::<serde_json::Value>(&ready) {
            return ready["endpoint"].as_str().expect("an endpoint").to_owned();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("the sandbox is not ready");
}
