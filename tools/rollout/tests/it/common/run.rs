//! A sandbox with one function, two versions of it behind `live`, and traffic.

use std::{
    fs::File,
    io::{Cursor, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use aws_sdk_lambda::{
    Client,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
    operation::get_alias::GetAliasOutput,
    primitives::Blob,
    types::{AliasRoutingConfiguration, Architecture, Environment, FunctionCode, Runtime},
};
use nix::pty::{OpenptyResult, openpty};
use package::{
    FunctionManifest, RolloutPolicy,
    manifest::{ReplayPolicy, SCHEMA_VERSION, Trigger},
};
use rollout::delivery::{frozen::Frozen, tags::RUN};
use zip::{ZipWriter, write::SimpleFileOptions};

/// The name of the function.
pub(crate) const FUNCTION: &str = "flaky";

/// Nothing here takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// How version 2 behaves; version 1 never fails.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Candidate {
    Good,
    /// Every tenth invocation reports an error.
    Errors,
    /// Every tenth invocation ends the process.
    Crashes,
    /// Every fifth invocation takes 100 ms longer.
    Slow,
    /// Every tenth invocation counts a server error, and is a success to Lambda.
    ServerErrors,
}

/// A sandbox and what it needs; dropping it ends everything.
pub(crate) struct Stage {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) endpoint: String,
    pub(crate) lambda: Client,
    sandbox: Child,
    traffic: Arc<AtomicBool>,
}

impl Stage {
    /// `live` serves version 1 alone, and version 2 behaves as asked.
    pub(crate) async fn set(candidate: Candidate) -> Self {
        let stage = Self::empty().await;
        stage.publish(candidate).await;
        stage.write_manifest(policy());
        stage
    }

