//! From a request's body to the input of an operation, as DynamoDB reads it and `dynoxide` alone does not: a table named
//! by its ARN, and the error that says what is wrong with an input.

use std::borrow::Cow;

use dynoxide::DynoxideError;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::aws::ACCOUNT_ID;

/// A body whose tables have names, where the request named some of them by ARNs.
pub(super) struct Input<'a> {
    pub(super) body: Cow<'a, [u8]>,
    /// Name and ARN of the tables of a batch, whose answer names them as the request did.
    arns: Vec<(String, String)>,
}

impl<'a> Input<'a> {
    pub(super) fn new(body: &'a [u8]) -> Self {
        let prefix = b"\"arn:aws:dynamodb:";
        let unchanged = Self {
            body: body.into(),
            arns: Vec::new(),
        };
        // Most requests have none, and are not read twice.
        if !body.windows(prefix.len()).any(|window| window == prefix) {
            return unchanged;
        }
        let Ok(Value::Object(mut input)) = serde_json::from_slice(body) else {
            return unchanged;
        };
        rename(&mut input);
        let transaction = input.get_mut("TransactItems").and_then(Value::as_array_mut);
        let parts = transaction.into_iter().flatten();
        let parts = parts.filter_map(Value::as_object_mut);
        for part in parts.flat_map(|part| part.values_mut()) {
            part.as_object_mut().map(rename);
        }
        let mut arns = Vec::new();
        if let Some(Value::Object(batch)) = input.get_mut("RequestItems") {
            *batch = std::mem::take(batch)
                .into_iter()
                .map(|(table, items)| match table_of(&table) {
                    None => (table, items),
                    Some(name) => {
                        let name = name.to_owned();
                        arns.push((name.clone(), table));
                        (name, items)
                    }
                })
                .collect();
        }
        Self {
            body: Value::Object(input).to_string().into_bytes().into(),
            arns,
        }
    }

    /// The answer with the ARNs that the request had.
    pub(super) fn answer(&self, answer: String) -> String {
        if self.arns.is_empty() {
            return answer;
        }
        let Ok(mut read) = serde_json::from_str::<Value>(&answer) else {
            return answer;
        };
        for member in ["Responses", "UnprocessedItems", "UnprocessedKeys"] {
            let Some(tables) = read.get_mut(member).and_then(Value::as_object_mut) else {
                continue;
            };
            for (name, arn) in &self.arns {
                if let Some(items) = tables.remove(name) {
                    tables.insert(arn.clone(), items);
                }
            }
        }
        read.to_string()
    }
}

fn rename(input: &mut Map<String, Value>) {
    let Some(table) = input.get_mut("TableName") else {
        return;
    };
    if let Some(name) = table.as_str().and_then(table_of) {
        *table = name.into();
    }
}

/// The name of a table of this account: what stands last in `arn:aws:dynamodb:REGION:ACCOUNT:table/NAME`.
fn table_of(arn: &str) -> Option<&str> {
    let (_region, rest) = arn.strip_prefix("arn:aws:dynamodb:")?.split_once(':')?;
    rest.strip_prefix(ACCOUNT_ID)?.strip_prefix(":table/")
}

/// Reads an input. `dynoxide` writes the kind of an error before its text, and leaves it to its server to read that.
pub(super) fn read<T: DeserializeOwned>(operation: &str, body: &[u8]) -> Result<T, DynoxideError> {
    serde_json::from_slice(body).map_err(|error| {
        let said = error.to_string();
        // The position is of the JSON reader, and not DynamoDB's.
        let text = said.split(" at line ").next().unwrap_or(&said);
        let enveloped = matches!(operation, "PutItem" | "UpdateItem" | "DeleteItem");
        let (kind, text) = text.split_once(':').unwrap_or(("", text));
        match kind {
            "VALIDATION_REQUEST" if enveloped => {
                DynoxideError::ValidationException(format!("1 validation error detected: {text}"))
            }
            "VALIDATION" | "VALIDATION_REQUEST" | "VALIDATION_AS_READ" => {
                DynoxideError::ValidationException(text.to_owned())
            }
            "SERIALIZATION" | "SERIALIZATION_AS_READ" => {
                DynoxideError::SerializationException(text.to_owned())
            }
            _ if [
                "missing field",
                "unknown variant",
                "invalid type: null",
                "AttributeValue",
            ]
            .iter()
            .any(|invalid| said.contains(invalid)) =>
            {
                DynoxideError::ValidationException(said)
            }
            _ => DynoxideError::SerializationException(said),
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:dynamodb:us-east-1:000000000000:table/notes";

    fn resolved(body: &Value) -> Value {
        serde_json::from_slice(&Input::new(body.to_string().as_bytes()).body).unwrap()
    }

    #[test]
    fn a_table_is_found_by_its_arn_wherever_one_is_named() {
        for with in [
            |table: &str| json!({"TableName": table, "Key": {"id": {"S": ARN}}}),
            |table: &str| json!({"TransactItems": [{"Put": {"TableName": table}}, {"Get": {"TableName": table}}]}),
            |table: &str| json!({"RequestItems": {table: {"Keys": []}, "other": {}}}),
        ] {
            assert_eq!(resolved(&with(ARN)), with("notes"));
            assert_eq!(resolved(&with("notes")), with("notes"));
        }
    }

    #[test]
    fn an_input_that_cannot_be_read_is_a_validation_error_unless_it_is_no_json() {
        let refused = |body: &str| {
            let read =
                read::<dynoxide::actions::get_item::GetItemRequest>("GetItem", body.as_bytes());
            read.unwrap_err().to_json()
        };
        let short = refused(r#"{"TableName": "ab", "Key": {"id": {"S": "1"}}}"#);
        assert!(short.contains("#ValidationException"), "{short}");
        let said = "1 validation error detected: Value 'ab' at 'tableName' failed to satisfy constraint: \
                    Member must have length greater than or equal to 3\"";
        assert!(short.contains(said), "{short}");
        let cut = refused(r#"{"TableName": "notes""#);
        assert!(cut.contains("#SerializationException"), "{cut}");
    }

    #[test]
    fn the_arn_of_another_account_stays_and_is_refused() {
        let other = json!({"TableName": ARN.replace("000000000000", "111111111111")});
        assert_eq!(resolved(&other), other);
    }

    #[test]
    fn the_answer_to_a_batch_names_tables_as_the_request_did() {
        let body = json!({"RequestItems": {ARN: {}, "other": {}}}).to_string();
        let answer = json!({"Responses": {"notes": [1], "other": [2]}, "UnprocessedKeys": {}});
        let answer = Input::new(body.as_bytes()).answer(answer.to_string());
        let expected = json!({"Responses": {ARN: [1], "other": [2]}, "UnprocessedKeys": {}});
        assert_eq!(serde_json::from_str::<Value>(&answer).unwrap(), expected);
    }
}
