use serde_json::{Value, json};

use super::*;

fn definitions() -> Definitions {
    let tables = json!({"documents": {"partition_key": {"name": "id", "type": "S"}, "ttl_attribute": "expires_at"}});
    let queues = json!({
        "documents": {"visibility_timeout_s": 60},
        "orders": {"visibility_timeout_s": 60, "fifo": true},
    });
    Definitions {
        tables: serde_json::from_value(tables).unwrap(),
        queues: serde_json::from_value(queues).unwrap(),
    }
}

fn function(table: Value) -> FunctionTable {
    serde_json::from_value(table).unwrap()
}

fn trigger(trigger: Value) -> FunctionTable {
    let mut table = json!({"trigger": {"kind": "queue", "queue": "documents"}});
    for (key, value) in trigger.as_object().unwrap() {
        table["trigger"][key] = value.clone();
    }
    function(table)
}

fn refusal(function: &FunctionTable) -> String {
    function.queues(&definitions(), 10).unwrap_err()
}

#[test]
fn what_a_function_uses_comes_with_its_definition() {
    let function = function(json!({
        "tables": {"documents": ["GetItem"]},
        "queues": {"documents": ["SendMessage"]},
    }));
    let tables = function.tables(&definitions()).unwrap();
    assert_eq!(tables[0].actions, ["GetItem"]);
    assert_eq!(tables[0].ttl_attribute.as_deref(), Some("expires_at"));
    let queues = function.queues(&definitions(), 10).unwrap();
    assert_eq!(queues[0].actions, ["SendMessage"]);
    assert_eq!(queues[0].max_receive_count, 5);
}

#[test]
fn a_function_is_compiled_for_size_or_as_the_profile_says() {
    function(json!({"opt-level": "s"}));
    let refused =
        serde_json::from_value::<FunctionTable>(json!({"opt-level": "fast"})).unwrap_err();
    assert!(
        refused.to_string().contains("expected `s` or `z`"),
        "{refused}"
    );
}

#[test]
fn names_that_follow_from_a_name_are_written_out() {
    let function = function(json!({
        "tables": {"documents": ["GetItem"]},
        "queues": {"documents": ["SendMessage"], "orders": ["SendMessage"]},
    }));
    let tables = function.tables(&definitions()).unwrap();
    assert_eq!(tables[0].variable, "DOCUMENTS_TABLE");
    let queues = function.queues(&definitions(), 10).unwrap();
    let [plain, fifo] = queues.as_slice() else {
        panic!("two queues: {queues:?}")
    };
    assert_eq!(plain.queue_name, "documents");
    assert_eq!(plain.dead_letter_queue_name, "documents-dead-letter");
    assert_eq!(plain.variable, "DOCUMENTS_QUEUE_URL");
    assert_eq!(fifo.queue_name, "orders.fifo");
    assert_eq!(fifo.dead_letter_queue_name, "orders-dead-letter.fifo");
}

#[test]
fn variables_are_upper_case_words() {
    assert_eq!(
        variable("new-documents", "QUEUE_URL"),
        "NEW_DOCUMENTS_QUEUE_URL"
    );
}

#[test]
fn a_trigger_needs_no_list_of_actions() {
    let queues = trigger(json!({})).queues(&definitions(), 10).unwrap();
    assert_eq!(queues[0].actions, CONSUMER_ACTIONS);
}

#[test]
fn what_nobody_defines_is_named_with_where_to_define_it() {
    let missing = function(json!({"tables": {"nothing": ["GetItem"]}}));
    let message = missing.tables(&definitions()).unwrap_err();
    assert!(
        message.contains("[package.metadata.tables.nothing]"),
        "{message}"
    );
    assert!(refusal(&trigger(json!({"queue": "nothing"}))).contains("queues.nothing"));
}

#[test]
fn wildcards_and_empty_lists_are_refused() {
    for (actions, text) in [
        (json!(["*"]), "\"*\" is not an IAM action"),
        (json!(["dynamodb:GetItem"]), "without service"),
        (json!([]), "leave it out"),
    ] {
        let function = function(json!({"tables": {"documents": actions}}));
        let message = function.tables(&definitions()).unwrap_err();
        assert!(message.contains(text), "{message}");
    }
}

#[test]
fn lambdas_rules_for_a_queue_are_checked_before_a_deploy() {
    for (wrong, text) in [
        (json!({"batch_size": 11}), "needs a batching_window_s"),
        (
            json!({"batch_size": 0}),
            "trigger.batch_size = 0: AWS takes 1 to 10000",
        ),
        (json!({"maximum_concurrency": 1}), "AWS takes 2 to 1000"),
        (json!({"batching_window_s": 301}), "AWS takes 0 to 300"),
        (
            json!({"queue": "orders", "batching_window_s": 1}),
            "the FIFO queue orders",
        ),
    ] {
        let message = refusal(&trigger(wrong));
        assert!(message.contains(text), "{message}");
    }
    let slow = trigger(json!({})).queues(&definitions(), 61).unwrap_err();
    assert!(slow.contains("visibility_timeout_s"), "{slow}");
}

#[test]
fn two_definitions_of_one_name_must_agree() {
    assert!(definitions().join(definitions(), "notary").is_ok());
    let mut other = definitions();
    if let Some(queue) = other.queues.get_mut("documents") {
        queue.visibility_timeout_s = 1;
    }
    let message = definitions().join(other, "notary").unwrap_err();
    assert!(message.contains("queues.documents"), "{message}");
}
