//! Moves the weight of `live` step by step, and takes it back.
//!
//! ```text
//! policy.rs      what the function's manifest and the flags ask for, checked
//! situation.rs   where the alias stands, and so how a run begins (pure)
//! start.rs       the first step
//! pilot.rs       the loop: look, decide, act
//! sight.rs       what CloudWatch shows of both versions
//! evidence.rs    which periods of it count (pure)
//! plan.rs        what comes next: wait, the next weight, promote, take back, hold (pure)
//! steering.rs    the alias in our hands, and changes whose answer is lost
//! event.rs       what happens, for the view and the journal
//! ending.rs      how it ends, in a sentence (pure)
//! witness.rs     tells the view and the journal
//! ```
//!
//! Every period the pilot checks that the alias is as it left it, reads the counts of both versions
//! since the rollout began, judges them, and does what the plan says:
//!
//! - **worse is proven**, in errors, throttles or slow invocations: the weight goes back to 0 at once.
//! - **a step is over** when it has been watched for `bake_s` and the candidate had
//!   `least_invocations` in it. Then the next weight follows, also while the verdict is undecided:
//!   to prove "not worse" may take more invocations than a quiet function ever has, and every step
//!   brings evidence faster than the one before. What is risked is bounded by the weight.
//! - **a step has too few invocations**: it goes on for ten bakes or the limit of blindness, whichever
//!   is longer, and then the run ends with the weight as it is. Another run goes on from there.
//! - **nothing is seen**: without a period in which both versions ran, for longer than
//!   `max_blindness_s`, the weight goes back to 0. Time counts as watched only up to the last
//!   period that shows both versions, so metrics that are missing or late never count as health.
//! - **calls fail**: they are tried again every period, and when that has lasted for longer than
//!   `max_blindness_s`, the weight goes back to 0, or the run says that it could not.
//! - **somebody else has changed the alias**: the run stops and touches nothing.
//! - **SIGINT or SIGTERM**: the weight goes back to 0.
//!
//! The alias is the only state. A run that was killed is started again with the same command: the
//! weight, the two versions and the times of all changes stand in the alias, the evidence in the
//! metrics. Only the two clocks of patience, for blindness and for too few invocations, begin anew.

mod ending;
pub mod event;
mod evidence;
mod pilot;
mod plan;
mod policy;
mod sight;
mod situation;
mod start;
mod steering;
mod witness;

pub(crate) use evidence::is_pure;
pub use pilot::Pilot;
pub use policy::{Policy, PolicyError};
pub use situation::{Refusal, Situation};
pub use start::Start;
pub use witness::Witness;