    /// A sandbox without a function.
    async fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let sandbox = Command::new(beside_rollout("sandbox"))
            .args(["serve", "--port", "0", "--folder"])
            .arg(folder.path().join("sandbox"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the sandbox is missing: cargo build -p sandbox");
        let endpoint = endpoint(&folder.path().join("sandbox").join("sandbox.json")).await;
        Self {
            lambda: client(&endpoint),
            traffic: Arc::new(AtomicBool::new(true)),
            folder,
            endpoint,
            sandbox,
        }
    }

    async fn publish(&self, candidate: Candidate) {
        let code = FunctionCode::builder()
            .zip_file(Blob::new(zipped()))
            .build();
        self.lambda
            .create_function()
            .function_name(FUNCTION)
            .role("arn:aws:iam::000000000000:role/flaky")
            .runtime(Runtime::Providedal2023)
            .handler("bootstrap")
            .architectures(Architecture::X8664)
            .code(code)
            .send()
            .await
            .expect("is created");
        self.publish_version("1").await;
        let variables: &[(&str, &str)] = match candidate {
            Candidate::Good => &[("FAIL_EVERY", "0")],
            Candidate::Errors => &[("FAIL_EVERY", "10")],
            Candidate::Crashes => &[("FAIL_EVERY", "10"), ("FAIL_BY", "exit")],
            Candidate::Slow => &[("SLOW_EVERY", "5")],
            Candidate::ServerErrors => &[("COUNT_EVERY", "10")],
        };
        let variables = variables
            .iter()
            .map(|(name, value)| (String::from(*name), String::from(*value)));
        self.lambda
            .update_function_configuration()
            .function_name(FUNCTION)
            .environment(
                Environment::builder()
                    .set_variables(Some(variables.collect()))
                    .build(),
            )
            .send()
            .await
            .expect("is configured");
        self.publish_version("2").await;
        let live = self.lambda.create_alias().function_name(FUNCTION);
        let live = live.name("live").function_version("1");
        live.send().await.expect("the alias is created");
    }

    /// Publishes one more version, with other settings.
    pub(crate) async fn newer(&self) -> String {
        let update = self.lambda.update_function_configuration();
        let update = update.function_name(FUNCTION).memory_size(256);
        update.send().await.expect("is configured");
        let publish = self.lambda.publish_version().function_name(FUNCTION);
        let published = publish.send().await.expect("is published");
        published.version.expect("a number")
    }

    /// The version that the rollout leads to which the function's tags hold.
    pub(crate) async fn goal(&self) -> Option<String> {
        let function = self.lambda.get_function().function_name(FUNCTION);
        let function = function.send().await.expect("is there");
        let tags = function.tags.unwrap_or_default();
        let frozen: Option<Frozen> = RUN.read(&tags).expect("is read");
        Some(frozen?.goal()?.to_string())
    }

    async fn publish_version(&self, expected: &str) {
        let published = self
            .lambda
            .publish_version()
            .function_name(FUNCTION)
            .send()
            .await;
        assert_eq!(published.expect("is published").version(), Some(expected));
    }

    /// From now on the policy compares what a function behind an HTTP API counts.
    pub(crate) fn compare_server_errors(&self) {
        self.write_manifest(policy().with_metrics_of(&Trigger::Http));
    }

    /// From now on the alarm on the candidate goes off at so many failures.
    pub(crate) fn guard_at(&self, errors_percent: f64) {
        let mut policy = policy();
        policy.guard.errors_percent = errors_percent;
        self.write_manifest(policy);
    }

    fn write_manifest(&self, rollout: RolloutPolicy) {
        let manifest = FunctionManifest {
            schema_version: SCHEMA_VERSION,
            name: FUNCTION.to_owned(),
            description: String::new(),
            runtime: "provided.al2023".to_owned(),
            handler: "bootstrap".to_owned(),
            memory_mib: 128,
            timeout_s: 3,
            ephemeral_storage_mib: 512,
            environment: Default::default(),
            trigger: Trigger::None,
            tables: Vec::new(),
            queues: Vec::new(),
            parameters: Default::default(),
            permissions: Vec::new(),
            replay: ReplayPolicy::default(),
            rollout,
            artifacts: Default::default(),
        };
        let folder = self.dist().join(FUNCTION);
        std::fs::create_dir_all(&folder).expect("a folder");
        let text = serde_json::to_vec(&manifest).expect("JSON");
        std::fs::write(folder.join("function.json"), text).expect("is written");
    }

    pub(crate) fn dist(&self) -> PathBuf {
        self.folder.path().join("dist")
    }

    /// Starts about 150 invocations of `live` a second, until the stage is dropped.
    pub(crate) fn send_traffic(&self) {
        for _ in 0..3 {
            let (lambda, goes_on) = (self.lambda.clone(), Arc::clone(&self.traffic));
            tokio::spawn(async move {
                let mut ticks = tokio::time::interval(Duration::from_millis(20));
                while goes_on.load(Ordering::Relaxed) {
                    ticks.tick().await;
                    // What fails is counted by the sandbox.
                    let _ = lambda
                        .invoke()
                        .function_name(FUNCTION)
                        .qualifier("live")
                        .send()
                        .await;
                }
            });
        }
    }

    /// `rollout run` of version 2, or `rollout retry` where that is the first word.
    pub(crate) fn run(&self, arguments: &[&str]) -> Running {
        self.run_through(&self.endpoint, arguments)
    }

    /// The same through another endpoint.
    pub(crate) fn run_through(&self, endpoint: &str, arguments: &[&str]) -> Running {
        let mut command = self.command(endpoint, arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Running(command.spawn().expect("rollout starts"))
    }

    /// The same behind another program, such as `nohup` or [`super::WITH_A_TERMINAL`].
    pub(crate) fn run_behind(&self, program: &[&str], arguments: &[&str]) -> Running {
        let run = self.command(&self.endpoint, arguments);
        let mut command = Command::new(program[0]);
        command.args(&program[1..]);
        command.arg(run.get_program()).args(run.get_args());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Running(command.spawn().expect("it starts"))
    }

    fn command(&self, endpoint: &str, arguments: &[&str]) -> Command {
        let (word, arguments) = match arguments {
            ["retry", rest @ ..] => ("retry", rest),
            _ => ("run", arguments),
        };
        let mut command = Command::new(env!("CARGO_BIN_EXE_rollout"));
        command.args(["--endpoint-url", endpoint, word, FUNCTION]);
        for (flag, default) in [
            ("--to", "2"),
            ("--dist", &self.dist().display().to_string()),
        ] {
            if !arguments.contains(&flag) {
                command.args([flag, default]);
            }
        }
        command.args(arguments).stdin(Stdio::null());
        command
    }

    /// Another command with the function's name behind it, with `--json`: what it says.
    pub(crate) async fn ask(&self, command: &[&str]) -> serde_json::Value {
        self.order(&[command, &[FUNCTION]].concat()).await
    }

    /// Another command, word by word.
    pub(crate) async fn order(&self, words: &[&str]) -> serde_json::Value {
        let mut ask = Command::new(env!("CARGO_BIN_EXE_rollout"));
        ask.args(["--json", "--endpoint-url", &self.endpoint, "--dist"])
            .arg(self.dist())
            .args(words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let output = Running(ask.spawn().expect("rollout starts")).output().await;
        let (code, text) = said(&output);
        assert_eq!(code, Some(0), "{text}");
        let mut lines = lines(&String::from_utf8_lossy(&output.stdout));
        lines.pop().expect("an answer")
    }

    pub(crate) async fn live(&self) -> GetAliasOutput {
        let live = self.lambda.get_alias().function_name(FUNCTION).name("live");
        live.send().await.expect("live is there")
    }

    /// The version that `live` serves alone.
    pub(crate) async fn serves_alone(&self) -> Option<String> {
        let live = self.live().await;
        weight(&live)
            .is_none()
            .then(|| live.function_version().unwrap_or_default().to_owned())
    }

    /// Waits until version 2 has a certain weight.
    pub(crate) async fn reaches(&self, percent: f64) -> GetAliasOutput {
        eventually(async || {
            let live = self.live().await;
            let reached =
                weight(&live).is_some_and(|weight| (weight * 100.0 - percent).abs() < 1e-9);
            reached.then_some(live)
        })
        .await
    }

    /// `rollout run` on a terminal of its own, and the other end of that terminal.
    pub(crate) fn run_on_a_terminal(&self, arguments: &[&str]) -> (Running, File) {
        let Ok(OpenptyResult { master, slave }) = openpty(None, None) else {
            panic!("no pseudo-terminal");
        };
        let end = || Stdio::from(slave.try_clone().expect("is cloned"));
        let mut command = self.command(&self.endpoint, arguments);
        command.stdin(end()).stdout(end()).stderr(end());
        let run = Running(command.spawn().expect("rollout starts"));
        (run, File::from(master))
    }

    /// Gives version 2 a weight by hand.
    pub(crate) async fn set_by_hand(&self, weight: f64) {
        let routing = AliasRoutingConfiguration::builder().additional_version_weights("2", weight);
        self.lambda
            .update_alias()
            .function_name(FUNCTION)
            .name("live")
            .function_version("1")
            .routing_config(routing.build())
            .send()
            .await
            .expect("is set");
    }

    /// The journal's entries.
    pub(crate) fn journal(&self) -> Vec<serde_json::Value> {
        let path = self.dist().join(FUNCTION).join("rollout.jsonl");
        // Before a run has begun, there is none.
        lines(&std::fs::read_to_string(path).unwrap_or_default())
    }
}

/// A rollout of seconds.
/// A rollout of seconds: with a margin of 1 point, "not worse" would take every step ten seconds to prove.
fn policy() -> RolloutPolicy {
    RolloutPolicy {
        steps_percent: vec![20.0, 50.0, 100.0],
        bake_s: 2,
        min_samples: 20,
        period_s: 1,
        metric_delay_s: 1,
        no_data_timeout_s: 10,
        bake_after_s: 0,
        margin_percent: 5.0,
        ..RolloutPolicy::default()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.traffic.store(false, Ordering::Relaxed);
        let id = nix::unistd::Pid::from_raw(self.sandbox.id() as i32);
        // SIGTERM, so that it ends its functions too.
        let _ = nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM);
        let _ = self.sandbox.wait();
    }
}

/// A `rollout run` that has been started.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        let id = nix::unistd::Pid::from_raw(self.0.id() as i32);
        nix::sys::signal::kill(id, signal).expect("is signalled");
    }

