//! The answer: which messages failed, and a log line for each of them.

use std::collections::HashSet;

use aws_lambda_events::sqs::SqsBatchResponse;

use super::{batch::Outcome, failure::WorkFailure};

/// Names the messages that failed, each once and in the batch's order; Lambda deletes the others.
///
/// An empty list means that all is done. Only ids of the batch are in it, because Lambda takes an
/// unknown one for a failure of the whole batch. When an id is in the batch twice, one failure is
/// enough for a redelivery.
#[must_use]
pub fn answer<T, E: WorkFailure>(outcomes: &[Outcome<T, E>]) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    let mut named = HashSet::new();
    for Outcome { record, result } in outcomes {
        if let Err(failure) = result {
            failure.log(record);
            if named.insert(&record.message_id) {
                response.add_failure(&record.message_id);
            }
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::queue::{
        event::Record,
        failure::{Failure, tests::Malformed},
    };

    fn outcome(message_id: &str, done: bool) -> Outcome<(), Malformed> {
        let record = Record {
            message_id: message_id.to_owned(),
            group: None,
            receive_count: None,
            body: Ok(String::new()),
        };
        let result = if done {
            Ok(())
        } else {
            Err(Failure::OutOfTime)
        };
        Outcome { record, result }
    }

    fn json(outcomes: &[Outcome<(), Malformed>]) -> serde_json::Value {
        serde_json::to_value(answer(outcomes)).unwrap()
    }

    #[test]
    fn an_empty_list_says_that_all_is_done() {
        assert_eq!(json(&[]), json!({"batchItemFailures": []}));
        assert_eq!(
            json(&[outcome("a", true)]),
            json!({"batchItemFailures": []})
        );
    }

    #[test]
    fn failures_are_named_as_lambda_reads_them() {
        let outcomes = [outcome("a", true), outcome("b", false), outcome("c", false)];
        let failures = json!([{"itemIdentifier": "b"}, {"itemIdentifier": "c"}]);
        assert_eq!(json(&outcomes), json!({"batchItemFailures": failures}));
    }

    proptest! {
        #[test]
        fn an_id_is_in_the_answer_once_or_was_done_every_time(
            batch in prop::collection::vec(("[a-e]", any::<bool>()), 0..20)
        ) {
            let outcomes: Vec<_> = batch.iter().map(|(id, done)| outcome(id, *done)).collect();
            let failures = answer(&outcomes).batch_item_failures;
            for (id, _) in &batch {
                let named = failures.iter().filter(|failure| failure.item_identifier == *id).count();
                let failed = batch.iter().any(|(other, done)| other == id && !done);
                prop_assert_eq!(named, usize::from(failed), "{} in {:?}", id, batch);
            }
            prop_assert!(failures.len() <= batch.len());
        }
    }
}
