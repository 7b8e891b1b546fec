//! Events as Lambda sends them, events of other sources, and random JSON.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const ARN: &str = "arn:aws:sqs:eu-central-1:000000000000:documents";

/// As Lambda sends it; `aws_lambda_events` has the same in its fixtures.
fn record(message_id: &str) -> Value {
    json!({
        "messageId": message_id,
        "receiptHandle": "handle",
        "body": "{}",
        "attributes": {
            "ApproximateReceiveCount": "3",
            "SentTimestamp": "1520621625029",
            "SenderId": "AROAIWPX5BD2BHG722MW4:sender",
            "ApproximateFirstReceiveTimestamp": "1520621634884"
        },
        "messageAttributes": {
            "a": {"stringValue": "1", "stringListValues": [], "binaryListValues": [], "dataType": "Number"}
        },
        "md5OfBody": "99914b932bd37a50b983c5e7c90ae93b",
        "eventSource": "aws:sqs",
        "eventSourceARN": ARN,
        "awsRegion": "eu-central-1"
    })
}

fn batch(records: Vec<Value>) -> Result<Batch, EventError> {
    Batch::parse(json!({ "Records": records }))
}

fn message(event: Value) -> String {
    Batch::parse(event).unwrap_err().to_string()
}

#[test]
fn a_batch_is_read_in_its_order() {
    let batch = batch(vec![record("b"), record("a")]).unwrap();
    let expected = |message_id: &str| Record {
        message_id: message_id.to_owned(),
        group: None,
        receive_count: Some(3),
        body: Ok("{}".to_owned()),
    };
    assert_eq!(batch.records, [expected("b"), expected("a")]);
    assert!(!batch.fifo);
}

#[test]
fn the_queue_says_whether_order_matters_and_the_record_its_group() {
    let mut grouped = record("a");
    grouped["attributes"]["MessageGroupId"] = json!("customer-7");
    // Fair queues: a standard queue's messages may have groups too.
    let standard = batch(vec![grouped.clone()]).unwrap();
    assert!(!standard.fifo);
    assert_eq!(standard.records[0].group.as_deref(), Some("customer-7"));

    grouped["eventSourceARN"] = json!(format!("{ARN}.fifo"));
    assert!(batch(vec![grouped]).unwrap().fifo);
}

#[test]
fn a_record_that_cannot_be_read_is_kept_with_its_reason_and_takes_nothing_along() {
    let spoilt = |change: fn(&mut Value)| {
        let mut spoilt = record("bad");
        change(&mut spoilt);
        let batch = batch(vec![record("a"), spoilt, record("b")]).unwrap();
        assert!(batch.records[0].body.is_ok() && batch.records[2].body.is_ok());
        assert_eq!(batch.records[1].message_id, "bad");
        batch.records[1].body.clone().unwrap_err()
    };
    assert_eq!(
        spoilt(|record| record["body"] = json!(7)),
        "body: invalid type: integer `7`, expected a string"
    );
    assert_eq!(
        spoilt(|record| record["body"] = json!(null)),
        "body is missing"
    );
    assert_eq!(
        spoilt(|record| record["attributes"] = json!(["x"])),
        "attributes: invalid type: sequence, expected a map"
    );
    let long = spoilt(|record| record["attributes"] = json!("ü".repeat(200_000)));
    assert!(
        long.starts_with("attributes: invalid type: string"),
        "{long}"
    );
    assert_eq!(long.chars().count(), QUOTED_CHARS + 1);
}

#[test]
fn attributes_that_are_not_as_documented_do_not_hide_the_message() {
    let mut odd = record("a");
    odd["attributes"]["ApproximateReceiveCount"] = json!("many");
    odd["surprise"] = json!({"a": 1});
    let batch = batch(vec![odd]).unwrap();
    assert_eq!(batch.records[0].receive_count, None);
    assert_eq!(batch.records[0].body, Ok("{}".to_owned()));
}

#[test]
fn an_event_of_something_else_is_refused_by_name() {
    for (event, start) in [
        (json!(null), "the event is null; expected an SQS batch"),
        (json!([]), "the event is an array;"),
        (json!("Records"), "the event is a string;"),
        (json!({}), "the event has no Records;"),
        (json!({"records": []}), "the event has no Records;"),
        (json!({"Records": null}), "Records is null, not a list"),
        (json!({"Records": {}}), "Records is an object, not a list"),
        (
            json!({"version": "2.0", "requestContext": {"http": {}}}),
            "the event has no Records and looks like an HTTP request;",
        ),
        (
            json!({"Records": [null]}),
            "Records[0] has eventSource missing (null), not \"aws:sqs\"",
        ),
        (
            json!({"Records": [record("a"), {"eventSource": "aws:s3", "s3": {}}]}),
            "Records[1] has eventSource \"aws:s3\", not \"aws:sqs\": check the function's triggers",
        ),
        (
            json!({"Records": [{"EventSource": "aws:sns", "Sns": {}}]}),
            "Records[0] has eventSource \"aws:sns\"",
        ),
        (
            json!({"Records": [{"eventSource": ["aws:sqs"]}]}),
            "Records[0] has eventSource [\"aws:sqs\"]",
        ),
    ] {
        let message = message(event);
        assert!(message.starts_with(start), "{message}");
    }
}

#[test]
fn a_record_without_a_name_fails_the_batch_because_the_answer_could_not_name_it() {
    for id in [json!(null), json!(""), json!(7)] {
        let mut nameless = record("a");
        nameless["messageId"] = id;
        assert_eq!(
            batch(vec![record("b"), nameless]),
            Err(EventError::NoMessageId { index: 1 })
        );
    }
}

/// JSON with the names that the parser looks for, three levels deep.
fn any_json() -> impl Strategy<Value = Value> {
    const KEYS: [&str; 9] = [
        "Records",
        "messageId",
        "body",
        "attributes",
        "messageAttributes",
        "eventSource",
        "eventSourceARN",
        "MessageGroupId",
        "requestContext",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!("aws:sqs")),
    ];
    leaf.prop_recursive(3, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(prop::sample::select(&KEYS[..]), inner, 0..7).prop_map(
                |map| map
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value))
                    .collect()
            ),
        ]
    })
}

/// A record of a queue with one random field.
fn spoilt_record() -> impl Strategy<Value = Value> {
    let field = prop::sample::select(vec![
        "receiptHandle",
        "body",
        "attributes",
        "messageAttributes",
        "md5OfBody",
        "eventSourceARN",
        "awsRegion",
    ]);
    ("[a-f0-9]{8}", field, any_json()).prop_map(|(id, field, value)| {
        let mut record = record(&id);
        record[field] = value;
        record
    })
}

proptest! {
    #[test]
    fn no_json_makes_the_parser_panic(event in any_json()) {
        let _ = Batch::parse(event);
    }

    #[test]
    fn no_record_makes_the_parser_panic(records in any_json()) {
        let _ = Batch::parse(json!({ "Records": records }));
    }

    #[test]
    fn a_named_record_of_a_queue_is_never_lost_whatever_else_is_in_it(
        records in prop::collection::vec(spoilt_record(), 0..8)
    ) {
        let ids: Vec<_> = records.iter().map(|record| record["messageId"].clone()).collect();
        let batch = batch(records).unwrap();
        let read: Vec<_> = batch.records.iter().map(|record| json!(record.message_id)).collect();
        prop_assert_eq!(read, ids);
    }
}
