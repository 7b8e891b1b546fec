//! SQS batches with partial batch responses: everything but the work of a function behind a queue.
//!
//! ```text
//! event (JSON) --event.rs--> Batch --batch.rs--> a record at a time --> your work
//!                                      |                                   |
//!                                 deadline.rs                   done, or why not (failure.rs)
//!                                                                          |
//!                                            answer.rs: {"batchItemFailures": [...]}
//! ```
//!
//! | file | what it holds |
//! | --- | --- |
//! | `event` | [`Batch`] and [`Record`]; [`EventError`] for what is no SQS batch |
//! | [`deadline`] | when a batch must be answered |
//! | `batch` | [`process`]: the work on every record, and an [`Outcome`] for each |
//! | `failure` | [`Failure`]: why a record goes back to the queue; [`WorkFailure`]: errors of the work |
//! | `answer` | [`answer()`]: which messages failed, with a log line for each; [`answer_or_fail`] |
//!
//! A record is done, or it goes back to the queue. One that fails at every delivery is in the
//! dead-letter queue after `maxReceiveCount` deliveries, and the log says why. The invocation itself
//! fails only when the event is no SQS batch.
//!
//! ```
//! use lambda_runtime::LambdaEvent;
//! use serde_json::Value;
//! use shared::queue::{self, Batch, EventError, Record, SqsBatchResponse, WorkFailure};
//!
//! #[derive(Debug, thiserror::Error)]
//! #[error("malformed message: {0}")]
//! struct Malformed(String);
//!
//! impl WorkFailure for Malformed {
//!     fn kind(&self) -> &'static str {
//!         "MalformedMessage"
//!     }
//!
//!     fn is_transient(&self) -> bool {
//!         false
//!     }
//! }
//!
//! async fn work(record: &Record) -> Result<(), Malformed> {
//!     let message: Value = record.json().map_err(Malformed)?;
//!     tracing::info!(%message, "done");
//!     Ok(())
//! }
//!
//! async fn handle(event: LambdaEvent<Value>) -> Result<SqsBatchResponse, EventError> {
//!     let batch = Batch::parse(event.payload)?;
//!     let deadline = queue::deadline::for_work(event.context.deadline());
//!     let outcomes = queue::process(batch, deadline, work).await;
//!     Ok(queue::answer(&outcomes))
//! }
//! ```

mod answer;
mod batch;
pub mod deadline;
mod event;
mod failure;

pub use answer::{AllFailed, answer, answer_or_fail};
/// What a function behind a queue answers.
pub use aws_lambda_events::sqs::SqsBatchResponse;
pub use batch::{CONCURRENCY, Outcome, process};
pub use event::{Batch, EventError, Record};
pub use failure::{Failure, WorkFailure};
