//! The controller killed at every call of its wakes: before the call is sent, and when it has been answered.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    runtime_components::RuntimeComponents,
};
use chrono::Utc;
use controller::wake::Wake;
use rollout::delivery::record::Record;
use tokio::sync::Notify;

use crate::controller::{QUICK, controller_of, description, is_under_way, live, started, told};

/// Does the calls of a wake but for one, and says when its moment has come.
#[derive(Debug, Clone)]
struct Killing {
    client: SharedHttpClient,
    /// How many calls are still done.
    left: Arc<AtomicUsize>,
    /// Whether the last one is answered before the end.
    answered: bool,
    /// How many changes of the alias or the tags there were, of all wakes: the first is not sent, the second not heard of.
    changes: Arc<AtomicUsize>,
    /// The call that was the end, and whether it was answered.
    killed_at: Arc<Mutex<(String, bool)>>,
    now: Arc<Notify>,
}

impl Killing {
    /// Whether this call is the last one, and then whether it is answered.
    fn last(&self, request: &HttpRequest) -> Option<bool> {
        let is_last = self.left.fetch_sub(1, Ordering::SeqCst) == 0;
        let answered = match request.method() {
            "PUT" | "DELETE" => Some(self.changes.fetch_add(1, Ordering::SeqCst) % 2 == 1),
            _ => is_last.then_some(self.answered),
        }?;
        let (_, path) = request.uri().split_once("//")?;
        let (_, path) = path.split_once('/')?;
        *self.killed_at.lock().unwrap() = (format!("{} /{path}", request.method()), answered);
        Some(answered)
    }
}

impl HttpClient for Killing {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(KillingConnector {
            connector: self.client.http_connector(settings, components),
            killing: self.clone(),
        })
    }
}

#[derive(Debug)]
struct KillingConnector {
    connector: SharedHttpConnector,
    killing: Killing,
}

impl HttpConnector for KillingConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (connector, killing) = (self.connector.clone(), self.killing.clone());
        HttpConnectorFuture::new(async move {
            match killing.last(&request) {
                None => return connector.call(request).await,
                Some(true) => drop(connector.call(request).await),
                Some(false) => {}
            }
            killing.now.notify_one();
            std::future::pending().await
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_that_is_killed_at_every_call_of_a_wake_does_no_harm() {
    let stage = started(&QUICK).await;
    let traffic = stage.invocations("three-bytes.json", 30.0).await;
    let (mut calls, mut answered, mut killed_at) = (0, false, BTreeSet::new());
    let changes = Arc::default();
    while is_under_way(&stage).await {
        let config = stage.sandbox.sdk_config();
        let killing = Killing {
            client: config.http_client().unwrap(),
            left: Arc::new(AtomicUsize::new(calls)),
            answered,
            changes: Arc::clone(&changes),
            killed_at: Arc::default(),
            now: Arc::default(),
        };
        let config = config.to_builder().http_client(killing.clone()).build();
        let mut controller = controller_of(&config);
        let wake = Wake::Time(Utc::now());
        tokio::select! {
            () = killing.now.notified() => {
                killed_at.insert(killing.killed_at.lock().unwrap().clone());
                calls += 1;
            }
            woken = controller.wake(&wake) => {
                woken.unwrap();
                // It has no more calls: from the first one again.
                (calls, answered) = (0, !answered);
            }
        }
    }
    drop(traffic);
    let live = live(&stage).await;
    assert_eq!(live.function_version(), Some(stage.candidate()), "{live:?}");
    let record: Record = description(&live).parse().unwrap();
    let weights: Vec<_> = record.changes.iter().map(|it| it.percent.value()).collect();
    assert_eq!(weights, [20.0, 50.0, 100.0], "{record}");
    for answered in [false, true] {
        for part in [
            "PUT /2015-03-31/functions/hasher/aliases/live",
            "GetMetricData",
            "DELETE /2017",
        ] {
            let mut killed = killed_at.iter();
            let found = killed.any(|(call, was)| call.contains(part) && *was == answered);
            assert!(found, "{part}, {answered}: {killed_at:#?}");
        }
    }
    let told = told(&stage);
    for what in ["started", "step", "promoted"] {
        assert!(told.contains(&what.to_owned()), "{told:?}");
    }
}
