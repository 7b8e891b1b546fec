//! The answer: which messages failed, and a log line for each of them.

use std::collections::HashSet;

use aws_lambda_events::sqs::SqsBatchResponse;

use super::{batch::Outcome, failure::WorkFailure};
use crate::telemetry;

/// All records of a batch failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("all {0} records of the batch failed")]
pub struct AllFailed(usize);

/// The same as [`answer`], but for a batch of which every record failed: then the invocation itself fails, and Lambda
/// counts it among its `Errors`. Lambda slows a mapping down whose invocations fail, which protects what the work
/// depends on, and makes a queue behind one poison message wait. So it is nothing for everybody; and never for a FIFO
/// queue, where it would hold up every message group.
///
/// # Errors
/// [`AllFailed`].
pub fn answer_or_fail<T, E: WorkFailure>(
    outcomes: &[Outcome<T, E>],
) -> Result<SqsBatchResponse, AllFailed> {
    let response = answer(outcomes);
    let failed =
        |outcome: &Outcome<T, E>| outcome.result.is_err() && outcome.record.group.is_none();
    if !outcomes.is_empty() && outcomes.iter().all(failed) {
        return Err(AllFailed(outcomes.len()));
    }
    Ok(response)
}

/// Names the messages that failed, each once and in the batch's order; Lambda deletes the others.
///
/// For Lambda such an answer is a success. So records are counted here: `Records`, and among them `RecordsFailed`,
/// which a rollout compares.
///
/// An empty list means that all is done. Only ids of the batch are in it, because Lambda takes an
/// unknown one for a failure of the whole batch. When an id is in the batch twice, one failure is
/// enough for a redelivery.
#[must_use]
pub fn answer<T, E: WorkFailure>(outcomes: &[Outcome<T, E>]) -> SqsBatchResponse {
    let failed = outcomes.iter().filter(|outcome| outcome.result.is_err());
    telemetry::count("Records", outcomes.len() as u64);
    telemetry::count("RecordsFailed", failed.count() as u64);
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

    #[test]
    fn a_batch_of_failures_fails_the_invocation_only_where_asked_and_never_of_a_fifo_queue() {
        let all = [outcome("a", false), outcome("b", false)];
        assert_eq!(answer_or_fail(&all), Err(AllFailed(2)));
        let some = [outcome("a", false), outcome("b", true)];
        assert_eq!(answer_or_fail(&some), Ok(answer(&some)));
        assert_eq!(
            answer_or_fail::<(), Malformed>(&[]),
            Ok(SqsBatchResponse::default())
        );
        let fifo = all.map(|mut outcome| {
            outcome.record.group = Some("customer 7".to_owned());
            outcome
        });
        assert_eq!(answer_or_fail(&fifo), Ok(answer(&fifo)));
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