    pub(crate) async fn output(self) -> Output {
        let waiting = tokio::task::spawn_blocking(|| self.0.wait_with_output());
        let ended = tokio::time::timeout(PATIENCE, waiting).await;
        ended
            .expect("hangs")
            .expect("is waited for")
            .expect("has output")
    }
}

/// Exit code and everything that was said.
pub(crate) fn said(output: &Output) -> (Option<i32>, String) {
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    // Lines are folded at their spaces.
    (
        output.status.code(),
        text.concat().replace("\n         ", " "),
    )
}

/// JSON lines.
pub(crate) fn lines(text: &str) -> Vec<serde_json::Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

pub(crate) fn weight(live: &GetAliasOutput) -> Option<f64> {
    live.routing_config()?
        .additional_version_weights()?
        .get("2")
        .copied()
}

/// Asks again and again until there is an answer.
pub(crate) async fn eventually<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "this never happens");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn endpoint(path: &Path) -> String {
    eventually(async || {
        let text = std::fs::read_to_string(path).ok()?;
        let ready: serde_json::Value = serde_json::from_str(&text).ok()?;
        Some(ready["endpoint"].as_str()?.to_owned())
    })
    .await
}

fn client(endpoint: &str) -> Client {
    let http = aws_smithy_http_client::Builder::new().build_http();
    let config = aws_sdk_lambda::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http)
        .endpoint_url(endpoint)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .build();
    Client::from_conf(config)
}

/// A program that Cargo has built next to `rollout`.
fn beside_rollout(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_rollout")).with_file_name(name);
    assert!(
        path.exists(),
        "{} is missing: cargo build -p {name}",
        path.display()
    );
    path
}

/// The fixture `examples/flaky.rs` as Lambda wants it.
fn zipped() -> Vec<u8> {
    let path = Path::new(env!("CARGO_BIN_EXE_rollout"))
        .with_file_name("examples")
        .join("flaky");
    let flaky =
        std::fs::read(path).expect("the fixture is missing: cargo build -p rollout --examples");
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let executable = SimpleFileOptions::default().unix_permissions(0o755);
    zip.start_file("bootstrap", executable).expect("an entry");
    zip.write_all(&flaky).expect("is packed");
    zip.finish().expect("a zip").into_inner()
}
