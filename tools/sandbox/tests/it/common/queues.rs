//! Queues for tests.

use std::collections::HashMap;

use aws_sdk_sqs::{
    Client,
    types::{Message, MessageSystemAttributeName, QueueAttributeName},
};
use sandbox::testing::Sandbox;

/// A queue and a client that never retries.
#[derive(Debug, Clone)]
pub struct Queue {
    pub sqs: Client,
    pub url: String,
    pub arn: String,
}

impl Queue {
    pub async fn create(
        sandbox: &Sandbox,
        name: &str,
        attributes: &[(QueueAttributeName, &str)],
    ) -> Self {
        let sqs = Client::new(&sandbox.sdk_config());
        let mut create = sqs.create_queue().queue_name(name);
        for (name, value) in attributes {
            create = create.attributes(name.clone(), *value);
        }
        let url = create.send().await.unwrap().queue_url.unwrap();
        let arn = format!("arn:aws:sqs:us-east-1:000000000000:{name}");
        Self { sqs, url, arn }
    }
}

/// Sends a message without attributes; gives its id.
pub async fn send(queue: &Queue, body: &str) -> String {
    let message = queue.sqs.send_message().queue_url(&queue.url);
    let sent = message.message_body(body).send().await.unwrap();
    sent.message_id.unwrap()
}

/// Receives what is there, with all attributes.
pub async fn receive(queue: &Queue, max: i32) -> Vec<Message> {
    let receive = queue.sqs.receive_message().queue_url(&queue.url);
    let receive = receive
        .max_number_of_messages(max)
        .message_system_attribute_names(MessageSystemAttributeName::All)
        .message_attribute_names("All")
        .wait_time_seconds(0);
    receive.send().await.unwrap().messages.unwrap_or_default()
}

/// All attributes of a queue.
pub async fn attributes(queue: &Queue) -> HashMap<QueueAttributeName, String> {
    let get = queue.sqs.get_queue_attributes().queue_url(&queue.url);
    let get = get.attribute_names(QueueAttributeName::All);
    get.send().await.unwrap().attributes.unwrap()
}

/// Messages that are there, in whatever state.
pub async fn depth(queue: &Queue) -> u32 {
    use QueueAttributeName as Name;
    let attributes = attributes(queue).await;
    [
        Name::ApproximateNumberOfMessages,
        Name::ApproximateNumberOfMessagesNotVisible,
        Name::ApproximateNumberOfMessagesDelayed,
    ]
    .iter()
    .map(|name| attributes[name].parse::<u32>().unwrap())
    .sum()
}
