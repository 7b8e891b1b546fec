//! Moves the weight of `live` step by step, and takes it back.
//!
//! ```text
//! policy.rs      what the function's manifest and the flags ask for, checked
//! path.rs        the moves that lead from what serves to the goal (pure)
//! situation.rs   where the alias stands, and so how a move begins (pure)
//! start.rs       the first step of a move
//! pilot.rs       the loop: look, decide, act
//! sight.rs       what CloudWatch shows of both versions
//! evidence.rs    which periods of it count (pure)
//! plan.rs        what comes next: wait, the next weight, promote, take back, hold (pure)
//! steering.rs    the alias in our hands, and changes whose answer is lost
//! wishes.rs      what people want in mid-rollout: signals, and the question on a terminal
//! event.rs       what happens, for the view and the journal
//! ending.rs      how it ends, in a sentence (pure)
//! witness.rs     tells the view and the journal
//! ```
//!
//! Every period the pilot checks that the alias is as it left it, reads the counts of both versions
//! since the rollout began, judges them, and does what the plan says:
//!
//! - **worse is proven**, in errors, throttles or slow invocations: the weight goes back to 0 at once.
//! - **a step is over** when it has been watched for `bake_s`, the candidate had `min_samples` in
//!   it, and "not worse" is proven. Then the next weight follows.
//! - **a step's time is over**, `step_timeout_s`, and nothing is proven: `on_inconclusive` says what follows. By
//!   default the next weight, because to prove "not worse" may take more invocations than a quiet
//!   function ever has, and every step brings evidence faster than the one before. What is risked is
//!   bounded by the weight. With too few invocations the run ends with the weight as it is; another
//!   run goes on from there. See `policy.rs`.
//! - **nothing is seen**: without a period in which both versions ran, for longer than
//!   `no_data_timeout_s`, the weight goes back to 0. Time counts as watched only up to the last
//!   period that shows both versions, so metrics that are missing or late never count as health.
//! - **calls fail**: they are tried again every period, and when that has lasted for longer than
//!   `no_data_timeout_s`, the weight goes back to 0 as soon as AWS answers again. After three times as
//!   long, or when it is interrupted once more, the run ends and says what may still be.
//! - **somebody else has changed the alias**, or it is gone: the run stops and touches nothing. When
//!   that was the function `guard` (guard.rs of this crate), the run says that the weight is taken back.
//! - **SIGINT, SIGTERM or SIGHUP**: the weight goes back to 0; on a terminal SIGINT asks first.
//!
//! All times are AWS's, whatever the clock of the machine says (`clock.rs`). Counts that still grow after
//! `metric_delay_s` are read again for a quarter of an hour, and all periods are judged anew at every look:
//! an error that comes late is not lost. That the test stays valid when counts grow while it looks is
//! simulated (`tools/analysis/tests/equally_good.rs`).
//!
//! The alias is the only state. A run that was killed is started again with the same command: the
//! weight, the two versions and the times of all changes stand in the alias, the evidence in the
//! metrics. Only the two clocks of patience, `no_data_timeout_s` and `step_timeout_s`, begin anew.

mod ending;
pub mod event;
mod evidence;
pub mod path;
mod pilot;
mod plan;
mod policy;
mod sight;
mod situation;
mod start;
mod steering;
mod wishes;
mod witness;

pub(crate) use evidence::is_pure;
pub use pilot::Pilot;
pub use policy::{Policy, PolicyError};
pub use situation::{Refusal, Situation};
pub use start::Start;
pub use wishes::{Wish, Wishes};
pub use witness::Witness;
