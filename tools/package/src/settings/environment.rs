//! Lambda's rules for environment variables, so that a wrong one is found before anything is built
//! (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>).

use std::collections::BTreeMap;

use serde_json::json;

use crate::manifest::{Parameter, Queue, Table, parameter_variable};

/// Variables that Lambda sets itself and refuses in a configuration. Those that begin with an underscore are no names for
/// it anyway.
pub const RESERVED: [&str; 18] = [
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
];

/// The most that all variables may take, as the JSON that Lambda stores, in bytes.
pub const MOST_BYTES: usize = 4096;

/// Checks a function's own variables together with those that tell it of its tables, queues and parameters.
///
/// # Errors
/// What is wrong with which variable, in one sentence.
pub(super) fn check(
    own: &BTreeMap<String, String>,
    tables: &[Table],
    queues: &[Queue],
    parameters: &BTreeMap<String, Parameter>,
) -> Result<(), String> {
    // The URL of a queue is known when it is there: about as long as this.
    let url = |queue: &Queue| {
        let name = &queue.queue_name;
        format!("https://sqs.ap-southeast-1.amazonaws.com/000000000000/{name}")
    };
    let tables = tables.iter().map(|table| {
        let source = format!("table {}", table.name);
        (source, table.variable.clone(), table.name.clone())
    });
    let queues = queues.iter().filter(|queue| queue.is_sent_to());
    let queues = queues.map(|queue| {
        let source = format!("queue {}", queue.name);
        (source, queue.variable.clone(), url(queue))
    });
    let parameters = parameters.iter().map(|(name, parameter)| {
        let source = format!("parameter {name}");
        (source, parameter_variable(name), parameter.path())
    });
    let own = own
        .iter()
        .map(|(name, value)| ("env".to_owned(), name.clone(), value.clone()));
    let mut sources = BTreeMap::new();
    let mut variables = BTreeMap::new();
    for (source, name, value) in own.chain(tables).chain(queues).chain(parameters) {
        check_name(&source, &name)?;
        if let Some(other) = sources.insert(name.clone(), source.clone()) {
            return Err(format!(
                "{name} would be of {other} and of {source}: rename one of them"
            ));
        }
        variables.insert(name, value);
    }
    let bytes = json!(variables).to_string().len();
    if bytes > MOST_BYTES {
        return Err(format!(
            "env: all variables together take {bytes} bytes as JSON, and Lambda allows {MOST_BYTES}"
        ));
    }
    Ok(())
}

/// Whether Lambda takes it for the name of a variable: two characters or more, letters, digits and `_`, the first a letter.
#[must_use]
pub fn is_name(name: &str) -> bool {
    name.len() >= 2
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn check_name(source: &str, name: &str) -> Result<(), String> {
    let fits = is_name(name);
    if !fits {
        return Err(format!(
            "{source}: {name} does not do as the name of a variable: Lambda takes a letter, then at least one more of \
             letters, digits and underscores"
        ));
    }
    if RESERVED.contains(&name) {
        return Err(format!(
            "{source}: {name} is set by Lambda, which refuses it from a function"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn own(variables: Value) -> BTreeMap<String, String> {
        serde_json::from_value(variables).unwrap()
    }

    fn tables(names: &[(&str, &str)]) -> Vec<Table> {
        let table = |&(name, variable): &(&str, &str)| {
            let key = json!({"name": "id", "type": "S"});
            let table = json!({"name": name, "variable": variable, "actions": [], "partition_key": key, "indexes": []});
            serde_json::from_value(table).unwrap()
        };
        names.iter().map(table).collect()
    }

    #[test]
    fn names_that_lambda_refuses_are_refused() {
        for name in [
            "A",
            "my-var",
            "1ST",
            "_A",
            "",
            "É1",
            "AWS_REGION",
            "LAMBDA_TASK_ROOT",
        ] {
            let said = check(&own(json!({name: "1"})), &[], &[], &BTreeMap::new()).unwrap_err();
            assert!(said.contains(name), "{said}");
        }
        for name in ["AB", "a1", "A_", "TZ", "AWS_LAMBDA_LOG_LEVEL"] {
            assert_eq!(
                check(&own(json!({name: "1"})), &[], &[], &BTreeMap::new()),
                Ok(()),
                "{name}"
            );
        }
    }

    #[test]
    fn one_variable_cannot_tell_of_two_things() {
        let both = tables(&[("my-docs", "MY_DOCS_TABLE"), ("my_docs", "MY_DOCS_TABLE")]);
        let said = check(&own(json!({})), &both, &[], &BTreeMap::new()).unwrap_err();
        assert!(
            said.contains("of table my-docs and of table my_docs"),
            "{said}"
        );
        let said = check(
            &own(json!({"MY_DOCS_TABLE": "x"})),
            &both[..1],
            &[],
            &BTreeMap::new(),
        )
        .unwrap_err();
        assert!(said.contains("of env and of table my-docs"), "{said}");
    }

    #[test]
    fn a_table_whose_name_makes_no_variable_is_named() {
        let said = check(
            &own(json!({})),
            &tables(&[("1st", "1ST_TABLE")]),
            &[],
            &BTreeMap::new(),
        )
        .unwrap_err();
        assert!(said.starts_with("table 1st: 1ST_TABLE"), "{said}");
    }

    #[test]
    fn a_parameter_has_a_variable_with_its_name_and_no_value() {
        let parameters: BTreeMap<String, Parameter> =
            serde_json::from_value(json!({"API_KEY": "/api-key"})).unwrap();
        let said = check(
            &own(json!({"API_KEY_PARAMETER": "x"})),
            &[],
            &[],
            &parameters,
        );
        assert!(
            said.unwrap_err()
                .contains("of env and of parameter API_KEY")
        );
        assert_eq!(
            check(&own(json!({"API_KEY": "x"})), &[], &[], &parameters),
            Ok(())
        );
    }

    #[test]
    fn all_variables_together_fit_into_4_kib_of_json() {
        let most = MOST_BYTES - r#"{"AB":""}"#.len();
        assert_eq!(
            check(
                &own(json!({"AB": "x".repeat(most)})),
                &[],
                &[],
                &BTreeMap::new()
            ),
            Ok(())
        );
        assert!(
            check(
                &own(json!({"AB": "x".repeat(most + 1)})),
                &[],
                &[],
                &BTreeMap::new()
            )
            .is_err()
        );
    }
}
