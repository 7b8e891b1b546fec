//! Which IAM actions a request needs, and on what. Source: the Service Authorization Reference, and "IAM policies with
//! DynamoDB transactions": the parts of a transaction need the actions of their kinds.

use serde_json::Value;

use crate::services::{eventbridge, tagging};

/// What something is done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Table,
    Queue,
    /// A parameter, by its whole name.
    Parameter,
    /// A function.
    Function,
    /// An event bus.
    Bus,
    /// The resources of all services, by their tags.
    Tagged,
}

impl Kind {
    /// The service that has it, and what comes before its name in an ARN.
    pub(super) const fn arn(self) -> (&'static str, &'static str) {
        match self {
            Self::Table => ("dynamodb", "table/"),
            Self::Queue => ("sqs", ""),
            Self::Parameter => ("ssm", "parameter"),
            Self::Function => ("lambda", "function:"),
            Self::Bus => ("events", "event-bus/"),
            Self::Tagged => ("tag", ""),
        }
    }
}

/// One action on one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) kind: Kind,
    /// Without the service: `PutItem`.
    pub(super) action: String,
    /// Its name; `*` for a request that names none.
    pub(super) resource: String,
}

/// Everything that a request needs; nothing when it is for another service.
pub(super) fn needs(target: &str, body: &[u8]) -> Vec<Need> {
    // What is no JSON is refused by the service itself.
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    match target.split_once('.') {
        Some((service, operation)) if service.starts_with("DynamoDB") => {
            let needs = on_tables(operation, &body).into_iter();
            needs
                .map(|(action, table)| Need {
                    kind: Kind::Table,
                    action: action.to_owned(),
                    // A table may be named by its ARN: `arn:aws:dynamodb:REGION:ACCOUNT:table/NAME`.
                    resource: last(&table, '/').to_owned(),
                })
                .collect()
        }
        Some(("AmazonSQS", operation)) => vec![on_queue(operation, &body)],
        Some(("AmazonSSM", operation)) => {
            let names = body["Names"].as_array().into_iter().flatten();
            names
                .map(|name| Need {
                    kind: Kind::Parameter,
                    action: operation.to_owned(),
                    resource: named(name),
                })
                .collect()
        }
        Some((eventbridge::bus::SERVICE, operation)) => {
            let entries = body["Entries"].as_array().into_iter().flatten();
            entries
                .map(|entry| Need {
                    kind: Kind::Bus,
                    action: operation.to_owned(),
                    resource: match &entry["EventBusName"] {
                        Value::String(bus) => last(bus, '/').to_owned(),
                        _ => "default".to_owned(),
                    },
                })
                .collect()
        }
        Some((tagging::SERVICE, operation)) => vec![Need {
            kind: Kind::Tagged,
            action: operation.to_owned(),
            resource: "*".to_owned(),
        }],
        _ => Vec::new(),
    }
}

/// Actions and tables of a DynamoDB operation.
fn on_tables<'a>(operation: &'a str, body: &Value) -> Vec<(&'a str, String)> {
    match operation {
        "TransactWriteItems" => transaction(body, |kind| match kind {
            "Put" => "PutItem",
            "Update" => "UpdateItem",
            "Delete" => "DeleteItem",
            _ => "ConditionCheckItem",
        }),
        "TransactGetItems" => transaction(body, |_| "GetItem"),
        "BatchGetItem" | "BatchWriteItem" => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            tables
                .map(|(table, _)| (operation, table.clone()))
                .collect()
        }
        _ => vec![(operation, named(&body["TableName"]))],
    }
}

fn transaction<'a>(body: &Value, action: impl Fn(&str) -> &'a str) -> Vec<(&'a str, String)> {
    let items = body["TransactItems"].as_array().into_iter().flatten();
    let parts = items.filter_map(Value::as_object).flatten();
    parts
        .map(|(kind, part)| (action(kind), named(&part["TableName"])))
        .collect()
}

fn on_queue(operation: &str, body: &Value) -> Need {
    let queue = match &body["QueueUrl"] {
        Value::String(url) => last(url, '/').to_owned(),
        _ => named(&body["QueueName"]),
    };
    Need {
        kind: Kind::Queue,
        // The batches have no actions of their own.
        action: operation
            .strip_suffix("Batch")
            .unwrap_or(operation)
            .to_owned(),
        resource: queue,
    }
}

fn named(name: &Value) -> String {
    name.as_str().unwrap_or("*").to_owned()
}

fn last(text: &str, separator: char) -> &str {
    text.rsplit(separator).next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn needed(target: &str, body: &Value) -> Vec<String> {
        let needs = needs(target, body.to_string().as_bytes()).into_iter();
        needs
            .map(|need| format!("{:?} {} {}", need.kind, need.action, need.resource))
            .collect()
    }

    #[test]
    fn an_operation_on_a_table_or_parameter_is_its_own_action() {
        let body = json!({"TableName": "arn:aws:dynamodb:us-east-1:000000000000:table/t", "IndexName": "i"});
        assert_eq!(needed("DynamoDB_20120810.Query", &body), ["Table Query t"]);
        let body = json!({"Names": ["/a", "/b"]});
        let expected = ["Parameter GetParameters /a", "Parameter GetParameters /b"];
        assert_eq!(needed("AmazonSSM.GetParameters", &body), expected);
        let body = json!({"RequestItems": {"a": {}, "b": {}}});
        let expected = ["Table BatchGetItem a", "Table BatchGetItem b"];
        assert_eq!(needed("DynamoDB_20120810.BatchGetItem", &body), expected);
        assert_eq!(
            needed("DynamoDB_20120810.ListTables", &json!({})),
            ["Table ListTables *"]
        );
    }

    #[test]
    fn a_transaction_needs_the_actions_of_its_parts() {
        let body = json!({"TransactItems": [
            {"Put": {"TableName": "a"}}, {"Update": {"TableName": "a"}},
            {"Delete": {"TableName": "b"}}, {"ConditionCheck": {"TableName": "b"}},
        ]});
        let expected = [
            "Table PutItem a",
            "Table UpdateItem a",
            "Table DeleteItem b",
            "Table ConditionCheckItem b",
        ];
        assert_eq!(
            needed("DynamoDB_20120810.TransactWriteItems", &body),
            expected
        );
        let body = json!({"TransactItems": [{"Get": {"TableName": "a"}}]});
        assert_eq!(
            needed("DynamoDB_20120810.TransactGetItems", &body),
            ["Table GetItem a"]
        );
    }

    #[test]
    fn a_batch_of_messages_needs_the_action_of_one() {
        let body = json!({"QueueUrl": "http://127.0.0.1:1/000000000000/q.fifo"});
        assert_eq!(
            needed("AmazonSQS.SendMessageBatch", &body),
            ["Queue SendMessage q.fifo"]
        );
        assert_eq!(
            needed("AmazonSQS.GetQueueUrl", &json!({"QueueName": "q"})),
            ["Queue GetQueueUrl q"]
        );
    }

    #[test]
    fn other_services_need_nothing() {
        assert!(needs("GraniteServiceVersion20100801.GetMetricData", b"{}").is_empty());
        assert!(needs("", b"").is_empty());
    }
}
