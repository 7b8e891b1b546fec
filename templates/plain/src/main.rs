//! Greets by the name in the event.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde::{Deserialize, Serialize};
use shared::telemetry;

/// The event. Any other is a function error that names the field that does not fit.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    /// Whom to greet.
    name: Option<String>,
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
    let name = event.payload.name.as_deref().unwrap_or("AWS Lambda");
    let message = format!("Hello {name}!");
    Ok(Greeting { message })
}

#[cfg(test)]
mod tests {
    use lambda_runtime::Context;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn a_greeting_has_the_name_or_a_default() {
        for (event, message) in [
            (json!({"name": "Ada"}), "Hello Ada!"),
            (json!({}), "Hello AWS Lambda!"),
        ] {
            let request = serde_json::from_value(event).unwrap();
            let event = LambdaEvent::new(request, Context::default());
            assert_eq!(handle(event).await.unwrap().message, message);
        }
    }
}
