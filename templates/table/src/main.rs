//! Greets by the name in the event, as a DynamoDB table says.

use std::collections::HashMap;

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde::{Deserialize, Serialize};
use shared::{aws, configuration, telemetry};

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

// One invocation at a time, which mostly waits for the network: a single-threaded runtime starts faster.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = telemetry::init();
    // During init, and not in the handler: a client keeps its connections from one invocation to the next.
    let client = Client::new(&aws::config().await);
    let table: String = configuration::required("GREETINGS_TABLE")?;
    run(telemetry.observe(service_fn(|event| handle(event, &client, &table)))).await
}

async fn handle(
    event: LambdaEvent<Request>,
    client: &Client,
    table: &str,
) -> Result<Greeting, Error> {
    let name = event.payload.name;
    let get = client.get_item().table_name(table);
    let get = get.key("name", AttributeValue::S(name.clone()));
    let output = get.send().await.map_err(|error| aws::explain(&error))?;
    Ok(greeting(&name, &output.item.unwrap_or_default()))
}

/// Everybody whom the table does not know is greeted with Hello.
fn greeting(name: &str, item: &HashMap<String, AttributeValue>) -> Greeting {
    let salutation = item.get("salutation").and_then(|value| value.as_s().ok());
    let salutation = salutation.map_or("Hello", String::as_str);
    let message = format!("{salutation} {name}!");
    Greeting { message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_the_table_knows_is_greeted_as_it_says() {
        let salutation = AttributeValue::S("Good evening".to_owned());
        let known = HashMap::from([("salutation".to_owned(), salutation)]);
        for (item, message) in [(known, "Good evening Ada!"), (HashMap::new(), "Hello Ada!")] {
            assert_eq!(greeting("Ada", &item).message, message);
        }
    }
}
