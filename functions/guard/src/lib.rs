//! Takes the candidate's weight back to 0 when its alarm goes off, for a rollout whose controller has died.
//!
//! ```text
//! CloudWatch alarm -> EventBridge --event.rs--> Alarm --guard.rs--> plan.rs: nothing, or take back
//!                                                         |              |
//!                                      alias.rs: GetAlias, UpdateAlias   description.rs: what is left in the alias
//!                                                         |
//!                                       answer.rs: what was done, and why; an error is tried again
//! ```
//!
//! `rollout run` arms an alarm on the candidate's errors before the first weight, and disarms it at the end. A run
//! that is killed leaves it armed, and in ALARM its event comes here. The event itself says what to guard: function,
//! alias and version are the dimensions of the alarm's metrics. If that version has a weight, it is taken back, by
//! compare-and-swap; if it serves alone, or has no weight, there is nothing to take back, and the log says so.
//!
//! It holds no state and needs no table: an event that comes twice finds nothing to do the second time. What fails is
//! an error of the invocation, which Lambda tries again, twice, and EventBridge for a day before that.
//!
//! It may get and update aliases of those functions only whose rollouts are guarded. IAM cannot be told which alias,
//! so every alias but `live` is refused here ([`event`]).

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

/// Takes the weight back that an alarm asks for.
///
/// # Errors
/// [`HandlerError`] when the event is no alarm's, or the alias cannot be read or changed.
pub async fn handle(
    event: LambdaEvent<Value>,
    aliases: &impl Aliases,
) -> Result<Answer, HandlerError> {
    let alarm = Alarm::parse(event.payload)?;
    let answer = guard::guard(&alarm, aliases).await?;
    answer.tell();
    Ok(answer)
}
