//! The function `controller`; `lib.rs` is the map.

use std::{env, sync::Arc};

use controller::{Controller, Woken, tell::LastTold, tick::Account, wake::Wake};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use rollout::aws::client::{Clients, Connection};
use serde_json::Value;
use shared::telemetry;
use tokio::sync::Mutex;

// One invocation at a time on a fraction of a CPU: a single-threaded runtime starts faster.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = telemetry::init();
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let connection = Connection {
        endpoint_url: env::var("AWS_ENDPOINT_URL").ok(),
        ..Connection::default()
    };
    let config = connection.config().await;
    let account = Account {
        clients: Clients::new(&config),
        events: aws_sdk_eventbridge::Client::new(&config),
        bus: Some(variable("EVENT_BUS"))
            .filter(|bus| !bus.is_empty())
            .unwrap_or_else(|| "default".to_owned()),
        last_told: LastTold::default(),
    };
    let controller = Arc::new(Mutex::new(Controller::new(
        account,
        variable("FUNCTION_PREFIX"),
    )));
    run(
        telemetry.observe(service_fn(move |event: LambdaEvent<Value>| {
            handle(event, Arc::clone(&controller))
        })),
    )
    .await
}

async fn handle(
    event: LambdaEvent<Value>,
    controller: Arc<Mutex<Controller>>,
) -> Result<Woken, Error> {
    let wake = Wake::read(event.payload)?;
    let woken = controller.lock().await.wake(&wake).await?;
    if woken.failed.is_empty() {
        return Ok(woken);
    }
    // So that the alarm on its errors sees it. All other rollouts were ticked, and nobody sends the event again: the next
    // minute tries.
    Err(format!(
        "no tick of {}: the lines of level ERROR say why",
        woken.failed.join(", ")
    )
    .into())
}
