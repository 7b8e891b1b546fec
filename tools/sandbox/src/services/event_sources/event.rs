//! The event that a function gets for a batch of messages.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::{
    aws::arn,
    services::sqs::model::{
        message::{Attribute, AttributeValue, Millis, md5_of_attributes},
        queue::Delivery,
    },
};

/// Largest event in bytes: that of any synchronous invocation.
pub const MAX_EVENT_BYTES: usize = 6 * 1024 * 1024;

/// Bytes of an event without records.
const FRAME_BYTES: usize = r#"{"Records":[]}"#.len();

/// A message of a batch, ready for the event.
#[derive(Debug, Clone)]
pub struct Record {
    /// Message id.
    pub id: String,
    /// What deletes it.
    pub handle: String,
    /// When it was received.
    pub received: Millis,
    /// As JSON.
    json: String,
}

impl Record {
    /// A record for a message from this queue.
    #[must_use]
    pub fn new(delivery: &Delivery, queue_arn: &str, received: Millis) -> Self {
        let content = &delivery.message.content;
        let handle = delivery.receipt.to_handle();
        let attributes: Map<String, Value> = content
            .attributes
            .iter()
            .map(|(name, attribute)| (name.clone(), attribute_to_json(attribute)))
            .collect();
        let mut json = json!({
            "messageId": content.id,
            "receiptHandle": handle,
            "body": content.body,
            "attributes": delivery.system_attributes(),
            "messageAttributes": attributes,
            "md5OfBody": content.body_md5,
            "eventSource": "aws:sqs",
            "eventSourceARN": queue_arn,
            "awsRegion": arn::region(queue_arn),
        });
        if let Some(md5) = md5_of_attributes(content.attributes.iter()) {
            json["md5OfMessageAttributes"] = json!(md5);
        }
        Self {
            id: content.id.clone(),
            handle,
            received,
            json: json.to_string(),
        }
    }

    /// Bytes that it takes in the event, with the comma behind it.
    #[must_use]
    pub fn size(&self) -> usize {
        self.json.len() + 1
    }
}

/// A message attribute: Lambda spells its members differently from SQS.
fn attribute_to_json(attribute: &Attribute) -> Value {
    let (text, binary) = match &attribute.value {
        AttributeValue::Text(text) => (Some(text), None),
        AttributeValue::Binary(bytes) => (None, Some(BASE64.encode(bytes))),
    };
    let mut json = json!({
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": attribute.data_type,
    });
    if let Some(text) = text {
        json["stringValue"] = json!(text);
    }
    if let Some(binary) = binary {
        json["binaryValue"] = json!(binary);
    }
    json
}

/// The event for these records.
#[must_use]
pub fn event(records: &[Record]) -> Bytes {
    let records: Vec<&str> = records.iter().map(|record| record.json.as_str()).collect();
    format!(r#"{{"Records":[{}]}}"#, records.join(",")).into()
}

/// Splits a batch that is too large for one event. No single message is.
#[must_use]
pub fn split(records: Vec<Record>) -> Vec<Vec<Record>> {
    let mut events: Vec<Vec<Record>> = Vec::new();
    let mut size = usize::MAX;
    for record in records {
        let with_this = size.saturating_add(record.size());
        match events.last_mut().filter(|_| with_this <= MAX_EVENT_BYTES) {
            Some(event) => {
                size = with_this;
                event.push(record);
            }
            None => {
                size = FRAME_BYTES + record.size();
                events.push(vec![record]);
            }
        }
    }
    events
}

#[cfg(test)]
mod tests {
    use aws_lambda_events::sqs::SqsEvent;

    use super::*;
    use crate::services::sqs::model::{
        message::{Attributes, Content, Message},
        queue::{Queue, Receipt},
    };

    fn record(id: usize, size: usize) -> Record {
        Record {
            id: id.to_string(),
            handle: String::new(),
            received: 0,
            json: format!("\"{}\"", "x".repeat(size - 3)),
        }
    }

    #[test]
    fn the_event_is_the_one_that_functions_expect() {
        let mut queue = Queue::new(1, true);
        let attribute = |data_type: &str, value| Attribute {
            data_type: data_type.to_owned(),
            value,
        };
        let attributes = Attributes::from([
            (
                "text".to_owned(),
                attribute("String.label", AttributeValue::Text("ä".to_owned())),
            ),
            (
                "bytes".to_owned(),
                attribute("Binary", AttributeValue::Binary(vec![0, 255])),
            ),
        ]);
        let mut content = Content::new("id".to_owned(), "body \" ä".to_owned(), attributes);
        content.group = Some("group".into());
        queue.send(Message::new(content, 17), 0, None, 17);
        let received = queue.receive(1, 1000, None, 23).unwrap();
        let arn = "arn:aws:sqs:eu-west-1:000000000000:q.fifo";
        let record = Record::new(&received.deliveries[0], arn, 23);
        let parsed: SqsEvent = serde_json::from_slice(&event(&[record])).unwrap();
        let found = &parsed.records[0];
        assert_eq!(found.message_id.as_deref(), Some("id"));
        assert_eq!(found.body.as_deref(), Some("body \" ä"));
        assert_eq!(found.aws_region.as_deref(), Some("eu-west-1"));
        assert_eq!(found.event_source.as_deref(), Some("aws:sqs"));
        assert_eq!(found.event_source_arn.as_deref(), Some(arn));
        let receipt = Receipt::parse(found.receipt_handle.as_deref().unwrap());
        assert_eq!(receipt, Some(received.deliveries[0].receipt));
        assert_eq!(found.attributes["SentTimestamp"], "17");
        assert_eq!(found.attributes["ApproximateFirstReceiveTimestamp"], "23");
        assert_eq!(found.attributes["ApproximateReceiveCount"], "1");
        assert_eq!(found.attributes["MessageGroupId"], "group");
        let text = &found.message_attributes["text"];
        assert_eq!(text.string_value.as_deref(), Some("ä"));
        assert_eq!(text.data_type.as_deref(), Some("String.label"));
        let bytes = &found.message_attributes["bytes"];
        assert_eq!(bytes.binary_value.as_ref().unwrap().0, [0, 255]);
        assert!(found.md5_of_body.is_some() && found.md5_of_message_attributes.is_some());
    }

    #[test]
    fn a_batch_is_split_before_it_is_too_large_and_keeps_its_order() {
        let half = MAX_EVENT_BYTES / 2;
        let sizes = [100, half, half - 200, 100, MAX_EVENT_BYTES - FRAME_BYTES, 5];
        let records = sizes.iter().enumerate().map(|(id, &size)| record(id, size));
        let events = split(records.collect());
        let ids: Vec<Vec<&str>> = events
            .iter()
            .map(|event| event.iter().map(|record| record.id.as_str()).collect())
            .collect();
        assert_eq!(ids, [vec!["0", "1", "2"], vec!["3"], vec!["4"], vec!["5"]]);
        for records in &events {
            assert!(event(records).len() <= MAX_EVENT_BYTES);
            serde_json::from_slice::<Value>(&event(records)).unwrap();
        }
    }
}
