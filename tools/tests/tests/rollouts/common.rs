//! Two pairs of a function, traffic, and `rollout` as a program.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    sync::Arc,
};

use sandbox::{
    client::{
        endpoint::Clients,
        http::HttpClient,
        traffic::{self, Load, Scenarios, SharedTotals, Targets},
    },
    execution::emulation::HOST,
    testing::{Pair, Sandbox},
};
use tempfile::TempDir;
use tests::changed_build;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

/// A function of which two pairs are published, in a sandbox. Both do the same.
pub struct Stage {
    pub sandbox: Arc<Sandbox>,
    pub function: String,
    /// The second pair.
    pub new: Pair,
    dist: TempDir,
}

/// Sends traffic to `live` until it is dropped.
pub struct Traffic(AbortHandle);

impl Drop for Traffic {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What a program has come to.
#[derive(Debug)]
pub struct Outcome {
    pub exit_code: Option<i32>,
    pub said: String,
}

impl Outcome {
    /// Says everything that was said when it is not so.
    #[track_caller]
    pub fn expect(&self, exit_code: i32, sentences: &[&str]) {
        assert_eq!(self.exit_code, Some(exit_code), "{}", self.said);
        for sentence in sentences {
            assert!(self.said.contains(sentence), "{sentence:?}: {}", self.said);
        }
    }
}

impl Stage {
    /// `live` serves the first pair, the build that runs here without an emulator.
    pub async fn set(function: &str) -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        Self::set_as(&Arc::new(sandbox), function, function).await
    }

    /// The same under another name, in a sandbox that is there.
    pub async fn set_as(sandbox: &Arc<Sandbox>, function: &str, name: &str) -> Self {
        let publish = async |memory_mib: u32| {
            let dist = changed_build(function, name, |manifest| {
                manifest["memory_mib"] = memory_mib.into();
            });
            let pair = sandbox.apply_from(dist.path(), name).await.unwrap();
            (dist, pair)
        };
        let (_, old) = publish(512).await;
        let (dist, new) = publish(513).await;
        let back = sandbox.lambda.update_alias().function_name(name);
        let back = back.name("live").function_version(old.version(HOST));
        back.send().await.unwrap();
        Self {
            sandbox: Arc::clone(sandbox),
            function: name.to_owned(),
            new,
            dist,
        }
    }

    /// Publishes one more version, with other settings.
    pub async fn newer(&self) -> String {
        let lambda = &self.sandbox.lambda;
        let update = lambda.update_function_configuration();
        let before = lambda.get_function_configuration();
        let before = before.function_name(&self.function).send().await.unwrap();
        let memory = before.memory_size().unwrap() + 1;
        let update = update.function_name(&self.function).memory_size(memory);
        update.send().await.unwrap();
        let published = lambda.publish_version().function_name(&self.function);
        published.send().await.unwrap().version.unwrap()
    }

    /// The version that a rollout moves to.
    pub fn candidate(&self) -> &str {
        self.new.version(HOST)
    }

    /// Injects a fault of DynamoDB that only one version feels.
    pub fn deny(&self, operation: &str, percent: u32, version: &str) {
        let function = &self.function;
        let fault = format!("dynamodb:{operation}:denied={percent}%@{function}:{version}");
        self.sandbox.service_fault(&fault).unwrap();
    }

    /// So many of the function's scenarios a second.
    pub async fn traffic(&self, per_second: f64) -> Traffic {
        let folder = tests::root().join("functions").join(&self.function);
        let scenarios = Scenarios::steps(&folder.join("traffic")).unwrap();
        self.send(scenarios, per_second).await
    }

    /// So many times a second one of its sample events.
    pub async fn invocations(&self, event: &str, per_second: f64) -> Traffic {
        let folder = tempfile::tempdir().unwrap();
        let events = self.dist.path().join(&self.function).join("events");
        std::fs::copy(events.join(event), folder.path().join(event)).unwrap();
        let scenarios = Scenarios::events(folder.path()).unwrap();
        self.send(scenarios, per_second).await
    }

    async fn send(&self, scenarios: Scenarios, per_second: f64) -> Traffic {
        let Clients {
            lambda,
            json,
            admin,
        } = Clients::new(&self.sandbox.sdk_config()).unwrap();
        let queues = scenarios.queues().into_iter();
        let url = |name: &str| format!("{}/000000000000/{name}", self.sandbox.endpoint);
        let targets = Arc::new(Targets {
            lambda,
            function: self.function.clone(),
            qualifier: "live".to_owned(),
            http: HttpClient::new(),
            http_api: admin.http_apis().await.unwrap().remove(&self.function),
            queue_urls: queues.map(|name| (name.clone(), url(&name))).collect(),
            json,
        });
        let load = Load {
            rate: per_second,
            concurrency: 16,
            duration: None,
        };
        let sending = tokio::spawn(async move {
            let (totals, never) = (SharedTotals::default(), CancellationToken::new());
            traffic::send(&targets, &load, &scenarios, &totals, &never).await;
        });
        Traffic(sending.abort_handle())
    }

    /// `rollout run`, or `retry`, to the second pair, with periods of a second.
    pub async fn rollout(&self, word: &str, flags: &[&str]) -> Outcome {
        let quick = [
            "--period",
            "1s",
            "--metric-delay",
            "1s",
            "--no-data-timeout",
            "6s",
        ];
        let to = ["--to", self.candidate()];
        self.run(word, &[&to, &quick[..], flags].concat()).await
    }

    /// Another command of `rollout` about the function.
    pub async fn run(&self, word: &str, flags: &[&str]) -> Outcome {
        let mut command = Command::new(program("rollout"));
        command
            .args(["--endpoint-url", &self.sandbox.endpoint, "--dist"])
            .arg(self.dist.path())
            .args([word, &self.function])
            .args(flags)
            .stdin(Stdio::null());
        // The sandbox goes on meanwhile.
        let output = tokio::task::spawn_blocking(move || command.output());
        let output = output.await.unwrap().unwrap();
        let said = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
        Outcome {
            exit_code: output.status.code(),
            // Lines are folded at their spaces.
            said: said.concat().replace("\n         ", " "),
        }
    }
}

/// A program that was built beside this test.
fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(|deps| deps.parent()).unwrap();
    let path = folder.join(name);
    assert!(
        path.exists(),
        "{} is missing: cargo build --workspace --bins",
        path.display()
    );
    path
}
