//! Sets a candidate's weight to 0 when its alarm goes off, also when nobody runs `rollout` any more.
//!
//! ```text
//! CloudWatch alarm -> EventBridge --event.rs--> Alarm --guard.rs--> plan.rs: nothing, or roll back
//!                                                         |              |
//!                                      alias.rs: GetAlias, UpdateAlias   description.rs: the alias's description
//!                                                         |
//!                                       answer.rs: what was done, and why; Lambda retries an error
//! ```
//!
//! `rollout run` arms an alarm on the candidate's errors before the first weight, and disarms it at the end. A run
//! that is killed leaves it armed, and when it goes off its event comes here. The dimensions of the alarm's metrics
//! say which function, alias and version. If that version has a weight, it is set to 0 by compare-and-swap. If it
//! serves alone or has no weight, there is nothing to roll back, and the log says so.
//!
//! It has no state: an event that comes twice finds nothing to do the second time. An error fails the invocation,
//! which Lambda retries twice.
//!
//! It may read and change aliases only of functions whose rollouts are guarded. IAM cannot restrict that to one
//! alias, so every alias but `live` is refused here ([`event`]).

pub mod alias;
pub mod answer;
pub mod description;
pub mod event;
mod guard;
pub mod plan;

use lambda_runtime::LambdaEvent;
use serde_json::Value;

pub use alias::{AliasError, Aliases, LambdaAliases};
pub use answer::{Answer, HandlerError};
pub use event::{Alarm, EventError};

/// Sets the weight of the version to 0 that an alarm is about.
///
/// # Errors
/// [`HandlerError`] when the event is not of an alarm, or the alias cannot be read or changed.
pub async fn handle(
    event: LambdaEvent<Value>,
    aliases: &impl Aliases,
) -> Result<Answer, HandlerError> {
    let alarm = Alarm::parse(event.payload)?;
    let answer = guard::guard(&alarm, aliases).await?;
    answer.tell();
    Ok(answer)
}
