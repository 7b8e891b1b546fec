//! Greets by the name in the event.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde::{Deserialize, Serialize};
use shared::telemetry;

/// The event. Any other is a function error that names the field that does not fit.
#[derive(Deserialize)]
struct Request {
    name: String,
}

/// The answer.
#[derive(Debug, PartialEq, Serialize)]
struct Greeting {
    message: String,
}

// One invocation at a time on a fraction of a CPU: a single-threaded runtime starts faster.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = telemetry::init();
    // Make clients and read settings here, during init, and not in the handler.
    run(telemetry.observe(service_fn(handle))).await
}

async fn handle(event: LambdaEvent<Request>) -> Result<Greeting, Error> {
    let message = format!("Hello {}!", event.payload.name);
    Ok(Greeting { message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_greeting_has_the_name() {
        let name = "Ada".to_owned();
        let event = LambdaEvent::new(Request { name }, Default::default());
        let message = "Hello Ada!".to_owned();
        assert_eq!(handle(event).await.unwrap(), Greeting { message });
    }
}
